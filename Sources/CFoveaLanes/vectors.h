// Vectors of 16 numbers.
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
