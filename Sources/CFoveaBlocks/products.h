// The matrix products at the points.

// Some tiles by some vectors of output channels, over all input channels.
INLINE void product(const int tiles, const int width, const float *a, int64_t block, int64_t blocks, const float *w,
                    float *out, int64_t stride) {
  vf sum[12][GROUP];
  for (int t = 0; t < tiles; t++) {
    for (int v = 0; v < width; v++) sum[t][v] = (vf)(0.0f);
  }
  for (int64_t b = 0; b < blocks; b++, a += block) {
    for (int c = 0; c < 16; c++, w += stride) {
      vf weight[GROUP];
      for (int v = 0; v < width; v++) weight[v] = load(w + v * 16);
      for (int t = 0; t < tiles; t++) {
        const vf value = (vf)(a[t * 16 + c]);
        for (int v = 0; v < width; v++) sum[t][v] += value * weight[v];
      }
    }
  }
  for (int t = 0; t < tiles; t++) {
    for (int v = 0; v < width; v++) store(out + t * stride + v * 16, sum[t][v]);
  }
}

INLINE void products_of(const int most, const int width, const float *a, int64_t block, int64_t blocks, const float *w,
                        float *out, int64_t stride, int64_t count) {
  int64_t t = 0;
  for (; t + most <= count; t += most) product(most, width, a + t * 16, block, blocks, w, out + t * stride, stride);
  const int64_t rest = count - t;
#define REST(n) \
  if (n < most && rest == n) product(n, width, a + t * 16, block, blocks, w, out + t * stride, stride);
  REST(1) REST(2) REST(3) REST(4) REST(5) REST(6) REST(7) REST(8) REST(9) REST(10) REST(11)
#undef REST
}

static void products(const sizes *s, const float *tiles, const float *transformed, int64_t count, int64_t group,
                     int64_t point, float *sums) {
  const int64_t all = group_width(s, group), stride = all * 16, block = s->block * 16;
  const float *a = tiles + point * s->picture_stride;
  for (int64_t v = 0; v < all; v += WIDTH) {
    const float *w = transformed + point * s->weight_stride + group_weights(s, group) + v * 16;
    float *out = sums + point * s->sum_stride + v * 16;
    switch (all - v < WIDTH ? all - v : WIDTH) {
      case 1: products_of(TILES_1, 1, a, block, s->from_blocks, w, out, stride, count); break;
#if WIDTH == 4
      case 2: products_of(TILES_2, 2, a, block, s->from_blocks, w, out, stride, count); break;
      case 3: products_of(TILES_3, 3, a, block, s->from_blocks, w, out, stride, count); break;
      case 4: products_of(TILES_4, 4, a, block, s->from_blocks, w, out, stride, count); break;
#endif
      default: __builtin_trap();
    }
  }
}

// Some input channels by some vectors of output channels, over all tiles of a block.
INLINE void outer_product(const int width, const float *a, const float *g, int64_t stride, int64_t count, bool adds,
                          float *out) {
  vf sum[CHANNELS][GROUP];
  for (int c = 0; c < CHANNELS; c++) {
    for (int v = 0; v < width; v++) sum[c][v] = adds ? load(out + c * stride + v * 16) : (vf)(0.0f);
  }
  for (int64_t t = 0; t < count; t++, a += 16, g += stride) {
    vf gradient[GROUP];
    for (int v = 0; v < width; v++) gradient[v] = load(g + v * 16);
    for (int c = 0; c < CHANNELS; c++) {
      const vf value = (vf)(a[c]);
      for (int v = 0; v < width; v++) sum[c][v] += value * gradient[v];
    }
  }
  for (int c = 0; c < CHANNELS; c++) {
    for (int v = 0; v < width; v++) store(out + c * stride + v * 16, sum[c][v]);
  }
}

static void outer(const sizes *s, const float *pictures, const float *gradients, int64_t count, int64_t group,
                  int64_t point, bool adds, float *sums) {
  const int64_t all = group_width(s, group), stride = all * 16;
  const float *a = pictures + point * s->picture_stride;
  const float *g = gradients + point * s->gradient_stride + group_gradients(s, group);
  float *out = sums + point * s->weight_stride + group_weights(s, group);
  for (int64_t b = 0; b < s->from_blocks; b++, a += s->block * 16) {
    for (int c = 0; c < 16; c += CHANNELS, out += CHANNELS * stride) {
      for (int64_t v = 0; v < all; v += WIDTH) {
        switch (all - v < WIDTH ? all - v : WIDTH) {
          case 1: outer_product(1, a + c, g + v * 16, stride, count, adds, out + v * 16); break;
#if WIDTH == 4
          case 2: outer_product(2, a + c, g + v * 16, stride, count, adds, out + v * 16); break;
          case 3: outer_product(3, a + c, g + v * 16, stride, count, adds, out + v * 16); break;
          case 4: outer_product(4, a + c, g + v * 16, stride, count, adds, out + v * 16); break;
#endif
          default: __builtin_trap();
        }
      }
    }
  }
}
