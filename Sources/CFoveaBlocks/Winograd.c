// Sharing the work out among blocks of tiles, groups of channels, and threads.
#include "winograd.h"

static const fovea_winograd_kernels *kernels_of(int32_t isa) {
#if defined(__x86_64__)
  if (isa == 2) return &fovea_winograd_avx512;
  if (isa == 1) return &fovea_winograd_avx2;
#endif
  return &fovea_winograd_plain;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t rounded(int64_t a, int64_t unit) { return (a + unit - 1) / unit * unit; }
static int64_t part(int64_t count, int64_t index, int64_t parts) { return count * index / parts; }

// - most: tiles of a block.
static sizes sizes_of(const fovea_winograd *p, int64_t most) {
  sizes s = {.problem = *p, .made = 7 - p->taps};
  s.tile_rows = rounded(p->out_height, s.made) / s.made;
  s.tile_columns = rounded(p->out_width, s.made) / s.made;
  s.tiles = p->batch * s.tile_rows * s.tile_columns;
  s.from_blocks = rounded(p->from, 16) / 16;
  s.to_blocks = rounded(p->to, 16) / 16;
  s.groups = rounded(s.to_blocks, GROUP) / GROUP;
  s.block = rounded(least(s.tiles, most), 12);
  // The odd 16 keep points out of each other's places in the cache.
  s.weight_stride = s.from_blocks * 16 * s.to_blocks * 16 + 16;
  s.picture_stride = s.from_blocks * s.block * 16 + 16;
  s.sum_stride = GROUP * s.block * 16 + 16;
  s.gradient_stride = s.groups * GROUP * s.block * 16 + 16;
  return s;
}

// Few tiles keep their transforms near the processor; many read less of the weights, which each block reads once. In
// between speed hardly depends on it: these were the best of 12 to 256 on a processor with 1 MB of cache a core.
static sizes forward_sizes(const fovea_winograd *p) {
  return sizes_of(p, p->from * p->to > 256 * 256 ? 144 : p->from <= 64 ? 72 : 48);
}

// Here each block reads and writes the sums of the weights' size.
static sizes gradient_sizes(const fovea_winograd *p) { return sizes_of(p, p->from * p->to > 256 * 256 ? 72 : 36); }

// Whether threads share out groups of channels instead of tiles: where each would have few tiles for many weights.
static bool shares_groups(const sizes *s) {
  const int64_t threads = s->problem.threads;
  return threads > 1 && s->groups >= threads &&
         (s->tiles < 12 * threads || (s->tiles < 2 * s->block * threads && s->weight_stride > 128 * 128));
}

int64_t fovea_winograd_weight_count(const fovea_winograd *problem) {
  return POINTS * sizes_of(problem, 12).weight_stride;
}

int64_t fovea_winograd_scratch_count(const fovea_winograd *problem) {
  const sizes s = forward_sizes(problem);
  const int64_t pictures = shares_groups(&s) ? 1 : problem->threads;
  return s.to_blocks * 16 + POINTS * (pictures * s.picture_stride + problem->threads * s.sum_stride);
}

int64_t fovea_winograd_gradient_scratch_count(const fovea_winograd *problem) {
  const sizes s = gradient_sizes(problem);
  return s.to_blocks * 16 + POINTS * (s.picture_stride + s.gradient_stride + s.weight_stride);
}

// What the threads of one run read.
typedef struct {
  sizes s;
  const fovea_winograd_kernels *kernels;
  const float *x, *transformed, *dy;
  const fovea_winograd_after *after;
  const fovea_winograd_order *order;
  const float *bias;
  float *y, *pictures, *sums, *gradients, *made, *dbias;
  int64_t first, count;
  bool padded;
} run;

// MARK: Weights

static void run_weights(void *context, int64_t thread) {
  const run *r = context;
  const int64_t all = r->s.groups * r->s.from_blocks, threads = r->s.problem.threads;
  for (int64_t i = part(all, thread, threads); i < part(all, thread + 1, threads); i++) {
    r->kernels->weights(&r->s, r->x, r->order, i / r->s.from_blocks, i % r->s.from_blocks, r->made);
  }
}

void fovea_winograd_weights(const fovea_winograd *problem, const float *weights, const fovea_winograd_order *order,
                            float *transformed) {
  run r = {.s = sizes_of(problem, 12), .kernels = kernels_of(problem->isa), .x = weights, .order = order};
  r.made = transformed;
  fovea_blocks_parallel(problem->threads, run_weights, &r);
}

// MARK: The convolution

static void run_group(const run *r, const float *pictures, int64_t first, int64_t count, int64_t group, float *sums) {
  for (int64_t point = 0; point < POINTS; point++) {
    r->kernels->products(&r->s, pictures, r->transformed, count, group, point, sums);
  }
  r->kernels->results(&r->s, sums, first, count, group, r->after, r->bias, r->y);
}

// A thread's share of the tiles, block by block.
static void run_tiles(void *context, int64_t thread) {
  const run *r = context;
  const int64_t threads = r->s.problem.threads;
  const int64_t begin = part(r->s.tiles, thread, threads), end = part(r->s.tiles, thread + 1, threads);
  const int64_t blocks = rounded(end - begin, r->s.block) / r->s.block;
  float *pictures = r->pictures + thread * POINTS * r->s.picture_stride;
  float *sums = r->sums + thread * POINTS * r->s.sum_stride;
  for (int64_t b = 0; b < blocks; b++) {
    const int64_t first = begin + part(end - begin, b, blocks), next = begin + part(end - begin, b + 1, blocks);
    r->kernels->pictures(&r->s, r->x, first, next - first, 0, r->s.from_blocks, pictures);
    for (int64_t group = 0; group < r->s.groups; group++) run_group(r, pictures, first, next - first, group, sums);
  }
}

static void run_pictures(void *context, int64_t thread) {
  const run *r = context;
  const int64_t threads = r->s.problem.threads;
  r->kernels->pictures(&r->s, r->x, r->first, r->count, part(r->s.from_blocks, thread, threads),
                       part(r->s.from_blocks, thread + 1, threads), r->pictures);
}

static void run_groups(void *context, int64_t thread) {
  const run *r = context;
  const int64_t threads = r->s.problem.threads;
  float *sums = r->sums + thread * POINTS * r->s.sum_stride;
  for (int64_t group = part(r->s.groups, thread, threads); group < part(r->s.groups, thread + 1, threads); group++) {
    run_group(r, r->pictures, r->first, r->count, group, sums);
  }
}

void fovea_winograd_run(const fovea_winograd *problem, const float *x, const float *transformed,
                        const fovea_winograd_after *after, float *y, float *scratch) {
  run r = {.s = forward_sizes(problem), .kernels = kernels_of(problem->isa), .x = x, .transformed = transformed};
  r.after = after;
  r.y = y;
  const bool in_groups = shares_groups(&r.s);
  float *bias = scratch;
  r.pictures = scratch + r.s.to_blocks * 16;
  r.sums = r.pictures + (in_groups ? 1 : problem->threads) * POINTS * r.s.picture_stride;
  if (after->bias) {
    // The padding stays zero.
    memset(bias, 0, (size_t)r.s.to_blocks * 16 * sizeof(float));
    memcpy(bias, after->bias, (size_t)problem->to * sizeof(float));
    r.bias = bias;
  }
  if (!in_groups) {
    fovea_blocks_parallel(problem->threads, run_tiles, &r);
    return;
  }
  const int64_t blocks = rounded(r.s.tiles, r.s.block) / r.s.block;
  for (int64_t b = 0; b < blocks; b++) {
    r.first = part(r.s.tiles, b, blocks);
    r.count = part(r.s.tiles, b + 1, blocks) - r.first;
    fovea_blocks_parallel(problem->threads, run_pictures, &r);
    fovea_blocks_parallel(problem->threads, run_groups, &r);
  }
}

// MARK: The weights' gradient

static void run_both_pictures(void *context, int64_t thread) {
  const run *r = context;
  const int64_t threads = r->s.problem.threads, from = r->s.from_blocks, all = from + r->s.to_blocks;
  const int64_t begin = part(all, thread, threads), end = part(all, thread + 1, threads);
  if (begin < from) r->kernels->pictures(&r->s, r->x, r->first, r->count, begin, least(end, from), r->pictures);
  if (end > from) {
    r->kernels->gradients(&r->s, r->dy, r->first, r->count, begin > from ? begin - from : 0, end - from, r->gradients,
                          r->dbias);
  }
}

static void run_outer(void *context, int64_t thread) {
  const run *r = context;
  const int64_t all = r->s.groups * POINTS, threads = r->s.problem.threads;
  for (int64_t i = part(all, thread, threads); i < part(all, thread + 1, threads); i++) {
    r->kernels->outer(&r->s, r->pictures, r->gradients, r->count, i / POINTS, i % POINTS, r->first > 0, r->sums);
  }
}

static void run_weight_results(void *context, int64_t thread) {
  const run *r = context;
  const int64_t all = r->s.groups * r->s.from_blocks, threads = r->s.problem.threads;
  for (int64_t i = part(all, thread, threads); i < part(all, thread + 1, threads); i++) {
    r->kernels->weight_results(&r->s, r->sums, r->order, r->padded, i / r->s.from_blocks, i % r->s.from_blocks,
                               r->made);
  }
}

void fovea_winograd_gradient(const fovea_winograd *problem, const float *x, const float *dy,
                             const fovea_winograd_order *order, bool padded, float *dw, float *dbias, float *scratch) {
  run r = {.s = gradient_sizes(problem), .kernels = kernels_of(problem->isa), .x = x, .dy = dy, .order = order};
  float *bias = scratch;
  r.made = dw;
  r.padded = padded;
  r.pictures = scratch + r.s.to_blocks * 16;
  r.gradients = r.pictures + POINTS * r.s.picture_stride;
  r.sums = r.gradients + POINTS * r.s.gradient_stride;
  if (dbias) {
    memset(bias, 0, (size_t)r.s.to_blocks * 16 * sizeof(float));
    r.dbias = bias;
  }
  const int64_t blocks = rounded(r.s.tiles, r.s.block) / r.s.block;
  for (int64_t b = 0; b < blocks; b++) {
    r.first = part(r.s.tiles, b, blocks);
    r.count = part(r.s.tiles, b + 1, blocks) - r.first;
    fovea_blocks_parallel(problem->threads, run_both_pictures, &r);
    fovea_blocks_parallel(problem->threads, run_outer, &r);
  }
  fovea_blocks_parallel(problem->threads, run_weight_results, &r);
  if (dbias) memcpy(dbias, bias, (size_t)problem->to * sizeof(float));
}
