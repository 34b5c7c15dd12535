// Sums over taps: a row of results is a channel, positions side by side.

INLINE void tile(const int rows, const int positions, const fovea_lanes_op *op, int64_t row, const int32_t *pixels,
                 const int32_t *taps, int64_t tap_count, bool adds) {
  vf acc[8][6];
  const float *x[6];
  const int64_t stride = op->n1;
  const float *weights = op->in1 + row * stride;
  float *out = op->out0 + row * op->n2;
#pragma unroll
  for (int j = 0; j < positions; j++) x[j] = op->in0 + pixels[2 * j];
#pragma unroll
  for (int m = 0; m < rows; m++) {
    vf start = (vf)(op->in2 ? op->in2[row + m] : 0.0f);
#pragma unroll
    for (int j = 0; j < positions; j++) acc[m][j] = adds ? load(out + m * op->n2 + pixels[2 * j + 1]) : start;
  }
  for (int64_t round = 0; round < op->n3; round++) {
    const float *w = weights + round * op->n5;
    const int64_t shift = round * op->n4;
    for (int64_t t = 0; t < tap_count; t++) {
      const int64_t at = shift + taps[2 * t];
      const float *wt = w + taps[2 * t + 1];
      // Fewer registers hold what there is less of.
      if (rows <= positions) {
        vf factor[8];
#pragma unroll
        for (int m = 0; m < rows; m++) factor[m] = (vf)(wt[m * stride]);
#pragma unroll
        for (int j = 0; j < positions; j++) {
          vf v = load(x[j] + at);
#pragma unroll
          for (int m = 0; m < rows; m++) acc[m][j] += factor[m] * v;
        }
      } else {
        vf v[6];
#pragma unroll
        for (int j = 0; j < positions; j++) v[j] = load(x[j] + at);
#pragma unroll
        for (int m = 0; m < rows; m++) {
          vf factor = (vf)(wt[m * stride]);
#pragma unroll
          for (int j = 0; j < positions; j++) acc[m][j] += factor * v[j];
        }
      }
    }
  }
#pragma unroll
  for (int m = 0; m < rows; m++) {
#pragma unroll
    for (int j = 0; j < positions; j++) {
      vf result = acc[m][j];
      const int64_t at = m * op->n2 + pixels[2 * j + 1];
      if (op->flags & FOVEA_LANES_WITH_RELU) result = rectified(result);
      if (op->in3) result = load(op->in3 + row * op->n2 + at) <= (vf)(0.0f) ? (vf)(0.0f) : result;
      store(out + at, result);
    }
  }
}

#define TILE_CASE(R, P) \
  case (R) * 8 + (P): \
    tile(R, P, op, row, pixels, taps, tap_count, adds); \
    break;

static void any_tile(int rows, int positions, const fovea_lanes_op *op, int64_t row, const int32_t *pixels,
                     const int32_t *taps, int64_t tap_count, bool adds) {
  switch (rows * 8 + positions) {
    TILE_CASE(1, 1)
    TILE_CASE(2, 1)
    TILE_CASE(1, 2)
    TILE_CASE(2, 2)
#if TILE_NARROW >= 4
    TILE_CASE(3, 1)
    TILE_CASE(4, 1)
    TILE_CASE(3, 2)
    TILE_CASE(4, 2)
    TILE_CASE(1, 3)
    TILE_CASE(2, 3)
#endif
#if TILE_NARROW >= 8
    TILE_CASE(5, 1)
    TILE_CASE(6, 1)
    TILE_CASE(7, 1)
    TILE_CASE(8, 1)
    TILE_CASE(5, 2)
    TILE_CASE(6, 2)
    TILE_CASE(7, 2)
    TILE_CASE(8, 2)
    TILE_CASE(3, 3)
    TILE_CASE(4, 3)
    TILE_CASE(5, 3)
    TILE_CASE(6, 3)
    TILE_CASE(7, 3)
    TILE_CASE(8, 3)
    TILE_CASE(1, 4)
    TILE_CASE(2, 4)
    TILE_CASE(3, 4)
    TILE_CASE(4, 4)
    TILE_CASE(1, 5)
    TILE_CASE(2, 5)
    TILE_CASE(3, 5)
    TILE_CASE(4, 5)
    TILE_CASE(1, 6)
    TILE_CASE(2, 6)
    TILE_CASE(3, 6)
    TILE_CASE(4, 6)
#endif
    default: __builtin_trap();
  }
}

// As many as fit `most` at a time, in parts of nearly one size: 10 by 6 is 5 and 5.
INLINE int64_t part(int64_t rest, int64_t most) {
  int64_t parts = (rest + most - 1) / most;
  return (rest + parts - 1) / parts;
}

// Threads that share an example take tiles in turn.
static void sum_taps(const fovea_lanes_op *op, bool adds, int32_t part_index, int32_t parts) {
  int64_t turn = 0;
  for (int32_t c = 0; c < op->class_count; c++) {
    const fovea_lanes_class class = op->classes[c];
    const int32_t *pixels = op->pixels + 2 * (int64_t)class.pixel_begin;
    const int32_t *taps = op->taps + 2 * (int64_t)class.tap_begin;
    for (int64_t p = 0; p < class.pixel_count;) {
      int64_t positions = part(class.pixel_count - p, TILE_POSITIONS);
      int64_t most = positions <= TILE_FEW ? TILE_NARROW : TILE_WIDE;
      const bool is_own = turn++ % parts == part_index;
      for (int64_t row = 0; is_own && row < op->n0;) {
        int64_t rows = part(op->n0 - row, most);
        any_tile((int)rows, (int)positions, op, row, pixels + 2 * p, taps, class.tap_count, adds);
        row += rows;
      }
      p += positions;
    }
  }
}
