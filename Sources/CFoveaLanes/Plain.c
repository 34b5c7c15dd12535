// For every processor: the compiler's own choice of vectors.
#include "program.h"

#define TILE_NARROW 2
#define TILE_FEW 2
#define TILE_WIDE 2
#define TILE_POSITIONS 2
#define TILE_PAIRS 2
#define TILE_VECTORS 2
#define TILE_ROWS 2
#define TILE_COLUMNS 2
#define RUN_BLOCK fovea_lanes_plain_block
#define RUN_SUM fovea_lanes_plain_sum
#include "kernels.h"
