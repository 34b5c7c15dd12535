// One operation of a chain on one tile: `n` numbers, a multiple of 16.
#include "functions.h"

#define UNARY(result)                    \
  for (int64_t i = 0; i < n; i += 16) {  \
    const vf x = load(a + i);            \
    store(y + i, result);                \
  }                                      \
  break

#define BINARY(result)                                  \
  for (int64_t i = 0; i < n; i += 16) {                 \
    const vf x = load(a + i), z = load(b + i);          \
    store(y + i, result);                               \
  }                                                     \
  break

// A gradient and where it is taken.
#define BACKWARD(result)                                \
  for (int64_t i = 0; i < n; i += 16) {                 \
    const vf dy = load(a + i), x = load(b + i);         \
    store(y + i, result);                               \
  }                                                     \
  break

#define ZERO ALL(0.0f)
#define ONE ALL(1.0f)
#define TRUTH(condition) ((condition) ? ONE : ZERO)

static void power(const float *a, const float *b, int64_t n, float *y) {
  // Squares are what powers mostly are.
  const float first = b[0];
  bool is_square = first == 2.0f;
  for (int64_t i = 0; i < n && is_square; i++) is_square = b[i] == 2.0f;
  for (int64_t i = 0; i < n; i++) y[i] = is_square ? a[i] * a[i] : powf(a[i], b[i]);
}

// 0 where the power does not change.
static void power_back(const float *dy, const float *a, const float *b, int64_t n, float *y) {
  for (int64_t i = 0; i < n; i++) {
    const float slope = b[i] == 2.0f ? 2.0f * a[i] : b[i] == 0.0f ? 0.0f : b[i] * powf(a[i], b[i] - 1.0f);
    y[i] = b[i] == 0.0f ? 0.0f : dy[i] * slope;
  }
}

static void forward_function(const fovea_arithmetic_step *s, const float *a, int64_t n, float *y) {
  const vf alpha = ALL(s->alpha), beta = ALL(s->beta);
  switch (s->op) {
    case FOVEA_COPY: UNARY(x);
    case FOVEA_TIMES_ALPHA: UNARY(x * alpha);
    case FOVEA_NEGATE: UNARY(-x);
    case FOVEA_MAGNITUDE: UNARY(magnitude(x));
    case FOVEA_SIGN: UNARY(x > ZERO ? ONE : x < ZERO ? -ONE : x);
    case FOVEA_ROOT: UNARY(__builtin_elementwise_sqrt(x));
    case FOVEA_EXPONENTIAL: UNARY(exponential(x));
    case FOVEA_LOGARITHM: UNARY(logarithm(x));
    case FOVEA_RECTIFY: UNARY(x < ZERO ? ZERO : x);
    case FOVEA_SLOPED: UNARY(x < ZERO ? x * alpha : x);
    case FOVEA_BETWEEN: UNARY(between(x, alpha, beta));
    case FOVEA_LINE_BETWEEN: UNARY(between(x * alpha + beta, ZERO, ONE));
    case FOVEA_LOGISTIC: UNARY(logistic(x));
    case FOVEA_HYPERBOLIC_TANGENT: UNARY(hyperbolic_tangent(x));
    case FOVEA_EXPONENTIAL_UNIT: UNARY(x < ZERO ? exponential_minus_one(x) * alpha : x * beta);
    case FOVEA_HARD_GATE: UNARY(x * between(x * (1.0f / 6) + 0.5f, ZERO, ONE));
    case FOVEA_LOGISTIC_GATE: UNARY(x * logistic(x * alpha));
    case FOVEA_NORMAL_GATE: UNARY(x * normal_share(x));
    case FOVEA_NORMAL_GATE_TANH: UNARY(x * logistic(x * (x * x * 0.044715f + 1.0f) * 1.5957691216057308f));
    case FOVEA_SOFT_GATE: UNARY(x * soft_gate(x));
    case FOVEA_SOFT_RECTIFY: UNARY((x < ZERO ? ZERO : x) + logarithm_one_plus(exponential(-magnitude(x))));
    case FOVEA_ERROR_FUNCTION: UNARY(error_function(x));
    case FOVEA_ROUND: UNARY(__builtin_elementwise_roundeven(x));
    case FOVEA_ROUND_DOWN: UNARY(__builtin_elementwise_floor(x));
    case FOVEA_ROUND_UP: UNARY(__builtin_elementwise_ceil(x));
    case FOVEA_NOT_TRUE: UNARY(TRUTH(x == ZERO));
  }
}

static void pair_function(const fovea_arithmetic_step *s, const float *a, const float *b, int64_t n, float *y) {
  switch (s->op) {
    case FOVEA_PLUS: BINARY(x + z);
    case FOVEA_MINUS: BINARY(x - z);
    case FOVEA_TIMES: BINARY(x * z);
    case FOVEA_OVER: BINARY(x / z);
    case FOVEA_LARGER: BINARY(((x < z) | (z != z)) ? z : x);
    case FOVEA_SMALLER: BINARY(((x > z) | (z != z)) ? z : x);
    case FOVEA_POWER: power(a, b, n, y); break;
    case FOVEA_IS_EQUAL: BINARY(TRUTH(x == z));
    case FOVEA_IS_LESS: BINARY(TRUTH(x < z));
    case FOVEA_IS_AT_MOST: BINARY(TRUTH(x <= z));
    case FOVEA_BOTH_TRUE: BINARY(x * z);
    case FOVEA_ONE_TRUE: BINARY(TRUTH(x + z > ZERO));
    case FOVEA_EITHER_TRUE: BINARY(TRUTH(x != z));
    case FOVEA_SLOPED_BY: BINARY(x < ZERO ? x * z : x);
  }
}

static void backward_function(const fovea_arithmetic_step *s, const float *a, const float *b, int64_t n, float *y) {
  const vf alpha = ALL(s->alpha), beta = ALL(s->beta);
  switch (s->op) {
    case FOVEA_RECTIFY_BACK: BACKWARD(x <= ZERO ? ZERO : dy);
    case FOVEA_SLOPED_BACK: BACKWARD(x > ZERO ? dy : dy * alpha);
    case FOVEA_BETWEEN_BACK: BACKWARD(((x <= alpha) | (x >= beta)) ? ZERO : dy);
    case FOVEA_LINE_BETWEEN_BACK: BACKWARD(((x > ZERO) & (x < ONE)) ? dy * alpha : ZERO);
    case FOVEA_LOGISTIC_BACK: BACKWARD(dy * x * (1.0f - x));
    case FOVEA_HYPERBOLIC_TANGENT_BACK: BACKWARD(dy * (1.0f - x * x));
    case FOVEA_EXPONENTIAL_UNIT_BACK: BACKWARD(x > ZERO ? dy * beta : dy * (x + alpha));
    case FOVEA_HARD_GATE_BACK:
      BACKWARD(x <= ALL(-3.0f) ? ZERO : x >= ALL(3.0f) ? dy : dy * (x * (1.0f / 3) + 0.5f));
    case FOVEA_LOGISTIC_GATE_BACK:
      BACKWARD(dy * logistic(x * alpha) * (x * alpha * (1.0f - logistic(x * alpha)) + 1.0f));
    case FOVEA_NORMAL_GATE_BACK:
      BACKWARD(dy * (normal_share(x) + x * exponential(x * x * -0.5f) * 0.3989422804014327f));
    case FOVEA_NORMAL_GATE_TANH_BACK:
      for (int64_t i = 0; i < n; i += 16) {
        const vf dy = load(a + i), x = load(b + i), square = x * x;
        const vf share = logistic(x * (square * 0.044715f + 1.0f) * 1.5957691216057308f);
        const vf slope = share * (1.0f - share) * 1.5957691216057308f * (square * 0.134145f + 1.0f);
        store(y + i, dy * (share + x * slope));
      }
      break;
    case FOVEA_SOFT_GATE_BACK:
      BACKWARD(dy * (soft_gate(x) + x * logistic(x) * (1.0f - soft_gate(x) * soft_gate(x))));
  }
}

static void arithmetic_step(const fovea_arithmetic_step *s, float *const *r, int64_t n) {
  if (s->op < FOVEA_PLUS) {
    forward_function(s, r[s->a], n, r[s->to]);
  } else if (s->op < FOVEA_RECTIFY_BACK) {
    pair_function(s, r[s->a], r[s->b], n, r[s->to]);
  } else if (s->op < FOVEA_CHOOSE) {
    backward_function(s, r[s->a], r[s->b], n, r[s->to]);
  } else if (s->op == FOVEA_CHOOSE) {
    const float *a = r[s->a], *b = r[s->b], *c = r[s->c];
    float *y = r[s->to];
    for (int64_t i = 0; i < n; i += 16) store(y + i, load(a + i) != ZERO ? load(b + i) : load(c + i));
  } else {
    power_back(r[s->a], r[s->b], r[s->c], n, r[s->to]);
  }
}

// Numbers of 16 bits and truths, read and written.
static void widen(const uint16_t *from, int64_t n, float *to) {
  for (int64_t i = 0; i < n; i++) {
    const uint32_t bits = (uint32_t)from[i] << 16;
    memcpy(to + i, &bits, 4);
  }
}
static void narrow(const float *from, int64_t n, uint16_t *to) {
  for (int64_t i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, from + i, 4);
    // To the nearest, ties to even; NaN stays NaN.
    const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    to[i] = (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? bits >> 16 | 64 : rounded);
  }
}
static void from_truths(const uint8_t *from, int64_t n, float *to) {
  for (int64_t i = 0; i < n; i++) to[i] = from[i] ? 1 : 0;
}
static void to_truths(const float *from, int64_t n, uint8_t *to) {
  for (int64_t i = 0; i < n; i++) to[i] = from[i] != 0;
}

// The sum of a tile.
static double tile_sum(const float *x, int64_t n) {
  vf a = ZERO, b = ZERO, c = ZERO, d = ZERO;
  int64_t i = 0;
  for (; i + 64 <= n; i += 64) {
    a += load(x + i);
    b += load(x + i + 16);
    c += load(x + i + 32);
    d += load(x + i + 48);
  }
  for (; i < n; i += 16) a += load(x + i);
  float all[16];
  store(all, (a + b) + (c + d));
  double sum = 0;
  for (int lane = 0; lane < 16; lane++) sum += (double)all[lane];
  return sum;
}

#undef UNARY
#undef BINARY
#undef BACKWARD
#undef ZERO
#undef ONE
