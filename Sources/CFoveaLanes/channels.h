// Sums over taps: a vector of results is 16 channels.

INLINE void channel_tile(const int positions, const int vectors, const fovea_lanes_op *op, int64_t vector,
                         const int32_t *pixels, const int32_t *taps, int64_t tap_count) {
  vf acc[8][4];
  const float *x[8];
  const float *weights = op->in1 + vector * op->n1;
  float *out = op->out0 + vector * op->n2;
#pragma unroll
  for (int m = 0; m < positions; m++) {
    x[m] = op->in0 + pixels[2 * m];
#pragma unroll
    for (int j = 0; j < vectors; j++) acc[m][j] = op->in2 ? load(op->in2 + (vector + j) * 16) : (vf)(0.0f);
  }
  for (int64_t t = 0; t < tap_count; t++) {
    const int64_t at = taps[2 * t];
    const float *wt = weights + taps[2 * t + 1];
    vf w[4];
#pragma unroll
    for (int j = 0; j < vectors; j++) w[j] = load(wt + j * op->n1);
#pragma unroll
    for (int m = 0; m < positions; m++) {
      vf v = (vf)(x[m][at]);
#pragma unroll
      for (int j = 0; j < vectors; j++) acc[m][j] += v * w[j];
    }
  }
#pragma unroll
  for (int m = 0; m < positions; m++) {
#pragma unroll
    for (int j = 0; j < vectors; j++) {
      vf result = acc[m][j];
      if (op->flags & FOVEA_LANES_WITH_RELU) result = rectified(result);
      store(out + j * op->n2 + pixels[2 * m + 1], result);
    }
  }
}

#define CHANNEL_CASE(P, V) \
  case (P) * 8 + (V): \
    channel_tile(P, V, op, vector, pixels, taps, tap_count); \
    break;

static void any_channel_tile(int positions, int vectors, const fovea_lanes_op *op, int64_t vector,
                             const int32_t *pixels, const int32_t *taps, int64_t tap_count) {
  switch (positions * 8 + vectors) {
    CHANNEL_CASE(1, 1)
    CHANNEL_CASE(2, 1)
    CHANNEL_CASE(1, 2)
    CHANNEL_CASE(2, 2)
#if TILE_NARROW >= 4
    CHANNEL_CASE(3, 1)
    CHANNEL_CASE(4, 1)
#endif
#if TILE_NARROW >= 8
    CHANNEL_CASE(5, 1)
    CHANNEL_CASE(6, 1)
    CHANNEL_CASE(7, 1)
    CHANNEL_CASE(8, 1)
    CHANNEL_CASE(3, 2)
    CHANNEL_CASE(4, 2)
    CHANNEL_CASE(5, 2)
    CHANNEL_CASE(6, 2)
    CHANNEL_CASE(7, 2)
    CHANNEL_CASE(8, 2)
    CHANNEL_CASE(1, 3)
    CHANNEL_CASE(2, 3)
    CHANNEL_CASE(3, 3)
    CHANNEL_CASE(4, 3)
    CHANNEL_CASE(1, 4)
    CHANNEL_CASE(2, 4)
    CHANNEL_CASE(3, 4)
    CHANNEL_CASE(4, 4)
#endif
    default: __builtin_trap();
  }
}

static void sum_channel_taps(const fovea_lanes_op *op, int32_t part_index, int32_t parts) {
  int64_t turn = 0;
  for (int32_t c = 0; c < op->class_count; c++) {
    const fovea_lanes_class class = op->classes[c];
    const int32_t *pixels = op->pixels + 2 * (int64_t)class.pixel_begin;
    const int32_t *taps = op->taps + 2 * (int64_t)class.tap_begin;
    for (int64_t vector = 0; vector < op->n0;) {
      // One position and one vector at a time would wait for each sum: several vectors, or several positions.
      int64_t vectors = part(op->n0 - vector, TILE_VECTORS);
      int64_t most = vectors == 1 ? TILE_NARROW : vectors == 2 ? TILE_PAIRS : TILE_WIDE;
      for (int64_t p = 0; p < class.pixel_count;) {
        int64_t positions = part(class.pixel_count - p, most);
        if (turn++ % parts == part_index) {
          any_channel_tile((int)positions, (int)vectors, op, vector, pixels + 2 * p, taps, class.tap_count);
        }
        p += positions;
      }
      vector += vectors;
    }
  }
}
