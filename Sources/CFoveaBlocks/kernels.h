// The kernels, compiled once for each instruction set: the file that includes this names it.
//
// Products are made WIDTH vectors wide, by TILES_1 to TILES_4 tiles at that width; sums over tiles CHANNELS channels by
// WIDTH vectors.
#include "vectors.h"

#include "tiles.h"
#include "weights.h"
#include "products.h"
#include "norms.h"

const fovea_winograd_kernels WINOGRAD = {
    .weights = weights, .pictures = pictures, .products = products, .results = results, .gradients = gradients,
    .outer = outer, .weight_results = weight_results,
};

const fovea_norm_kernels NORM = {.moments = moments, .normalize = normalize, .sums = sums, .returned = returned};
