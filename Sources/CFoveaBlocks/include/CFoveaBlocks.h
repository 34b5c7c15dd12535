// Kernels on pictures whose channels lie in blocks of 16 ([N][C/16][H][W][16]), padded by zeros: Winograd's minimal
// filtering, and batch normalization with what stands around it.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// The best instruction set here: 2 AVX-512, 1 AVX2 with FMA, 0 what every processor of the kind has.
int32_t fovea_blocks_best(void);

// MARK: Winograd
//
// Tiles of 6 by 6 numbers make 4 by 4 results of a 3×3 window, or 2 by 2 of a 5×5 one: 36 products instead of 144 or
// 100. Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2016. The points are 0, ±5/8, ±3/2 and ∞,
// which round less than 0, ±1, ±2 (Barabasz et al., Error Analysis and Improving the Accuracy of Winograd Convolution
// for Deep Neural Networks, 2020).

// A convolution with stride 1, one group, and windows of 3×3 or 5×5.
//
// The gradient with respect to the picture is one too: `from` and `to` change places, the weights are turned around and
// the padding is taps − 1 − padding, which may be negative.
typedef struct {
  // As `fovea_blocks_best` has them.
  int32_t isa, threads;
  // 3 or 5.
  int32_t taps;
  // Channels that are read and made.
  int64_t from, to;
  int64_t batch, in_height, in_width, out_height, out_width, pad_top, pad_left;
} fovea_winograd;

// How weights lie: the distance in floats from one channel to the next inside and between blocks of 16, and from one
// tap to the next. `from` and `to` are those of the problem.
typedef struct {
  int64_t to, to_block, from, from_block, tap;
  // The last tap first, as the gradient with respect to the picture wants it.
  bool turned;
} fovea_winograd_order;

// What is done with sums before they are written.
typedef struct {
  // [to] and one number for each result, or NULL.
  const float *bias, *added;
  // Results below 0 are multiplied by `slope` where `rectified`.
  bool rectified;
  float slope;
} fovea_winograd_after;

// Floats of transformed weights.
int64_t fovea_winograd_weight_count(const fovea_winograd *problem);
// Floats of scratch memory of the convolution and of its weights' gradient. Both are aligned to 64 bytes.
int64_t fovea_winograd_scratch_count(const fovea_winograd *problem);
int64_t fovea_winograd_gradient_scratch_count(const fovea_winograd *problem);

// Transforms weights.
void fovea_winograd_weights(const fovea_winograd *problem, const float *weights, const fovea_winograd_order *order,
                            float *transformed);

// x, transformed weights → y.
void fovea_winograd_run(const fovea_winograd *problem, const float *x, const float *transformed,
                        const fovea_winograd_after *after, float *y, float *scratch);

// x, the gradient of y → the gradients of weights and, unless NULL, of the bias. The order's padding, if it has any, is
// written too: `padded` says that channels fill up blocks of 16.
void fovea_winograd_gradient(const fovea_winograd *problem, const float *x, const float *dy,
                             const fovea_winograd_order *order, bool padded, float *dw, float *dbias, float *scratch);

// MARK: Batch normalization

typedef struct {
  int32_t isa, threads;
  // `plane` numbers for each channel of a picture.
  int64_t batch, channels, plane;
  float epsilon;
} fovea_norm;

// Which gradients pass the ReLU behind a norm: all (there is none), those of results above 0, or those where the norm,
// computed again from its input, is above 0.
enum fovea_norm_mask { FOVEA_NORM_OPEN = 0, FOVEA_NORM_BY_RESULT = 1, FOVEA_NORM_BY_INPUT = 2 };

// Floats of scratch memory, aligned to 64 bytes, in either direction.
int64_t fovea_norm_scratch_count(const fovea_norm *norm);

// x, scale and shift [channels] → y, and the batch's mean and biased variance [channels]. `added`, unless NULL, is
// added before ReLU is taken, if it is. y may be x or `added`.
void fovea_norm_forward(const fovea_norm *norm, const float *x, const float *scale, const float *shift,
                        const float *added, bool rectified, float *y, float *mean, float *variance, float *scratch);

// The gradient of y, and x → those of x, scale and shift; dz, unless NULL, is what passed the ReLU. `y` is read with
// FOVEA_NORM_BY_RESULT, `shift` with FOVEA_NORM_BY_INPUT. dx may be dy or x, dz may be dy.
void fovea_norm_backward(const fovea_norm *norm, const float *dy, const float *x, const float *y, int mask,
                         const float *scale, const float *shift, const float *mean, const float *variance, float *dz,
                         float *dx, float *dscale, float *dshift, float *scratch);
