// Thirty-two registers of 16 numbers.
#include "winograd.h"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,fma"))), apply_to = function)
#define WINOGRAD fovea_winograd_avx512
#define NORM fovea_norm_avx512
#define ARITHMETIC fovea_arithmetic_avx512
#define POOL fovea_pool_avx512
#define WIDTH 4
#define TILES_1 12
#define TILES_2 12
#define TILES_3 8
#define TILES_4 6
#define CHANNELS 4
#include "kernels.h"
#pragma clang attribute pop
#endif
