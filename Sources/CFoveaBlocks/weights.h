// Weights to the points, and their gradients back.

INLINE const float *weights_at(const float *weights, const fovea_winograd_order *order, int64_t to_block,
                               int64_t from) {
  return weights + to_block * order->to_block + from / 16 * order->from_block + from % 16 * order->from;
}

INLINE void weights_of(const int taps, const sizes *s, const float *weights, const fovea_winograd_order *order,
                       int64_t group, int64_t from_block, float *transformed) {
  const fovea_winograd *p = &s->problem;
  const int64_t width = group_width(s, group);
  // Neighbours in c may lie side by side in the weights, and are found near the processor then.
  for (int64_t v = 0; v < width; v++) {
    const int64_t block = group * GROUP + v, there = p->to - block * 16;
    for (int64_t c = from_block * 16; c < from_block * 16 + 16; c++) {
      const float *in = weights_at(weights, order, block, c);
      vf half[6][5];
      for (int j = 0; j < taps; j++) {
        vf column[5], found[6];
        for (int i = 0; i < taps; i++) {
          const int tap = order->turned ? taps * taps - 1 - (i * taps + j) : i * taps + j;
          const float *from = in + tap * order->tap;
          if (c >= p->from) column[i] = (vf)(0.0f);
          else if (there >= 16 && order->to == 1) column[i] = load(from);
          else {
            float numbers[16];
            for (int k = 0; k < 16; k++) numbers[k] = k < there ? from[k * order->to] : 0;
            column[i] = load(numbers);
          }
        }
        at_points(taps, true, column, found);
        for (int i = 0; i < 6; i++) half[i][j] = found[i];
      }
      float *out = transformed + group_weights(s, group) + (c * width + v) * 16;
      for (int i = 0; i < 6; i++) {
        vf found[6];
        at_points(taps, true, half[i], found);
        for (int j = 0; j < 6; j++) store(out + (i * 6 + j) * s->weight_stride, found[j]);
      }
    }
  }
}

static void weights(const sizes *s, const float *weights, const fovea_winograd_order *order, int64_t group,
                    int64_t from_block, float *transformed) {
  if (s->made == 4) weights_of(3, s, weights, order, group, from_block, transformed);
  else weights_of(5, s, weights, order, group, from_block, transformed);
}

INLINE void weight_results_of(const int taps, const sizes *s, const float *sums, const fovea_winograd_order *order,
                              bool padded, int64_t group, int64_t from_block, float *dw) {
  const fovea_winograd *p = &s->problem;
  const int64_t width = group_width(s, group);
  for (int64_t v = 0; v < width; v++) {
    const int64_t block = group * GROUP + v, there = padded ? 16 : p->to - block * 16;
    for (int64_t c = from_block * 16; c < from_block * 16 + 16 && (padded || c < p->from); c++) {
      const float *in = sums + group_weights(s, group) + (c * width + v) * 16;
      vf half[5][6];
      for (int j = 0; j < 6; j++) {
        vf column[6], found[5];
        for (int i = 0; i < 6; i++) column[i] = load(in + (i * 6 + j) * s->weight_stride);
        from_points(taps, true, column, found);
        for (int i = 0; i < taps; i++) half[i][j] = found[i];
      }
      float *out = (float *)weights_at(dw, order, block, c);
      for (int i = 0; i < taps; i++) {
        vf found[5];
        from_points(taps, true, half[i], found);
        for (int j = 0; j < taps; j++) {
          float *to = out + (i * taps + j) * order->tap;
          if (there >= 16 && order->to == 1) store(to, found[j]);
          else {
            float numbers[16];
            store(numbers, found[j]);
            for (int k = 0; k < 16 && k < there; k++) to[k * order->to] = numbers[k];
          }
        }
      }
    }
  }
}

static void weight_results(const sizes *s, const float *sums, const fovea_winograd_order *order, bool padded,
                           int64_t group, int64_t from_block, float *dw) {
  if (s->made == 4) weight_results_of(3, s, sums, order, padded, group, from_block, dw);
  else weight_results_of(5, s, sums, order, padded, group, from_block, dw);
}
