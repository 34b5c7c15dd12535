// Sixteen registers of 8 numbers: a vector of ours is two of them.
#include "winograd.h"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define WINOGRAD fovea_winograd_avx2
#define NORM fovea_norm_avx2
#define ARITHMETIC fovea_arithmetic_avx2
#define POOL fovea_pool_avx2
#define WIDTH 1
#define TILES_1 6
#define CHANNELS 4
#include "kernels.h"
#pragma clang attribute pop
#endif
