// The operations, compiled once for each instruction set: the file that includes this names it.
//
// Tiles are sized by the number of vector registers. Sums over taps: TILE_NARROW rows by up to TILE_FEW positions,
// TILE_WIDE rows by up to TILE_POSITIONS. With channels in vectors: TILE_NARROW positions by 1 vector, TILE_PAIRS by 2,
// TILE_WIDE by up to TILE_VECTORS. Gradients of weights: TILE_ROWS by TILE_COLUMNS.
#include "vectors.h"

#include "taps.h"
#include "channels.h"
#include "sums.h"
#include "pooling.h"
#include "scores.h"
#include "moves.h"

void RUN_BLOCK(const fovea_lanes_program *program, int32_t thread, int64_t block, bool is_first, int32_t part_index,
               int32_t parts) {
  const int64_t lanes = program->lanes, first = block * lanes;
  const int64_t rest = program->examples - first, count = rest < lanes ? rest : lanes;
  double *scalars = program->scalars[thread];
  const fovea_lanes_op *ops = program->ops[thread];
  bool was_shared = false;
  for (int32_t index = 0; index < program->op_count; index++) {
    const fovea_lanes_op *op = ops + index;
    int32_t sharing = 1;
    if (parts > 1) {
      // Threads meet before and behind what they share; the first does the rest.
      const bool is_shared = (op->flags & FOVEA_LANES_SHARED) != 0;
      if (is_shared || was_shared) fovea_lanes_meet(program->meeting, parts);
      was_shared = is_shared;
      if (!is_shared && part_index != 0) continue;
      if (is_shared) sharing = parts;
    }
    const bool adds = !is_first && (op->flags & FOVEA_LANES_ACCUMULATE);
    switch (op->kind) {
      case FOVEA_LANES_GATHER: gather(op, lanes, first, count); break;
      case FOVEA_LANES_SCATTER: scatter(op, lanes, first, count); break;
      case FOVEA_LANES_COPY: copy(op); break;
      case FOVEA_LANES_TAPS: sum_taps(op, adds, part_index, sharing); break;
      case FOVEA_LANES_CHANNEL_TAPS: sum_channel_taps(op, part_index, sharing); break;
      case FOVEA_LANES_WEIGHT_SUMS: sum_weights(op, adds); break;
      case FOVEA_LANES_ROW_SUMS: sum_rows(op, adds); break;
      case FOVEA_LANES_MAX_POOL: pool_max(op); break;
      case FOVEA_LANES_MAX_POOL_BACK: pool_max_back(op); break;
      case FOVEA_LANES_MEAN_POOL: pool_mean(op); break;
      case FOVEA_LANES_MEAN_POOL_BACK: pool_mean_back(op); break;
      case FOVEA_LANES_RELU: EACH(rectified(a)) break;
      case FOVEA_LANES_RELU_BACK: EACH_PAIR(b <= (vf)(0.0f) ? (vf)(0.0f) : a) break;
      case FOVEA_LANES_SIGMOID: EACH(logistic(a)) break;
      case FOVEA_LANES_SIGMOID_BACK: EACH_PAIR(a * b * ((vf)(1.0f) - b)) break;
      case FOVEA_LANES_TANH: EACH(hyperbolic_tangent(a)) break;
      case FOVEA_LANES_TANH_BACK: EACH_PAIR(a * ((vf)(1.0f) - b * b)) break;
      case FOVEA_LANES_ADD: EACH_PAIR(a + b) break;
      case FOVEA_LANES_LOSS: loss(op, lanes, first, count, scalars); break;
      case FOVEA_LANES_LOSS_BACK: loss_back(op, lanes, first, count); break;
      case FOVEA_LANES_CORRECT: count_correct(op, lanes, first, count, scalars); break;
      case FOVEA_LANES_SOFTMAX: softmax(op, lanes); break;
      case FOVEA_LANES_TRANSPOSE: transpose(op); break;
      case FOVEA_LANES_HALVE: halve(op); break;
      case FOVEA_LANES_TAKE: take(op, first); break;
      case FOVEA_LANES_GIVE: give(op, first); break;
      default: __builtin_trap();
    }
  }
}
