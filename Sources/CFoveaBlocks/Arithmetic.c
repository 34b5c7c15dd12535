// Chains of operations number by number: sharing the tiles out among threads, reading and writing them.
#include "blocks.h"

// Numbers of a tile: a dozen registers of them stay in the first cache.
enum { TILE = 512, REGISTERS = 64 };
// Numbers that are worth a thread of their own.
enum { WORTH = 8192 };

static const fovea_arithmetic_kernels *kernels_of(int32_t isa) {
#if defined(__x86_64__)
  if (isa == 2) return &fovea_arithmetic_avx512;
  if (isa == 1) return &fovea_arithmetic_avx2;
#endif
  return &fovea_arithmetic_plain;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t threads_of(const fovea_arithmetic *c) {
  const int64_t worth = c->count / WORTH + 1;
  return least(c->threads, worth);
}
static int64_t thread_floats(const fovea_arithmetic *c) { return (int64_t)c->register_count * TILE; }

int64_t fovea_arithmetic_scratch_count(const fovea_arithmetic *c) {
  // A sum of each thread in a cache line of its own.
  return threads_of(c) * (thread_floats(c) + 16);
}

typedef struct {
  const fovea_arithmetic *chain;
  const fovea_arithmetic_kernels *kernels;
  const void *const *operands;
  void *result;
  float *scratch;
  int64_t threads;
} run;

static bool is_single(const fovea_arithmetic *c, const fovea_arithmetic_operand *o) {
  if (o->is_full) return false;
  for (int32_t i = 0; i < c->axes; i++) {
    if (o->strides[i] && c->extents[i] > 1) return false;
  }
  return true;
}

static float element(const void *from, int32_t type, int64_t at) {
  return type == FOVEA_TRUTHS ? ((const uint8_t *)from)[at] != 0 : ((const float *)from)[at];
}

// Elements of a row that lie `stride` apart.
static void read_row(const void *from, int32_t type, int64_t at, int64_t stride, int64_t n, float *to) {
  if (n <= 0) return;
  if (stride == 0) {
    const float value = element(from, type, at);
    for (int64_t i = 0; i < n; i++) to[i] = value;
  } else if (type == FOVEA_TRUTHS) {
    for (int64_t i = 0; i < n; i++) to[i] = ((const uint8_t *)from)[at + i * stride] != 0;
  } else if (stride == 1) {
    memcpy(to, (const float *)from + at, (size_t)n * sizeof(float));
  } else {
    for (int64_t i = 0; i < n; i++) to[i] = ((const float *)from)[at + i * stride];
  }
}

// The part of an operand that belongs to `n` numbers of the result from `start`, along the axes' strides.
static void walk(const fovea_arithmetic *c, const fovea_arithmetic_operand *o, const void *from, int64_t start,
                 int64_t n, float *to) {
  int64_t place[FOVEA_ARITHMETIC_AXES], at = 0, linear = start;
  const int32_t last = c->axes - 1;
  for (int32_t i = last; i >= 0; i--) {
    place[i] = start % c->extents[i];
    start /= c->extents[i];
    at += place[i] * o->strides[i];
  }
  while (n > 0) {
    const int64_t row = least(n, c->extents[last] - place[last]);
    // An operand has no numbers for the channels that fill up the last block.
    const bool is_last = c->lanes && linear / c->plane % c->blocks == c->blocks - 1;
    const int64_t there = !is_last ? row : least(row, c->lanes > place[last] ? c->lanes - place[last] : 0);
    read_row(from, o->type, at, o->strides[last], there, to);
    for (int64_t i = there; i < row; i++) to[i] = 0;
    linear += row;
    to += row;
    n -= row;
    at -= place[last] * o->strides[last];
    place[last] = 0;
    for (int32_t i = last - 1; i >= 0; i--) {
      at += o->strides[i];
      if (++place[i] < c->extents[i]) break;
      at -= place[i] * o->strides[i];
      place[i] = 0;
    }
  }
}

// The places that fill up the last block of channels.
static void clear_padding(const fovea_arithmetic *c, int64_t start, int64_t n, float *tile) {
  for (int64_t plane = start / c->plane; plane * c->plane < start + n; plane++) {
    if (plane % c->blocks != c->blocks - 1) continue;
    const int64_t first = plane * c->plane < start ? start : plane * c->plane;
    const int64_t end = least((plane + 1) * c->plane, start + n);
    for (int64_t i = first; i < end; i += 16) {
      for (int64_t lane = c->lanes; lane < 16; lane++) tile[i - start + lane] = 0;
    }
  }
}

// Where the part of an operand lies; read into its register unless it can be read where it is.
static float *tile_of(const run *r, int32_t index, int64_t start, int64_t n, float *own) {
  const fovea_arithmetic_operand *o = &r->chain->operands[index];
  const void *from = r->operands[index];
  if (!o->is_full) {
    if (!is_single(r->chain, o)) walk(r->chain, o, from, start, n, own);
  } else if (o->type == FOVEA_NARROW_NUMBERS) {
    r->kernels->widen((const uint16_t *)from + start, n, own);
  } else if (o->type == FOVEA_TRUTHS) {
    r->kernels->from_truths((const uint8_t *)from + start, n, own);
  } else if (n % 16 == 0) {
    return (float *)from + start;
  } else {
    memcpy(own, (const float *)from + start, (size_t)n * sizeof(float));
  }
  return own;
}

static void write_tile(const run *r, int64_t start, int64_t n, const float *tile) {
  const fovea_arithmetic *c = r->chain;
  if (c->result_type == FOVEA_NARROW_NUMBERS) {
    r->kernels->narrow(tile, n, (uint16_t *)r->result + start);
  } else if (c->result_type == FOVEA_TRUTHS) {
    r->kernels->to_truths(tile, n, (uint8_t *)r->result + start);
  } else if (tile != (float *)r->result + start) {
    memcpy((float *)r->result + start, tile, (size_t)n * sizeof(float));
  }
}

static void thread_body(void *context, int64_t thread) {
  const run *r = context;
  const fovea_arithmetic *c = r->chain;
  float *own = r->scratch + thread * thread_floats(c);
  float *registers[REGISTERS];
  for (int32_t i = 0; i < c->register_count; i++) registers[i] = own + (int64_t)i * TILE;
  for (int32_t i = 0; i < c->operand_count; i++) {
    const fovea_arithmetic_operand *o = &c->operands[i];
    if (is_single(c, o)) read_row(r->operands[i], o->type, 0, 0, TILE, registers[o->into]);
  }
  const int64_t tiles = (c->count + TILE - 1) / TILE;
  const fovea_arithmetic_step *last = &c->steps[c->step_count - 1];
  const fovea_arithmetic_step final = {last->op, 0, 1, 2, 3, last->alpha, last->beta};
  double sum = 0;
  for (int64_t t = tiles * thread / r->threads; t < tiles * (thread + 1) / r->threads; t++) {
    const int64_t start = t * TILE, n = least(TILE, c->count - start), whole = (n + 15) / 16 * 16;
    for (int32_t i = 0; i < c->operand_count; i++) {
      const int32_t into = c->operands[i].into;
      registers[into] = tile_of(r, i, start, n, own + (int64_t)into * TILE);
    }
    for (int32_t i = 0; i < c->step_count - 1; i++) r->kernels->step(&c->steps[i], registers, whole);
    // The last operation writes where the result lies, which may be where an operand was.
    const bool is_direct = !c->is_sum && c->result_type == FOVEA_NUMBERS && n == whole;
    float *target = is_direct ? (float *)r->result + start : registers[last->to];
    float *views[4] = {target, registers[last->a], registers[last->b], registers[last->c]};
    r->kernels->step(&final, views, whole);
    if (c->lanes) clear_padding(c, start, n, target);
    if (c->is_sum) {
      for (int64_t i = n; i < whole; i++) target[i] = 0;
      sum += r->kernels->sum(target, whole);
    } else {
      write_tile(r, start, n, target);
    }
  }
  double *sums = (double *)(r->scratch + r->threads * thread_floats(c));
  sums[thread * 8] = sum;
}

void fovea_arithmetic_run(const fovea_arithmetic *chain, const void *const *operands, void *result, float *scratch) {
  run r = {chain, kernels_of(chain->isa), operands, result, scratch, threads_of(chain)};
  fovea_blocks_parallel(r.threads, thread_body, &r);
  if (!chain->is_sum) return;
  const double *sums = (const double *)(scratch + r.threads * thread_floats(chain));
  double sum = 0;
  for (int64_t i = 0; i < r.threads; i++) sum += sums[i * 8];
  *(float *)result = (float)(sum * chain->factor);
}
