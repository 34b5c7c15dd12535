// Sums over positions and examples: the gradients of weights and biases.

INLINE void weight_tile(const int rows, const int columns, const fovea_lanes_op *op, int64_t row, int64_t column,
                        bool adds) {
  vf acc[4][6];
  const float *dy[4], *x[6];
#pragma unroll
  for (int m = 0; m < rows; m++) dy[m] = op->in0 + (row + m) * op->n1;
#pragma unroll
  for (int k = 0; k < columns; k++) x[k] = op->in1 + op->taps[column + k];
#pragma unroll
  for (int m = 0; m < rows; m++) {
#pragma unroll
    for (int k = 0; k < columns; k++) acc[m][k] = (vf)(0.0f);
  }
  const int32_t *pixels = op->pixels;
  for (int64_t p = 0; p < op->n3; p++) {
    const int64_t from = pixels[2 * p], to = pixels[2 * p + 1];
    vf g[4];
#pragma unroll
    for (int m = 0; m < rows; m++) g[m] = load(dy[m] + to);
#pragma unroll
    for (int k = 0; k < columns; k++) {
      vf v = load(x[k] + from);
#pragma unroll
      for (int m = 0; m < rows; m++) acc[m][k] += g[m] * v;
    }
  }
#pragma unroll
  for (int m = 0; m < rows; m++) {
#pragma unroll
    for (int k = 0; k < columns; k++) {
      float *out = op->out0 + (row + m) * op->n2 + column + k;
      float total = sum(acc[m][k]);
      *out = adds ? *out + total : total;
    }
  }
}

#define WEIGHT_CASE(R, K) \
  case (R) * 8 + (K): \
    weight_tile(R, K, op, row, column, adds); \
    break;

static void any_weight_tile(int rows, int columns, const fovea_lanes_op *op, int64_t row, int64_t column, bool adds) {
  switch (rows * 8 + columns) {
    WEIGHT_CASE(1, 1)
    WEIGHT_CASE(1, 2)
    WEIGHT_CASE(2, 1)
    WEIGHT_CASE(2, 2)
#if TILE_NARROW >= 4
    WEIGHT_CASE(1, 3)
    WEIGHT_CASE(2, 3)
#endif
#if TILE_NARROW >= 8
    WEIGHT_CASE(1, 4)
    WEIGHT_CASE(1, 5)
    WEIGHT_CASE(1, 6)
    WEIGHT_CASE(2, 4)
    WEIGHT_CASE(2, 5)
    WEIGHT_CASE(2, 6)
    WEIGHT_CASE(3, 1)
    WEIGHT_CASE(3, 2)
    WEIGHT_CASE(3, 3)
    WEIGHT_CASE(3, 4)
    WEIGHT_CASE(3, 5)
    WEIGHT_CASE(3, 6)
    WEIGHT_CASE(4, 1)
    WEIGHT_CASE(4, 2)
    WEIGHT_CASE(4, 3)
    WEIGHT_CASE(4, 4)
    WEIGHT_CASE(4, 5)
    WEIGHT_CASE(4, 6)
#endif
    default: __builtin_trap();
  }
}

static void sum_weights(const fovea_lanes_op *op, bool adds) {
  for (int64_t column = 0; column < op->n2;) {
    int64_t columns = part(op->n2 - column, TILE_COLUMNS);
    for (int64_t row = 0; row < op->n0;) {
      int64_t rows = part(op->n0 - row, TILE_ROWS);
      any_weight_tile((int)rows, (int)columns, op, row, column, adds);
      row += rows;
    }
    column += columns;
  }
}

static void sum_rows(const fovea_lanes_op *op, bool adds) {
  for (int64_t row = 0; row < op->n0; row++) {
    const float *x = op->in0 + row * op->n1 * 16;
    vf a = (vf)(0.0f), b = (vf)(0.0f);
    int64_t v = 0;
    for (; v + 1 < op->n1; v += 2) {
      a += load(x + v * 16);
      b += load(x + v * 16 + 16);
    }
    if (v < op->n1) a += load(x + v * 16);
    float total = sum(a + b);
    op->out0[row] = adds ? op->out0[row] + total : total;
  }
}


// The part of a sum that one thread brings together: whole rows, or a stretch of the only one.
void RUN_SUM(const fovea_lanes_sum *sum, int32_t threads, int64_t row, int64_t begin, int64_t end) {
  const int64_t at = row * sum->stride, to = row * sum->columns;
  const float *restrict first = sum->parts[0] + at;
  const float *restrict second = threads > 1 ? sum->parts[1] + at : NULL;
  float *restrict out = sum->out ? sum->out + to : NULL;
  float *restrict w = sum->weights ? sum->weights + to : NULL;
  float *restrict v = sum->velocity ? sum->velocity + to : NULL;
  const float rate = w ? *sum->rate : 0, momentum = v ? *sum->momentum : 0, decay = sum->decay;
  const bool nesterov = sum->nesterov != 0;
  if (threads <= 2 && !out && v) {
    // The usual cases, without a branch inside. Nesterov's step is g + momentum·v, else v: one factor each.
    const float own = nesterov ? 1 : 0, along = nesterov ? momentum : 1;
    if (second) {
      for (int64_t i = begin; i < end; i++) {
        float g = first[i] + second[i] + decay * w[i];
        float next = momentum * v[i] + g;
        v[i] = next;
        w[i] -= rate * (own * g + along * next);
      }
    } else {
      for (int64_t i = begin; i < end; i++) {
        float g = first[i] + decay * w[i];
        float next = momentum * v[i] + g;
        v[i] = next;
        w[i] -= rate * (own * g + along * next);
      }
    }
    return;
  }
  for (int64_t i = begin; i < end; i++) {
    float g = first[i];
    for (int32_t t = 1; t < threads; t++) g += sum->parts[t][at + i];
    if (out) out[i] = g;
    if (!w) continue;
    g += decay * w[i];
    if (v) {
      float next = momentum * v[i] + g;
      v[i] = next;
      w[i] -= rate * (nesterov ? g + momentum * next : next);
    } else {
      w[i] -= rate * g;
    }
  }
}
