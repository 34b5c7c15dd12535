// Sixteen registers of 8 numbers: a vector of ours is two of them.
#include "program.h"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define TILE_NARROW 4
#define TILE_FEW 1
#define TILE_WIDE 2
#define TILE_POSITIONS 3
#define TILE_PAIRS 2
#define TILE_VECTORS 2
#define TILE_ROWS 2
#define TILE_COLUMNS 3
#define RUN_BLOCK fovea_lanes_avx2_block
#define RUN_SUM fovea_lanes_avx2_sum
#include "kernels.h"
#pragma clang attribute pop
#endif
