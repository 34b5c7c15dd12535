// For every processor: the compiler's own choice of vectors.
#include "winograd.h"

#define WINOGRAD fovea_winograd_plain
#define NORM fovea_norm_plain
#define ARITHMETIC fovea_arithmetic_plain
#define POOL fovea_pool_plain
#define WIDTH 1
#define TILES_1 2
#define CHANNELS 2
#include "kernels.h"
