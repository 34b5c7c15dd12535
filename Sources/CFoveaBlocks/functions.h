// Functions of vectors. NaN stays NaN: comparisons are written so that it takes the branch that keeps it.

typedef int vi __attribute__((ext_vector_type(16)));
typedef uint32_t vw __attribute__((ext_vector_type(16)));

#define ALL(x) ((vf)(x))
#define BITS(v) ((vi)(v))
#define FLOATS(v) ((vf)(v))

INLINE vf magnitude(vf v) { return FLOATS(BITS(v) & (vi)(0x7fffffff)); }
// The sign of `from` on the magnitude of `v`.
INLINE vf with_sign(vf v, vf from) { return FLOATS((BITS(v) & (vi)(0x7fffffff)) | (BITS(from) & (vi)(0x80000000))); }
INLINE vf between(vf v, vf low, vf high) { return v < low ? low : v > high ? high : v; }
INLINE vf power_of_two(vi n) { return FLOATS((n + 127) << 23); }

// eˣ, as in Cephes: a polynomial on ±ln 2/2, then the power of two in two halves, so that neither overflows alone.
INLINE vf exponential(vf x) {
  const vf kept = between(x == x ? x : ALL(0.0f), ALL(-104.0f), ALL(89.0f));
  const vf magic = ALL(12582912.0f), whole = (kept * 1.44269504088896341f + magic) - magic;
  const vf r = (kept - whole * 0.693359375f) + whole * 2.12194440e-4f;
  vf p = ALL(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const vi n = __builtin_convertvector(whole, vi), half = n >> 1;
  return x == x ? p * power_of_two(half) * power_of_two(n - half) : x;
}

// eˣ − 1 for x of at most 0: a series near 0, where the difference would lose digits.
INLINE vf exponential_minus_one(vf x) {
  vf series = ALL(1.0f);
  for (int i = 8; i > 1; i--) series = series * x * (1.0f / (float)i) + 1.0f;
  return x < ALL(-0.35f) ? exponential(x) - 1.0f : series * x;
}

// ln x, as in Cephes.
INLINE vf logarithm(vf x) {
  const vi tiny = x < ALL(1.17549435e-38f);
  const vf scaled = tiny ? x * 8388608.0f : x;
  vi e = ((BITS(scaled) >> 23) & 255) - 126 - (tiny & 23);
  vf m = FLOATS((BITS(scaled) & 0x007fffff) | 0x3f000000);
  const vi small = m < ALL(0.707106781186547524f);
  e = small ? e - 1 : e;
  m = (small ? m + m : m) - 1.0f;
  const vf z = m * m, n = __builtin_convertvector(e, vf);
  vf p = ALL(7.0376836292e-2f);
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  const vf y = p * m * z - n * 2.12194440e-4f - z * 0.5f;
  const vf result = m + y + n * 0.693359375f;
  const vf rest = x == ALL(0.0f) ? ALL(-__builtin_inff()) : x < ALL(0.0f) ? ALL(__builtin_nanf("")) : x;
  return ((x > ALL(0.0f)) & (x < ALL(__builtin_inff()))) ? result : rest;
}

// ln(1 + x) for x from 0 to 1; what rounding 1 + x loses is put back.
INLINE vf logarithm_one_plus(vf x) {
  const vf sum = x + 1.0f, way = sum - 1.0f;
  return way == ALL(0.0f) ? x : logarithm(sum) * (x / way);
}

INLINE vf logistic(vf x) {
  const vf power = exponential(-magnitude(x));
  return (x >= ALL(0.0f) ? ALL(1.0f) : power) / (power + 1.0f);
}

INLINE vf hyperbolic_tangent(vf x) {
  const vf a = magnitude(x), z = x * x;
  vf p = ALL(-5.70498872745e-3f);
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  return a < ALL(0.625f) ? p * z * x + x : with_sign(1.0f - 2.0f / (exponential(a + a) + 1.0f), x);
}

// erf x for |x| of at most 1, as in Cephes.
INLINE vf error_near(vf x) {
  const vf z = x * x;
  vf p = ALL(7.853861353153693e-5f);
  p = p * z - 8.010193625184903e-4f;
  p = p * z + 5.188327685732524e-3f;
  p = p * z - 2.685381193529856e-2f;
  p = p * z + 1.128358514861418e-1f;
  p = p * z - 3.761262582423300e-1f;
  p = p * z + 1.128379165726710e+0f;
  return p * x;
}

// 1 − erf a for a of at least 1.
INLINE vf error_far(vf a) {
  const vf q = 1.0f / a, z = q * q;
  vf p = ALL(2.326819970068386e-2f);
  p = p * z - 1.387039388740657e-1f;
  p = p * z + 3.687424674597105e-1f;
  p = p * z - 5.824733027278666e-1f;
  p = p * z + 6.210004621745983e-1f;
  p = p * z - 4.944515323274145e-1f;
  p = p * z + 3.404879937665872e-1f;
  p = p * z - 2.741127028184656e-1f;
  p = p * z + 5.638259427386472e-1f;
  vf r = ALL(-1.047766399936249e+1f);
  r = r * z + 1.297719955372516e+1f;
  r = r * z - 7.495518717768503e+0f;
  r = r * z + 2.921019019210786e+0f;
  r = r * z - 1.015265279202700e+0f;
  r = r * z + 4.218463358204948e-1f;
  r = r * z - 2.820767439740514e-1f;
  r = r * z + 5.641895067754075e-1f;
  // −a² in two parts: its rounding would be multiplied by a².
  const vf high = FLOATS(BITS(a) & (vi)(0xfffff000)), low = a - high;
  const vf bell = exponential(-high * high) * exponential(-low * (a + high));
  return a > ALL(13.0f) ? ALL(0.0f) : bell * q * (a < ALL(2.0f) ? p : r);
}

INLINE vf error_function(vf x) {
  const vf a = magnitude(x);
  return a > ALL(1.0f) ? with_sign(1.0f - error_far(a), x) : error_near(x);
}

// The share of a normal distribution below x.
INLINE vf normal_share(vf x) {
  const vf t = x * 0.70710678118654752f, a = magnitude(t), tail = error_far(a) * 0.5f;
  return a > ALL(1.0f) ? (t > ALL(0.0f) ? 1.0f - tail : tail) : error_near(t) * 0.5f + 0.5f;
}

// tanh(ln(1 + eˣ)).
INLINE vf soft_gate(vf x) {
  const vf s = exponential(x > ALL(30.0f) ? ALL(30.0f) : x), product = s * (s + 2.0f);
  return product / (product + 2.0f);
}
