// The kernels, compiled once for each instruction set: the file that includes this names it.
//
// Products are made WIDTH vectors wide, by TILES_1 to TILES_4 tiles at that width; sums over tiles CHANNELS channels by
// WIDTH vectors.
#include "vectors.h"

#include "tiles.h"
#include "weights.h"
#include "products.h"
#include "norms.h"
#include "arithmetic.h"
#include "pooling.h"

const fovea_winograd_kernels WINOGRAD = {
    .weights = weights, .pictures = pictures, .products = products, .results = results, .gradients = gradients,
    .outer = outer, .weight_results = weight_results,
};

const fovea_norm_kernels NORM = {.moments = moments, .normalize = normalize, .sums = sums, .returned = returned};

const fovea_arithmetic_kernels ARITHMETIC = {
    .step = arithmetic_step, .widen = widen, .narrow = narrow, .from_truths = from_truths, .to_truths = to_truths,
    .sum = tile_sum,
};

const fovea_pool_kernels POOL = {.window = pool_window, .window_back = pool_window_back, .row = pool_row};
