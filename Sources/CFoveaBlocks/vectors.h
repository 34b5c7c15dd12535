// Vectors of 16 numbers, and the polynomials of Winograd's way.
#pragma clang fp contract(fast)
// Vectors are only given to functions that become part of the caller.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float vf __attribute__((ext_vector_type(16)));
// Bias and weights begin anywhere.
typedef float vu __attribute__((ext_vector_type(16), aligned(4)));

#define INLINE static inline __attribute__((always_inline))

INLINE vf load(const float *p) { return *(const vu *)p; }
INLINE void store(float *p, vf v) { *(vu *)p = v; }

// The points are 0, ±NEAR, ±FAR and ∞.
#define NEAR 0.625f
#define FAR 1.5f
#define NEAR_2 (NEAR * NEAR)
#define FAR_2 (FAR * FAR)
// One over the product of a point's distances from the others.
#define SCALE_0 (1.0f / (NEAR_2 * FAR_2))
#define SCALE_NEAR (1.0f / (2.0f * NEAR_2 * (NEAR_2 - FAR_2)))
#define SCALE_FAR (1.0f / (2.0f * FAR_2 * (FAR_2 - NEAR_2)))

// Six numbers of a picture: coefficients of the products of all (x − point) but one.
INLINE void transform_picture(const vf *in, vf *out) {
  const vf near_even = in[4] - FAR_2 * in[2], near_odd = in[3] - FAR_2 * in[1];
  const vf far_even = in[4] - NEAR_2 * in[2], far_odd = in[3] - NEAR_2 * in[1];
  out[0] = NEAR_2 * FAR_2 * in[0] + (in[4] - (NEAR_2 + FAR_2) * in[2]);
  out[1] = near_even + NEAR * near_odd;
  out[2] = near_even - NEAR * near_odd;
  out[3] = far_even + FAR * far_odd;
  out[4] = far_even - FAR * far_odd;
  out[5] = NEAR_2 * FAR_2 * in[1] + (in[5] - (NEAR_2 + FAR_2) * in[3]);
}

// The polynomial of `count` coefficients at the six points: weights, scaled, or gradients of results.
INLINE void at_points(int count, bool scaled, const vf *in, vf *out) {
  const float s = scaled ? SCALE_NEAR : 1.0f, f = scaled ? SCALE_FAR : 1.0f;
  vf near_even = s * in[0], near_odd = (s * NEAR) * in[1];
  vf far_even = f * in[0], far_odd = (f * FAR) * in[1];
  if (count > 2) {
    near_even += (s * NEAR_2) * in[2];
    far_even += (f * FAR_2) * in[2];
  }
  if (count > 3) {
    near_odd += (s * NEAR_2 * NEAR) * in[3];
    far_odd += (f * FAR_2 * FAR) * in[3];
  }
  if (count > 4) {
    near_even += (s * NEAR_2 * NEAR_2) * in[4];
    far_even += (f * FAR_2 * FAR_2) * in[4];
  }
  out[0] = scaled ? SCALE_0 * in[0] : in[0];
  out[1] = near_even + near_odd;
  out[2] = near_even - near_odd;
  out[3] = far_even + far_odd;
  out[4] = far_even - far_odd;
  out[5] = in[count - 1];
}

// The transpose of it: results, or gradients of weights, scaled.
INLINE void from_points(int count, bool scaled, const vf *in, vf *out) {
  const float s = scaled ? SCALE_NEAR : 1.0f, f = scaled ? SCALE_FAR : 1.0f;
  const vf near_even = in[1] + in[2], near_odd = in[1] - in[2];
  const vf far_even = in[3] + in[4], far_odd = in[3] - in[4];
  out[0] = (scaled ? SCALE_0 * in[0] : in[0]) + s * near_even + f * far_even;
  out[1] = (s * NEAR) * near_odd + (f * FAR) * far_odd;
  if (count > 2) out[2] = (s * NEAR_2) * near_even + (f * FAR_2) * far_even;
  if (count > 3) out[3] = (s * NEAR_2 * NEAR) * near_odd + (f * FAR_2 * FAR) * far_odd;
  if (count > 4) out[4] = (s * NEAR_2 * NEAR_2) * near_even + (f * FAR_2 * FAR_2) * far_even;
  out[count - 1] += in[5];
}
