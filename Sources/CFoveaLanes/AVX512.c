// Thirty-two registers of 16 numbers.
#include "program.h"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,fma"))), apply_to = function)
#define TILE_NARROW 8
#define TILE_FEW 3
#define TILE_WIDE 4
#define TILE_POSITIONS 6
#define TILE_PAIRS 8
#define TILE_VECTORS 4
#define TILE_ROWS 4
#define TILE_COLUMNS 6
#define RUN_BLOCK fovea_lanes_avx512_block
#define RUN_SUM fovea_lanes_avx512_sum
#include "kernels.h"
#pragma clang attribute pop
#endif
