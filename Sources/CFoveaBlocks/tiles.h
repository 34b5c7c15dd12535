// Tiles of pictures: to the points and back.

// Where a tile stands.
typedef struct {
  int64_t image, row, column;
} place;

INLINE place place_of(const sizes *s, int64_t tile) {
  const int64_t in_image = s->tile_rows * s->tile_columns, rest = tile % in_image;
  return (place){tile / in_image, rest / s->tile_columns, rest % s->tile_columns};
}

INLINE void step(const sizes *s, place *at) {
  if (++at->column < s->tile_columns) return;
  at->column = 0;
  if (++at->row < s->tile_rows) return;
  at->row = 0;
  at->image++;
}

// The part of `count` places from `at` on that lies within `extent`.
INLINE void clip(int64_t at, int64_t count, int64_t extent, int64_t *begin, int64_t *end) {
  *begin = at < 0 ? (-at < count ? -at : count) : 0;
  *end = at + count <= extent ? count : (extent > at ? extent - at : 0);
}

static void pictures(const sizes *s, const float *x, int64_t first, int64_t count, int64_t begin, int64_t end,
                     float *tiles) {
  const fovea_winograd *p = &s->problem;
  const int64_t row = p->in_width * 16, plane = p->in_height * row;
  // Tiles inside blocks: so that one is written beside the one before, at each of the points.
  for (int64_t b = begin; b < end; b++) {
    place at = place_of(s, first);
    for (int64_t t = 0; t < count; t++, step(s, &at)) {
      const int64_t top = at.row * s->made - p->pad_top, left = at.column * s->made - p->pad_left;
      int64_t top_begin, top_end, left_begin, left_end;
      clip(top, 6, p->in_height, &top_begin, &top_end);
      clip(left, 6, p->in_width, &left_begin, &left_end);
      const bool whole = top_end - top_begin == 6 && left_end - left_begin == 6;
      const float *in = x + (at.image * s->from_blocks + b) * plane;
      float *out = tiles + (b * s->block + t) * 16;
      vf half[6][6];
      for (int j = 0; j < 6; j++) {
        vf column[6], made[6];
        if (whole) {
          for (int i = 0; i < 6; i++) column[i] = load(in + (top + i) * row + (left + j) * 16);
        } else {
          const bool inside = j >= left_begin && j < left_end;
          for (int i = 0; i < 6; i++) {
            const bool is_there = inside && i >= top_begin && i < top_end;
            column[i] = is_there ? load(in + (top + i) * row + (left + j) * 16) : (vf)(0.0f);
          }
        }
        transform_picture(column, made);
        for (int i = 0; i < 6; i++) {
          half[i][j] = made[i];
          __builtin_prefetch(out + (i * 6 + j) * s->picture_stride + 32, 1);
        }
      }
      for (int i = 0; i < 6; i++) {
        vf made[6];
        transform_picture(half[i], made);
        for (int j = 0; j < 6; j++) store(out + (i * 6 + j) * s->picture_stride, made[j]);
      }
    }
  }
}

INLINE void results_of(const int made, const sizes *s, const float *sums, int64_t first, int64_t count, int64_t group,
                       const fovea_winograd_after *after, const float *bias, float *y) {
  const fovea_winograd *p = &s->problem;
  const int64_t row = p->out_width * 16, plane = p->out_height * row, width = group_width(s, group);
  place at = place_of(s, first);
  for (int64_t t = 0; t < count; t++, step(s, &at)) {
    const int64_t top = at.row * made, left = at.column * made;
    const int64_t rows = p->out_height - top < made ? p->out_height - top : made;
    const int64_t columns = p->out_width - left < made ? p->out_width - left : made;
    for (int64_t v = 0; v < width; v++) {
      const int64_t block = group * GROUP + v;
      const float *in = sums + (t * width + v) * 16;
      vf half[4][6];
      for (int j = 0; j < 6; j++) {
        vf column[6], found[4];
        for (int i = 0; i < 6; i++) column[i] = load(in + (i * 6 + j) * s->sum_stride);
        from_points(made, false, column, found);
        for (int i = 0; i < made; i++) half[i][j] = found[i];
      }
      const int64_t offset = (at.image * s->to_blocks + block) * plane + top * row + left * 16;
      const vf constant = bias ? load(bias + block * 16) : (vf)(0.0f);
      for (int i = 0; i < made; i++) {
        if (i >= rows) break;
        vf found[4];
        from_points(made, false, half[i], found);
        for (int j = 0; j < made; j++) {
          if (j >= columns) break;
          const int64_t place = offset + i * row + j * 16;
          vf value = found[j] + constant;
          if (after->added) value += load(after->added + place);
          // Keeps what is no number.
          if (after->rectified) value = value < (vf)(0.0f) ? value * after->slope : value;
          store(y + place, value);
        }
      }
    }
  }
}

static void results(const sizes *s, const float *sums, int64_t first, int64_t count, int64_t group,
                    const fovea_winograd_after *after, const float *bias, float *y) {
  if (s->made == 4) results_of(4, s, sums, first, count, group, after, bias, y);
  else results_of(2, s, sums, first, count, group, after, bias, y);
}

INLINE void gradients_of(const int made, const sizes *s, const float *dy, int64_t first, int64_t count, int64_t begin,
                         int64_t end, float *tiles, float *bias) {
  const fovea_winograd *p = &s->problem;
  const int64_t row = p->out_width * 16, plane = p->out_height * row;
  for (int64_t b = begin; b < end; b++) {
    const int64_t group = b / GROUP, width = group_width(s, group);
    vf all = (vf)(0.0f);
    place at = place_of(s, first);
    for (int64_t t = 0; t < count; t++, step(s, &at)) {
      const int64_t top = at.row * made, left = at.column * made;
      const int64_t rows = p->out_height - top, columns = p->out_width - left;
      const float *in = dy + (at.image * s->to_blocks + b) * plane + top * row + left * 16;
      vf half[6][4], sum = (vf)(0.0f);
      for (int j = 0; j < made; j++) {
        vf column[4], found[6];
        for (int i = 0; i < made; i++) {
          column[i] = i < rows && j < columns ? load(in + i * row + j * 16) : (vf)(0.0f);
          sum += column[i];
        }
        at_points(made, false, column, found);
        for (int i = 0; i < 6; i++) half[i][j] = found[i];
      }
      all += sum;
      float *out = tiles + group_gradients(s, group) + (t * width + b % GROUP) * 16;
      for (int i = 0; i < 6; i++) {
        vf found[6];
        at_points(made, false, half[i], found);
        for (int j = 0; j < 6; j++) store(out + (i * 6 + j) * s->gradient_stride, found[j]);
      }
    }
    if (bias) store(bias + b * 16, load(bias + b * 16) + all);
  }
}

static void gradients(const sizes *s, const float *dy, int64_t first, int64_t count, int64_t begin, int64_t end,
                      float *tiles, float *bias) {
  if (s->made == 4) gradients_of(4, s, dy, first, count, begin, end, tiles, bias);
  else gradients_of(2, s, dy, first, count, begin, end, tiles, bias);
}
