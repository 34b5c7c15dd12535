// What the files of this folder give to each other.
#pragma once
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "include/CFoveaBlocks.h"

// Runs `body` once for each number below `count`, shared out among as many threads: those of the OpenMP pool that the
// library's own kernels run on, where there is one. All are done when it returns.
void fovea_blocks_parallel(int64_t count, void (*body)(void *, int64_t), void *context);

// The numbers of a block of channels, zero for padding.
typedef struct {
  // y = (x − mean) · factor + shift.
  float mean[16], factor[16], shift[16];
  // dx = factor · (dz − share − (x − mean) · slope).
  float share[16], slope[16];
} fovea_norm_channels;

// The kernels of an instruction set, each for one plane of one block. `mask` is a fovea_norm_mask.
typedef struct {
  void (*moments)(const float *x, int64_t count, float *mean, float *squares);
  void (*normalize)(const float *x, const float *added, int64_t count, const fovea_norm_channels *, bool rectified,
                    float *y);
  void (*sums)(int mask, const float *dy, const float *x, const float *y, int64_t count, const fovea_norm_channels *,
               float *dz, float *sum, float *product);
  void (*returned)(int mask, const float *dy, const float *x, const float *y, int64_t count,
                   const fovea_norm_channels *, float *dx);
} fovea_norm_kernels;

extern const fovea_norm_kernels fovea_norm_plain;
#if defined(__x86_64__)
extern const fovea_norm_kernels fovea_norm_avx2;
extern const fovea_norm_kernels fovea_norm_avx512;
#endif

// Of chains of operations, each for one tile.
typedef struct {
  void (*step)(const fovea_arithmetic_step *, float *const *registers, int64_t n);
  void (*widen)(const uint16_t *from, int64_t n, float *to);
  void (*narrow)(const float *from, int64_t n, uint16_t *to);
  void (*from_truths)(const uint8_t *from, int64_t n, float *to);
  void (*to_truths)(const float *from, int64_t n, uint8_t *to);
  double (*sum)(const float *x, int64_t n);
} fovea_arithmetic_kernels;

extern const fovea_arithmetic_kernels fovea_arithmetic_plain;
#if defined(__x86_64__)
extern const fovea_arithmetic_kernels fovea_arithmetic_avx2;
extern const fovea_arithmetic_kernels fovea_arithmetic_avx512;
#endif

// Of max pooling.
typedef struct {
  void (*window)(const float *x, const int64_t *offsets, const uint8_t *names, int64_t taps, int64_t lanes, float *y,
                 uint8_t *winners);
  void (*window_back)(const float *dy, const uint8_t *winners, const int64_t *offsets, const uint8_t *names,
                      int64_t taps, int64_t lanes, float *dx);
  void (*row)(const float *x, int64_t stride, int64_t count, int name, float *y, uint8_t *winners);
} fovea_pool_kernels;

extern const fovea_pool_kernels fovea_pool_plain;
#if defined(__x86_64__)
extern const fovea_pool_kernels fovea_pool_avx2;
extern const fovea_pool_kernels fovea_pool_avx512;
#endif
