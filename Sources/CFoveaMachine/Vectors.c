#include "Vectors.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Twelve sums that do not wait for each other hide the latency of every processor known here, and fit in sixteen
// registers together with the two factors. The factors keep the sums finite.
enum { SUMS = 12 };
static const float factor = 0.5f, start = 1e-3f;

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#define KERNEL(NAME, TARGET, VECTOR, SET, STEP, SUM)                                                       \
    __attribute__((target(TARGET), noinline)) static float NAME(long rounds) {                             \
        VECTOR sums[SUMS];                                                                                 \
        for (int i = 0; i < SUMS; i++) sums[i] = SET(start * (float)i);                                    \
        for (long round = 0; round < rounds; round++)                                                      \
            _Pragma("clang loop unroll(full)") for (int i = 0; i < SUMS; i++) sums[i] = STEP(sums[i]);     \
        for (int i = 1; i < SUMS; i++) sums[0] += sums[i];                                                 \
        return SUM(sums[0]);                                                                               \
    }

#define FIRST(v) (v)[0]
#define STEP512(s) _mm512_fmadd_ps(s, _mm512_set1_ps(factor), _mm512_set1_ps(start))
#define STEP256(s) _mm256_fmadd_ps(s, _mm256_set1_ps(factor), _mm256_set1_ps(start))
#define STEP128(s) ((s) * _mm_set1_ps(factor) + _mm_set1_ps(start))
KERNEL(fma512, "avx512f", __m512, _mm512_set1_ps, STEP512, FIRST)
KERNEL(fma256, "avx2,fma", __m256, _mm256_set1_ps, STEP256, FIRST)
KERNEL(fma128, "sse2", __m128, _mm_set1_ps, STEP128, FIRST)

__attribute__((target("avx512f,avx512bf16"), noinline)) static float bf16(long rounds) {
    __m512 sums[SUMS];
    for (int i = 0; i < SUMS; i++) sums[i] = _mm512_set1_ps(start * (float)i);
    const __m512bh pairs = (__m512bh)_mm512_set1_epi16(0x3c00);
    for (long round = 0; round < rounds; round++)
        _Pragma("clang loop unroll(full)") for (int i = 0; i < SUMS; i++) sums[i] = _mm512_dpbf16_ps(sums[i], pairs, pairs);
    for (int i = 1; i < SUMS; i++) sums[0] += sums[i];
    return sums[0][0];
}

/// What the processor has and the system saves between threads.
struct features {
    bool avx2, avx512, bf16;
};

static struct features features(void) {
    unsigned a, b, c, d;
    struct features found = {false, false, false};
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) return found;
    bool fma = c & bit_FMA;
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return found;
    found.avx2 = fma && (b & bit_AVX2) && (low & 0x6) == 0x6;
    found.avx512 = (b & bit_AVX512F) && (low & 0xe6) == 0xe6;
    if (__get_cpuid_count(7, 1, &a, &b, &c, &d)) found.bf16 = found.avx512 && (a & (1u << 5));
    return found;
}

struct fovea_kernel fovea_kernel_fma(void) {
    struct features found = features();
    if (found.avx512) return (struct fovea_kernel){fma512, 2 * SUMS * 16, "AVX-512"};
    if (found.avx2) return (struct fovea_kernel){fma256, 2 * SUMS * 8, "AVX2"};
    return (struct fovea_kernel){fma128, 2 * SUMS * 4, "SSE2"};
}

struct fovea_kernel fovea_kernel_bf16(void) {
    return (struct fovea_kernel){features().bf16 ? bf16 : NULL, 4 * SUMS * 16, "AVX-512 bf16"};
}
#else
// Sixteen bytes are what other processors have at least; their compilers make multiply-adds of it.
typedef float vector __attribute__((vector_size(16)));

static float fma128(long rounds) {
    vector sums[2 * SUMS];
    const vector factors = {factor, factor, factor, factor}, starts = {start, start, start, start};
    for (int i = 0; i < 2 * SUMS; i++) sums[i] = starts * (float)i;
    for (long round = 0; round < rounds; round++)
        _Pragma("clang loop unroll(full)") for (int i = 0; i < 2 * SUMS; i++) sums[i] = sums[i] * factors + starts;
    for (int i = 1; i < 2 * SUMS; i++) sums[0] += sums[i];
    return sums[0][0];
}

struct fovea_kernel fovea_kernel_fma(void) { return (struct fovea_kernel){fma128, 2 * 2 * SUMS * 4, "128 bit"}; }
struct fovea_kernel fovea_kernel_bf16(void) { return (struct fovea_kernel){NULL, 0, "none"}; }
#endif
