// Norms, plane by plane: the numbers of 16 channels of one picture.

// Numbers whose mean is taken before their squares are summed; they stay near the processor meanwhile.
enum { CHUNK = 128 };

// Mean and sum of squared distances from it, by Chan's way of joining two sets of numbers.
static void moments(const float *x, int64_t count, float *mean, float *squares) {
  vf all_mean = (vf)(0.0f), all_squares = (vf)(0.0f);
  for (int64_t done = 0; done < count;) {
    const int64_t next = count - done < CHUNK ? count - done : CHUNK;
    const float *at = x + done * 16;
    vf a = (vf)(0.0f), b = (vf)(0.0f), c = (vf)(0.0f), d = (vf)(0.0f);
    int64_t i = 0;
    for (; i + 4 <= next; i += 4) {
      a += load(at + i * 16);
      b += load(at + i * 16 + 16);
      c += load(at + i * 16 + 32);
      d += load(at + i * 16 + 48);
    }
    for (; i < next; i++) a += load(at + i * 16);
    const vf own = ((a + b) + (c + d)) * (1.0f / (float)next);
    a = b = c = d = (vf)(0.0f);
    for (i = 0; i + 4 <= next; i += 4) {
      const vf p = load(at + i * 16) - own, q = load(at + i * 16 + 16) - own;
      const vf r = load(at + i * 16 + 32) - own, s = load(at + i * 16 + 48) - own;
      a += p * p;
      b += q * q;
      c += r * r;
      d += s * s;
    }
    for (; i < next; i++) {
      const vf p = load(at + i * 16) - own;
      a += p * p;
    }
    const vf step = own - all_mean;
    const float share = (float)next / (float)(done + next);
    all_mean += step * share;
    all_squares += ((a + b) + (c + d)) + step * step * (share * (float)done);
    done += next;
  }
  store(mean, all_mean);
  store(squares, all_squares);
}

// The same numbers wherever it is written: backward asks for their sign.
INLINE vf normalized(vf x, vf mean, vf factor, vf shift) { return (x - mean) * factor + shift; }

static void normalize(const float *x, const float *added, int64_t count, const fovea_norm_channels *c, bool rectified,
                      float *y) {
  const vf mean = load(c->mean), factor = load(c->factor), shift = load(c->shift);
  for (int64_t i = 0; i < count * 16; i += 16) {
    vf v = normalized(load(x + i), mean, factor, shift);
    if (added) v += load(added + i);
    // Keeps what is no number.
    if (rectified) v = v < (vf)(0.0f) ? (vf)(0.0f) : v;
    store(y + i, v);
  }
}

// The gradient behind the activation.
INLINE vf passed(int mask, vf dy, const float *y, vf x, vf mean, vf factor, vf shift) {
  if (mask == FOVEA_NORM_BY_RESULT) return load(y) <= (vf)(0.0f) ? (vf)(0.0f) : dy;
  if (mask == FOVEA_NORM_BY_INPUT) return normalized(x, mean, factor, shift) <= (vf)(0.0f) ? (vf)(0.0f) : dy;
  return dy;
}

INLINE void sums_of(const int mask, const bool keeps, const float *dy, const float *x, const float *y, int64_t count,
                    const fovea_norm_channels *c, float *dz, float *sum, float *product) {
  const vf mean = load(c->mean), factor = load(c->factor), shift = load(c->shift);
  vf all_sum = (vf)(0.0f), all_product = (vf)(0.0f);
  for (int64_t done = 0; done < count; done += CHUNK) {
    const int64_t end = (count - done < CHUNK ? count : done + CHUNK) * 16;
    vf a = (vf)(0.0f), b = (vf)(0.0f), p = (vf)(0.0f), q = (vf)(0.0f);
    int64_t i = done * 16;
    for (; i + 32 <= end; i += 32) {
      const vf x0 = load(x + i), x1 = load(x + i + 16);
      const vf g0 = passed(mask, load(dy + i), y + i, x0, mean, factor, shift);
      const vf g1 = passed(mask, load(dy + i + 16), y + i + 16, x1, mean, factor, shift);
      if (keeps) {
        store(dz + i, g0);
        store(dz + i + 16, g1);
      }
      a += g0;
      b += g1;
      p += g0 * (x0 - mean);
      q += g1 * (x1 - mean);
    }
    if (i < end) {
      const vf x0 = load(x + i), g0 = passed(mask, load(dy + i), y + i, x0, mean, factor, shift);
      if (keeps) store(dz + i, g0);
      a += g0;
      p += g0 * (x0 - mean);
    }
    all_sum += a + b;
    all_product += p + q;
  }
  store(sum, all_sum);
  store(product, all_product);
}

static void sums(int mask, const float *dy, const float *x, const float *y, int64_t count, const fovea_norm_channels *c,
                 float *dz, float *sum, float *product) {
#define SUMS(mask, keeps) sums_of(mask, keeps, dy, x, y, count, c, dz, sum, product)
  if (mask == FOVEA_NORM_BY_INPUT && dz) SUMS(FOVEA_NORM_BY_INPUT, true);
  else if (mask == FOVEA_NORM_BY_INPUT) SUMS(FOVEA_NORM_BY_INPUT, false);
  else if (mask == FOVEA_NORM_BY_RESULT && dz) SUMS(FOVEA_NORM_BY_RESULT, true);
  else if (mask == FOVEA_NORM_BY_RESULT) SUMS(FOVEA_NORM_BY_RESULT, false);
  else SUMS(FOVEA_NORM_OPEN, false);
#undef SUMS
}

INLINE void returned_of(const int mask, const float *dy, const float *x, const float *y, int64_t count,
                        const fovea_norm_channels *c, float *dx) {
  const vf mean = load(c->mean), factor = load(c->factor), shift = load(c->shift);
  const vf share = load(c->share), slope = load(c->slope);
  for (int64_t i = 0; i < count * 16; i += 16) {
    const vf v = load(x + i), g = passed(mask, load(dy + i), y + i, v, mean, factor, shift);
    store(dx + i, factor * (g - share - (v - mean) * slope));
  }
}

static void returned(int mask, const float *dy, const float *x, const float *y, int64_t count,
                     const fovea_norm_channels *c, float *dx) {
  if (mask == FOVEA_NORM_BY_INPUT) returned_of(FOVEA_NORM_BY_INPUT, dy, x, y, count, c, dx);
  else if (mask == FOVEA_NORM_BY_RESULT) returned_of(FOVEA_NORM_BY_RESULT, dy, x, y, count, c, dx);
  else returned_of(FOVEA_NORM_OPEN, dy, x, y, count, c, dx);
}
