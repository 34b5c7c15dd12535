// Pooling.

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
