// The operations, compiled once for each instruction set: the file that includes this names it.
//
// Tiles are sized by the number of vector registers: TILE_NARROW rows by up to 3 positions, TILE_WIDE rows by up to
// TILE_POSITIONS.
#pragma clang fp contract(fast)
// Vectors are only given to functions that become part of the caller.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float vf __attribute__((ext_vector_type(16)));
// In a row of one example vectors begin anywhere.
typedef float vu __attribute__((ext_vector_type(16), aligned(4)));
typedef int32_t vi __attribute__((ext_vector_type(16)));

#define INLINE static inline __attribute__((always_inline))

INLINE vf load(const float *p) { return *(const vu *)p; }
INLINE void store(float *p, vf v) { *(vu *)p = v; }
INLINE float sum(vf v) {
  __attribute__((ext_vector_type(8))) float a = v.lo + v.hi;
  __attribute__((ext_vector_type(4))) float b = a.lo + a.hi;
  __attribute__((ext_vector_type(2))) float c = b.lo + b.hi;
  return c.x + c.y;
}
// Keeps what is no number.
INLINE vf rectified(vf v) { return v < (vf)(0.0f) ? (vf)(0.0f) : v; }

// e to the v, good to two units in the last place: v = k ln 2 + r, a polynomial of r, 2 to the k.
INLINE vf exponential(vf v) {
  vf x = v < (vf)(-87.33f) ? (vf)(-87.33f) : v;
  x = x > (vf)(88.37f) ? (vf)(88.37f) : x;
  vf scaled = x * (vf)(1.44269504f);
  vi k = __builtin_convertvector(scaled + (scaled < (vf)(0.0f) ? (vf)(-0.5f) : (vf)(0.5f)), vi);
  vf whole = __builtin_convertvector(k, vf);
  vf r = x - whole * (vf)(0.693359375f);
  r = r - whole * (vf)(-2.12194440e-4f);
  vf p = (vf)(1.9875691500e-4f);
  p = p * r + (vf)(1.3981999507e-3f);
  p = p * r + (vf)(8.3334519073e-3f);
  p = p * r + (vf)(4.1665795894e-2f);
  p = p * r + (vf)(1.6666665459e-1f);
  p = p * r + (vf)(5.0000001201e-1f);
  p = p * r * r + r + (vf)(1.0f);
  vi bits = (k + 127) << 23;
  vf result = p * (vf)bits;
  return v == v ? result : v;
}

// ---- Sums over taps: a row of results is a channel, positions side by side ----

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
      if (op->in3) result = load(op->in3 + row * op->n2 + at) > (vf)(0.0f) ? result : (vf)(0.0f);
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

static void sum_taps(const fovea_lanes_op *op, bool adds) {
  for (int32_t c = 0; c < op->class_count; c++) {
    const fovea_lanes_class class = op->classes[c];
    const int32_t *pixels = op->pixels + 2 * (int64_t)class.pixel_begin;
    const int32_t *taps = op->taps + 2 * (int64_t)class.tap_begin;
    for (int64_t p = 0; p < class.pixel_count;) {
      int64_t positions = part(class.pixel_count - p, TILE_POSITIONS);
      int64_t most = positions <= TILE_FEW ? TILE_NARROW : TILE_WIDE;
      for (int64_t row = 0; row < op->n0;) {
        int64_t rows = part(op->n0 - row, most);
        any_tile((int)rows, (int)positions, op, row, pixels + 2 * p, taps, class.tap_count, adds);
        row += rows;
      }
      p += positions;
    }
  }
}

// ---- Sums over taps: a vector of results is 16 channels ----

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

static void sum_channel_taps(const fovea_lanes_op *op) {
  for (int32_t c = 0; c < op->class_count; c++) {
    const fovea_lanes_class class = op->classes[c];
    const int32_t *pixels = op->pixels + 2 * (int64_t)class.pixel_begin;
    const int32_t *taps = op->taps + 2 * (int64_t)class.tap_begin;
    for (int64_t vector = 0; vector < op->n0;) {
      // One position and one vector at a time would wait for each sum: several vectors, or several positions.
      int64_t vectors = part(op->n0 - vector, TILE_VECTORS);
      int64_t most = vectors <= 2 ? TILE_NARROW : TILE_WIDE;
      for (int64_t p = 0; p < class.pixel_count;) {
        int64_t positions = part(class.pixel_count - p, most);
        any_channel_tile((int)positions, (int)vectors, op, vector, pixels + 2 * p, taps, class.tap_count);
        p += positions;
      }
      vector += vectors;
    }
  }
}

// ---- Sums over positions: the gradients of weights ----

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

// ---- Pooling ----

static void pool_max(const fovea_lanes_op *op) {
  for (int64_t plane = 0; plane < op->n0; plane++) {
    const float *x = op->in0 + plane * op->n1;
    float *y = op->out0 + plane * op->n2;
    int32_t *which = op->out1 ? (int32_t *)op->out1 + plane * op->n2 : NULL;
    for (int32_t c = 0; c < op->class_count; c++) {
      const fovea_lanes_class class = op->classes[c];
      const int32_t *taps = op->taps + class.tap_begin;
      for (int32_t p = class.pixel_begin; p < class.pixel_begin + class.pixel_count; p++) {
        const float *window = x + op->pixels[2 * p];
        vf best = load(window + taps[0]);
        vi place = (vi)(0);
        for (int32_t t = 1; t < class.tap_count; t++) {
          vf v = load(window + taps[t]);
          // What is no number wins, as in the plain loop.
          vi larger = (v > best) | (v != v);
          best = larger ? v : best;
          place = larger ? (vi)(t) : place;
        }
        store(y + op->pixels[2 * p + 1], best);
        if (which) *(vi *)(which + op->pixels[2 * p + 1]) = place;
      }
    }
  }
}

static void pool_max_back(const fovea_lanes_op *op) {
  for (int64_t plane = 0; plane < op->n0; plane++) {
    float *dx = op->out0 + plane * op->n1;
    const float *dy = op->in0 + plane * op->n2;
    const int32_t *which = (const int32_t *)op->in1 + plane * op->n2;
    if (op->n3) memset(dx, 0, (size_t)op->n3 * sizeof(float));
    for (int32_t c = 0; c < op->class_count; c++) {
      const fovea_lanes_class class = op->classes[c];
      const int32_t *taps = op->taps + class.tap_begin;
      for (int32_t p = class.pixel_begin; p < class.pixel_begin + class.pixel_count; p++) {
        float *window = dx + op->pixels[2 * p];
        vf g = load(dy + op->pixels[2 * p + 1]);
        vi place = *(const vi *)(which + op->pixels[2 * p + 1]);
        for (int32_t t = 0; t < class.tap_count; t++) {
          vf part = place == (vi)(t) ? g : (vf)(0.0f);
          if (op->flags & FOVEA_LANES_OVERLAP) part += load(window + taps[t]);
          store(window + taps[t], part);
        }
      }
    }
  }
}

static void pool_mean(const fovea_lanes_op *op) {
  for (int64_t plane = 0; plane < op->n0; plane++) {
    const float *x = op->in0 + plane * op->n1;
    float *y = op->out0 + plane * op->n2;
    for (int32_t c = 0; c < op->class_count; c++) {
      const fovea_lanes_class class = op->classes[c];
      const int32_t *taps = op->taps + class.tap_begin;
      const vf factor = (vf)(op->factor != 0 ? op->factor : 1.0f / (float)class.tap_count);
      for (int32_t p = class.pixel_begin; p < class.pixel_begin + class.pixel_count; p++) {
        const float *window = x + op->pixels[2 * p];
        vf total = (vf)(0.0f);
        for (int32_t t = 0; t < class.tap_count; t++) total += load(window + taps[t]);
        store(y + op->pixels[2 * p + 1], total * factor);
      }
    }
  }
}

static void pool_mean_back(const fovea_lanes_op *op) {
  for (int64_t plane = 0; plane < op->n0; plane++) {
    float *dx = op->out0 + plane * op->n1;
    const float *dy = op->in0 + plane * op->n2;
    if (op->n3) memset(dx, 0, (size_t)op->n3 * sizeof(float));
    for (int32_t c = 0; c < op->class_count; c++) {
      const fovea_lanes_class class = op->classes[c];
      const int32_t *taps = op->taps + class.tap_begin;
      const vf factor = (vf)(op->factor != 0 ? op->factor : 1.0f / (float)class.tap_count);
      for (int32_t p = class.pixel_begin; p < class.pixel_begin + class.pixel_count; p++) {
        float *window = dx + op->pixels[2 * p];
        vf g = load(dy + op->pixels[2 * p + 1]) * factor;
        for (int32_t t = 0; t < class.tap_count; t++) {
          vf part = op->flags & FOVEA_LANES_OVERLAP ? g + load(window + taps[t]) : g;
          store(window + taps[t], part);
        }
      }
    }
  }
}

static void halve(const fovea_lanes_op *op) {
  for (int64_t plane = 0; plane < op->n0; plane++) {
    for (int64_t row = 0; row < op->n1; row++) {
      const float *restrict a = op->in0 + plane * op->n3 + 2 * row * op->n4;
      const float *restrict b = a + op->n4;
      float *restrict y = op->out0 + plane * op->n5 + row * op->n6;
      for (int64_t i = 0; i < op->n2; i++) {
        float best = a[2 * i];
        best = a[2 * i + 1] > best || a[2 * i + 1] != a[2 * i + 1] ? a[2 * i + 1] : best;
        best = b[2 * i] > best || b[2 * i] != b[2 * i] ? b[2 * i] : best;
        y[i] = b[2 * i + 1] > best || b[2 * i + 1] != b[2 * i + 1] ? b[2 * i + 1] : best;
      }
    }
  }
}

// ---- Element by element ----

#define EACH(expression) \
  for (int64_t i = 0; i < op->n0; i++) { \
    vf a = load(op->in0 + 16 * i); \
    store(op->out0 + 16 * i, expression); \
  }
#define EACH_PAIR(expression) \
  for (int64_t i = 0; i < op->n0; i++) { \
    vf a = load(op->in0 + 16 * i), b = load(op->in1 + 16 * i); \
    store(op->out0 + 16 * i, expression); \
  }

INLINE vf logistic(vf v) { return (vf)(1.0f) / ((vf)(1.0f) + exponential(-v)); }

// 1 − 2 / (e²ˣ + 1), and a polynomial where that would cancel.
INLINE vf hyperbolic_tangent(vf v) {
  vf size = v < (vf)(0.0f) ? -v : v;
  vf far = (vf)(1.0f) - (vf)(2.0f) / (exponential(size + size) + (vf)(1.0f));
  vf s = v * v;
  vf p = (vf)(-5.70498872745e-3f);
  p = p * s + (vf)(2.06390887954e-2f);
  p = p * s + (vf)(-5.37397155531e-2f);
  p = p * s + (vf)(1.33314422036e-1f);
  p = p * s + (vf)(-3.33332819422e-1f);
  vf near = p * s * v + v;
  far = v < (vf)(0.0f) ? -far : far;
  return size < (vf)(0.625f) ? near : far;
}

// ---- Scores and labels ----

// The probabilities of 16 examples from lane `v` on; gives the largest score and the sum of e to the score less it.
INLINE void softmax_lanes(const fovea_lanes_op *op, int64_t lanes, int64_t v, vf *largest_score, vf *sum) {
  vf largest = load(op->in0 + v);
  for (int64_t c = 1; c < op->n0; c++) {
    vf score = load(op->in0 + c * lanes + v);
    largest = score > largest ? score : largest;
  }
  vf total = (vf)(0.0f);
  for (int64_t c = 0; c < op->n0; c++) {
    vf e = exponential(load(op->in0 + c * lanes + v) - largest);
    store(op->out0 + c * lanes + v, e);
    total += e;
  }
  vf factor = (vf)(1.0f) / total;
  for (int64_t c = 0; c < op->n0; c++) {
    store(op->out0 + c * lanes + v, load(op->out0 + c * lanes + v) * factor);
  }
  *largest_score = largest;
  *sum = total;
}

static void softmax(const fovea_lanes_op *op, int64_t lanes) {
  vf largest, total;
  for (int64_t v = 0; v < lanes; v += 16) softmax_lanes(op, lanes, v, &largest, &total);
}

static void loss(const fovea_lanes_op *op, int64_t lanes, int64_t first, int64_t count, double *scalars) {
  double losses = 0;
  for (int64_t v = 0; v < lanes; v += 16) {
    vf largest, total;
    softmax_lanes(op, lanes, v, &largest, &total);
    for (int64_t i = 0; i < 16 && v + i < count; i++) {
      // A wrong label must be seen, and must not read elsewhere.
      int32_t label = op->labels[first + v + i];
      bool valid = label >= 0 && label < op->n0;
      losses += valid ? (double)(largest[i] - op->in0[label * lanes + v + i] + logf(total[i])) : (double)NAN;
    }
  }
  scalars[0] += losses;
}

static void loss_back(const fovea_lanes_op *op, int64_t lanes, int64_t first, int64_t count) {
  const float scale = op->factor * *op->in1;
  for (int64_t v = 0; v < lanes; v += 16) {
    vi label = (vi)(-2);
    for (int64_t i = 0; i < 16 && v + i < count; i++) {
      int32_t own = op->labels[first + v + i];
      label[i] = own >= 0 && own < op->n0 ? own : -1;
    }
    for (int64_t c = 0; c < op->n0; c++) {
      vf g = load(op->in0 + c * lanes + v);
      g = (label == (vi)((int32_t)c) ? g - (vf)(1.0f) : g) * (vf)(scale);
      g = label == (vi)(-1) ? (vf)(NAN) : g;
      // Behind the last example.
      g = label == (vi)(-2) ? (vf)(0.0f) : g;
      store(op->out0 + c * lanes + v, g);
    }
  }
}

static void count_correct(const fovea_lanes_op *op, int64_t lanes, int64_t first, int64_t count, double *scalars) {
  int64_t correct = 0;
  for (int64_t v = 0; v < lanes && v < count; v += 16) {
    vi label = (vi)(-1);
    vf own = (vf)(0.0f);
    for (int64_t i = 0; i < 16 && v + i < count; i++) {
      int32_t given = op->labels[first + v + i];
      if (given < 0 || given >= op->n0) continue;
      label[i] = given;
      own[i] = op->in0[given * lanes + v + i];
    }
    vi ahead = (vi)(0);
    for (int64_t c = 0; c < op->n0; c++) {
      vf score = load(op->in0 + c * lanes + v);
      // No number counts as the largest; of equal scores the lower class comes first.
      vi beats = ~(score < own) & ((score != own) | ((vi)((int32_t)c) < label));
      ahead -= beats;
    }
    vi good = (ahead < (vi)((int32_t)op->n1)) & (label >= (vi)(0)) & (own == own);
    for (int64_t i = 0; i < 16 && v + i < count; i++) correct -= good[i];
  }
  scalars[op->n2] += (double)correct;
}

// ---- Between examples side by side and examples one after the other ----

static void gather(const fovea_lanes_op *op, int64_t lanes, int64_t first, int64_t count) {
  for (int64_t r = 0; r < op->n1; r++) {
    const int64_t from = op->pixels[2 * r], to = op->pixels[2 * r + 1];
    for (int64_t v = 0; v < lanes; v += 16) {
      for (int64_t e = 0; e < op->n2; e++) {
        const float *source = op->in0 + (first + v) * op->n0 + from + e;
        float *target = op->out0 + to + e * lanes + v;
        int64_t own = count - v < 16 ? count - v : 16;
        if (own == 16) {
          for (int i = 0; i < 16; i++) target[i] = source[i * op->n0];
        } else {
          for (int64_t i = 0; i < 16; i++) target[i] = i < own ? source[i * op->n0] : 0;
        }
      }
    }
  }
}

static void scatter(const fovea_lanes_op *op, int64_t lanes, int64_t first, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    float *target = op->out0 + (first + i) * op->n0;
    for (int64_t e = 0; e < op->n0; e++) target[e] = op->in0[e * lanes + i];
  }
}

static void transpose(const fovea_lanes_op *op) {
  for (int64_t row = 0; row < op->n0; row += 16) {
    int64_t rows = op->n0 - row < 16 ? op->n0 - row : 16;
    for (int64_t lane = 0; lane < op->n1; lane++) {
      float *target = op->out0 + lane * op->n2 + row;
      const float *source = op->in0 + row * op->n1 + lane;
      for (int64_t i = 0; i < rows; i++) target[i] = source[i * op->n1];
    }
  }
}

static void copy(const fovea_lanes_op *op) {
  for (int64_t r = 0; r < op->n1; r++) {
    memcpy(op->out0 + op->pixels[2 * r + 1], op->in0 + op->pixels[2 * r], (size_t)op->n2 * 64);
  }
}

static void take(const fovea_lanes_op *op, int64_t example) {
  const float *source = op->in0 + example * op->n0;
  for (int64_t r = 0; r < op->n1; r++) {
    memcpy(op->out0 + op->pixels[2 * r + 1], source + op->pixels[2 * r], (size_t)op->n2 * sizeof(float));
  }
}

static void give(const fovea_lanes_op *op, int64_t example) {
  float *target = op->out0 + example * op->n0;
  for (int64_t e = 0; e < op->n0; e++) target[e] = op->in0[op->pixels[e]];
}

void RUN_BLOCK(const fovea_lanes_program *program, int32_t thread, int64_t block, bool is_first) {
  const int64_t lanes = program->lanes, first = block * lanes;
  const int64_t rest = program->examples - first, count = rest < lanes ? rest : lanes;
  double *scalars = program->scalars[thread];
  const fovea_lanes_op *ops = program->ops[thread];
  for (int32_t index = 0; index < program->op_count; index++) {
    const fovea_lanes_op *op = ops + index;
    const bool adds = !is_first && (op->flags & FOVEA_LANES_ACCUMULATE);
    switch (op->kind) {
      case FOVEA_LANES_GATHER: gather(op, lanes, first, count); break;
      case FOVEA_LANES_SCATTER: scatter(op, lanes, first, count); break;
      case FOVEA_LANES_COPY: copy(op); break;
      case FOVEA_LANES_TAPS: sum_taps(op, adds); break;
      case FOVEA_LANES_CHANNEL_TAPS: sum_channel_taps(op); break;
      case FOVEA_LANES_WEIGHT_SUMS: sum_weights(op, adds); break;
      case FOVEA_LANES_ROW_SUMS: sum_rows(op, adds); break;
      case FOVEA_LANES_MAX_POOL: pool_max(op); break;
      case FOVEA_LANES_MAX_POOL_BACK: pool_max_back(op); break;
      case FOVEA_LANES_MEAN_POOL: pool_mean(op); break;
      case FOVEA_LANES_MEAN_POOL_BACK: pool_mean_back(op); break;
      case FOVEA_LANES_RELU: EACH(rectified(a)) break;
      case FOVEA_LANES_RELU_BACK: EACH_PAIR(b > (vf)(0.0f) ? a : (vf)(0.0f)) break;
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
