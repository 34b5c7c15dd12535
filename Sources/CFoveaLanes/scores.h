// Element by element, scores and labels.

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
