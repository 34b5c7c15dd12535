// Max pooling: one window at `lanes` neighbouring numbers, and a row of windows where a place has one number.

typedef uint8_t vb __attribute__((ext_vector_type(16), aligned(1)));

// The largest of `taps` rows of 16 numbers that begin at `x + offsets`, and which it was.
static void pool_window(const float *x, const int64_t *offsets, const uint8_t *names, int64_t taps, int64_t lanes,
                        float *y, uint8_t *winners) {
  int64_t lane = 0;
  for (; lane + 16 <= lanes; lane += 16) {
    vf best = load(x + offsets[0] + lane);
    vi which = (vi)((int)names[0]);
    for (int64_t t = 1; t < taps; t++) {
      const vf v = load(x + offsets[t] + lane);
      // NaN wins, and nothing wins over it.
      const vi larger = (v > best) | (v != v);
      best = larger ? v : best;
      which = larger ? (vi)((int)names[t]) : which;
    }
    store(y + lane, best);
    if (winners) *(vb *)(winners + lane) = __builtin_convertvector(which, vb);
  }
  for (; lane < lanes; lane++) {
    float best = x[offsets[0] + lane];
    uint8_t which = names[0];
    for (int64_t t = 1; t < taps; t++) {
      const float v = x[offsets[t] + lane];
      if (v > best || v != v) best = v, which = names[t];
    }
    y[lane] = best;
    if (winners) winners[lane] = which;
  }
}

// The same backward: each gradient goes to the tap that won.
static void pool_window_back(const float *dy, const uint8_t *winners, const int64_t *offsets, const uint8_t *names,
                             int64_t taps, int64_t lanes, float *dx) {
  int64_t lane = 0;
  for (; lane + 16 <= lanes; lane += 16) {
    const vf g = load(dy + lane);
    const vi which = __builtin_convertvector(*(const vb *)(winners + lane), vi);
    for (int64_t t = 0; t < taps; t++) {
      float *at = dx + offsets[t] + lane;
      store(at, load(at) + (which == (vi)((int)names[t]) ? g : (vf)(0.0f)));
    }
  }
  for (; lane < lanes; lane++) {
    for (int64_t t = 0; t < taps; t++) {
      if (winners[lane] == names[t]) dx[offsets[t] + lane] += dy[lane];
    }
  }
}

// `count` windows side by side whose numbers at this tap lie `stride` apart; y is the largest so far.
static void pool_row(const float *x, int64_t stride, int64_t count, int name, float *y, uint8_t *winners) {
  if (winners) {
    for (int64_t i = 0; i < count; i++) {
      const float v = x[i * stride];
      const bool larger = v > y[i] || v != v;
      y[i] = larger ? v : y[i];
      winners[i] = larger ? (uint8_t)name : winners[i];
    }
  } else {
    for (int64_t i = 0; i < count; i++) {
      const float v = x[i * stride];
      y[i] = v > y[i] || v != v ? v : y[i];
    }
  }
}
