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

// MARK: Arithmetic
//
// A chain of operations number by number, as one pass over memory: a tile of each operand is read, all operations are
// done on tiles that stay near the processor, and a tile of the result is written. In every order of memory, since
// shapes are said by strides.

// What is done with registers a, b and c; those that are not read are 0. FOVEA_TIMES_ALPHA is alpha·a. Gradients read that of
// the result first.
enum fovea_arithmetic_op {
  FOVEA_COPY = 0, FOVEA_TIMES_ALPHA, FOVEA_NEGATE, FOVEA_MAGNITUDE, FOVEA_SIGN, FOVEA_ROOT, FOVEA_EXPONENTIAL, FOVEA_LOGARITHM,
  // max(a, 0); a below 0 times alpha; a between alpha and beta; alpha·a + beta between 0 and 1.
  FOVEA_RECTIFY, FOVEA_SLOPED, FOVEA_BETWEEN, FOVEA_LINE_BETWEEN,
  // beta·a, or alpha·(eᵃ − 1) below 0; a·logistic(alpha·a).
  FOVEA_LOGISTIC, FOVEA_HYPERBOLIC_TANGENT, FOVEA_EXPONENTIAL_UNIT, FOVEA_HARD_GATE, FOVEA_LOGISTIC_GATE,
  FOVEA_NORMAL_GATE, FOVEA_NORMAL_GATE_TANH, FOVEA_SOFT_GATE, FOVEA_SOFT_RECTIFY, FOVEA_ERROR_FUNCTION,
  FOVEA_ROUND, FOVEA_ROUND_DOWN, FOVEA_ROUND_UP, FOVEA_NOT_TRUE,
  FOVEA_PLUS, FOVEA_MINUS, FOVEA_TIMES, FOVEA_OVER, FOVEA_LARGER, FOVEA_SMALLER, FOVEA_POWER, FOVEA_IS_EQUAL,
  FOVEA_IS_LESS, FOVEA_IS_AT_MOST, FOVEA_BOTH_TRUE, FOVEA_ONE_TRUE, FOVEA_EITHER_TRUE,
  // a below 0 times b.
  FOVEA_SLOPED_BY,
  FOVEA_RECTIFY_BACK, FOVEA_SLOPED_BACK, FOVEA_BETWEEN_BACK, FOVEA_LINE_BETWEEN_BACK, FOVEA_LOGISTIC_BACK,
  FOVEA_HYPERBOLIC_TANGENT_BACK, FOVEA_EXPONENTIAL_UNIT_BACK, FOVEA_HARD_GATE_BACK, FOVEA_LOGISTIC_GATE_BACK,
  FOVEA_NORMAL_GATE_BACK, FOVEA_NORMAL_GATE_TANH_BACK, FOVEA_SOFT_GATE_BACK,
  // a != 0 ? b : c; the gradient of a power with respect to its base: a·c·bᶜ⁻¹.
  FOVEA_CHOOSE, FOVEA_POWER_BACK
};

typedef struct {
  int32_t op, to, a, b, c;
  float alpha, beta;
} fovea_arithmetic_step;

enum fovea_arithmetic_type { FOVEA_NUMBERS = 0, FOVEA_NARROW_NUMBERS, FOVEA_TRUTHS };

enum { FOVEA_ARITHMETIC_AXES = 10 };

typedef struct {
  // The register that it is read into, and a fovea_arithmetic_type.
  int32_t into, type;
  // Whether it lies as the result does; else elements from one place to the next along each axis.
  bool is_full;
  int64_t strides[FOVEA_ARITHMETIC_AXES];
} fovea_arithmetic_operand;

typedef struct {
  int32_t isa, threads, step_count, operand_count, register_count;
  // What is written after the last step, and as what.
  int32_t result, result_type;
  // The result's order in memory, outermost axis first, and how many numbers that is.
  int32_t axes;
  int64_t extents[FOVEA_ARITHMETIC_AXES];
  int64_t count;
  // Where channels fill up blocks of 16, the last axis then: `plane` numbers a block and picture, `blocks` of them side by side, of which
  // the last one has `lanes` channels. The others' places are written as 0. `lanes` is 0 without padding.
  int64_t plane, blocks, lanes;
  // Instead of the numbers their sum is written, times `factor`.
  bool is_sum;
  double factor;
  const fovea_arithmetic_step *steps;
  const fovea_arithmetic_operand *operands;
} fovea_arithmetic;

// Floats of scratch memory, aligned to 64 bytes.
int64_t fovea_arithmetic_scratch_count(const fovea_arithmetic *);

// The result may lie where an operand of the same order lies.
void fovea_arithmetic_run(const fovea_arithmetic *, const void *const *operands, void *result, float *scratch);

// MARK: Max pooling

// Pictures [outer][depth][height][width][inner]: channels in blocks have 16 inner numbers, channels last all of them,
// the plain order one. NaN wins over any number.
typedef struct {
  int32_t isa, threads;
  int64_t outer, inner;
  // By axis: depth, height, width.
  int64_t in[3], out[3], kernel[3], strides[3], dilations[3], pad[3];
} fovea_max_pool;

// x → y and, unless NULL, the tap that won at each place, counted through the window; of several the first.
void fovea_max_pool_forward(const fovea_max_pool *pool, const float *x, float *y, uint8_t *winners);

// The gradient of y → that of x.
void fovea_max_pool_backward(const fovea_max_pool *pool, const float *dy, const uint8_t *winners, float *dx);
