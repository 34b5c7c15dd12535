// Small networks as lists of operations on vectors whose lanes are 16 examples of a batch (or 16 channels, or 16
// neighbours in a row, of one example).
//
// A program holds, for each thread, the operations of one block of examples, tied to that thread's memory, and the
// operations that bring the threads' sums together. Nothing here allocates while a program runs.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// Operations of a block. Offsets and strides count floats.
enum fovea_lanes_kind {
  // in0 [N][n0] outside → out0 lanes; `pixels`: n1 runs (from, to) of n2 elements.
  FOVEA_LANES_GATHER = 0,
  // in0 lanes → out0 [N][n0] outside.
  FOVEA_LANES_SCATTER = 1,
  // in0 → out0: n1 runs (from, to) of n2 vectors each, as they are.
  FOVEA_LANES_COPY = 2,
  // Sums over taps: in0 x, in1 weights (single numbers), in2 bias or NULL, in3 mask or NULL → out0.
  // n0 rows (channels made), n1 weights from row to row, n2 out0 from row to row, n3 rounds of taps, n4 and n5 x and
  // weights from round to round. `pixels` (x, out0), `taps` (x, weights).
  FOVEA_LANES_TAPS = 3,
  // Sums over taps with weights as vectors: in0 x (single numbers), in1 weights, in2 bias vectors or NULL → out0.
  // n0 vectors of channels, n1 weights from vector to vector, n2 out0 from vector to vector.
  FOVEA_LANES_CHANNEL_TAPS = 4,
  // Sums over positions and lanes: in0 dy, in1 x → out0 [n0][n2]; n1 dy from row to row, n2 taps, n3 positions.
  // `pixels` (x, dy), `taps` x.
  FOVEA_LANES_WEIGHT_SUMS = 5,
  // in0 [n0][n1 vectors] → out0 [n0].
  FOVEA_LANES_ROW_SUMS = 6,
  // Pooling by windows: in0 → out0, out1 which tap was largest or NULL; n0 planes, n1, n2 from plane to plane.
  FOVEA_LANES_MAX_POOL = 7,
  // in0 dy, in1 which tap → out0; n3 floats of out0 are cleared first; flag ADD where windows overlap.
  FOVEA_LANES_MAX_POOL_BACK = 8,
  FOVEA_LANES_MEAN_POOL = 9,  // factor: 0 for one over the taps of the class
  FOVEA_LANES_MEAN_POOL_BACK = 10,
  // n0 vectors, element by element.
  FOVEA_LANES_RELU = 11,
  FOVEA_LANES_RELU_BACK = 12,  // in0 dy, in1 y
  FOVEA_LANES_SIGMOID = 13,
  FOVEA_LANES_SIGMOID_BACK = 14,
  FOVEA_LANES_TANH = 15,
  FOVEA_LANES_TANH_BACK = 16,
  FOVEA_LANES_ADD = 17,
  // in0 scores [n0 classes], labels → out0 probabilities; sums[0] grows by the losses.
  FOVEA_LANES_LOSS = 18,
  // in0 probabilities, in1 one number: the loss's own gradient, labels → out0; factor times it.
  FOVEA_LANES_LOSS_BACK = 19,
  // in0 scores [n0 classes], labels; sums[n2] grows by one for each label among the n1 largest.
  FOVEA_LANES_CORRECT = 20,
  FOVEA_LANES_SOFTMAX = 21,  // in0 [n0 classes] → out0
  // in0 [n0 rows][n1 lanes] → out0 [n1][n2], n0 columns used.
  FOVEA_LANES_TRANSPOSE = 22,
  // One example, rows of numbers side by side: in0 [n0 planes] → out0, windows of 2 by 2; n1 rows and n2 columns made,
  // n3, n4 in0 from plane to plane and row to row, n5, n6 the same of out0.
  FOVEA_LANES_HALVE = 23,
  // One example of in0 [N][n0] outside → out0; `pixels`: n1 runs (from, to) of n2 floats.
  FOVEA_LANES_TAKE = 24,
  // One example: n0 numbers of in0, at the places `pixels`, → out0 [N][n0] outside.
  FOVEA_LANES_GIVE = 25,
};

enum fovea_lanes_flags {
  FOVEA_LANES_WITH_RELU = 1,
  // The first block of a thread sets what the others add to.
  FOVEA_LANES_ACCUMULATE = 2,
  FOVEA_LANES_OVERLAP = 4,
  // Enough work for several threads at one example.
  FOVEA_LANES_SHARED = 8,
};

// Positions that meet the same taps.
typedef struct {
  int32_t pixel_begin, pixel_count, tap_begin, tap_count;
} fovea_lanes_class;

typedef struct {
  int32_t kind, flags;
  int32_t class_count;
  float factor;
  int64_t n0, n1, n2, n3, n4, n5, n6;
  const float *in0, *in1, *in2, *in3;
  float *out0, *out1;
  const int32_t *labels;
  const int32_t *pixels, *taps;
  const fovea_lanes_class *classes;
} fovea_lanes_op;

// A sum of the threads' parts: rows of `columns` numbers, `stride` apart in the parts and close together outside.
typedef struct {
  int64_t rows, columns, stride;
  // By thread.
  const float *const *parts;
  float *out;  // NULL where only the update wants it
  // Stochastic gradient descent with the sum, where `weights` is not NULL; `velocity` may be NULL.
  float *weights, *velocity;
  const float *rate, *momentum;
  float decay;
  int32_t nesterov;
} fovea_lanes_sum;

typedef struct {
  int32_t threads, isa;
  // Threads that work at each example together, where there are too few examples for one each; 0 or 1: none.
  int32_t helpers;
  // Two numbers, zero at first.
  int32_t *meeting;
  // Lanes of a block: a multiple of 16.
  int64_t lanes, examples, blocks;
  int32_t op_count, sum_count, scalar_count;
  // By thread: op_count operations each.
  const fovea_lanes_op *const *ops;
  // By thread: scalar_count numbers; cleared before a step.
  double *const *scalars;
  const fovea_lanes_sum *sums;
  // scalar_count results: the threads' numbers added, times the factor.
  float *const *scalar_out;
  const float *scalar_factor;
} fovea_lanes_program;

// The best instruction set here: 2 AVX-512, 1 AVX2 with FMA, 0 what every processor of the kind has.
int32_t fovea_lanes_best(void);

// Runs a step. Programs may run at the same time in several threads, each of them in one thread at a time.
void fovea_lanes_run(const fovea_lanes_program *program);
