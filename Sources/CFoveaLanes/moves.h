// Between examples side by side and examples one after the other.

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
