// Norms: sharing the planes out among threads, and what is left to do for each channel.
#include "blocks.h"

#include <math.h>

static const fovea_norm_kernels *kernels_of(int32_t isa) {
#if defined(__x86_64__)
  if (isa == 2) return &fovea_norm_avx512;
  if (isa == 1) return &fovea_norm_avx2;
#endif
  return &fovea_norm_plain;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t blocks_of(const fovea_norm *n) { return (n->channels + 15) / 16; }

// Blocks of channels that are gone through twice before the next ones: few, so that they are found in a cache again,
// but enough for all threads.
static int64_t blocks_at_once(const fovea_norm *n) {
  const int64_t bytes = n->batch * n->plane * 64, planes = (2 * n->threads + n->batch - 1) / n->batch;
  const int64_t worth = ((int64_t)n->threads * (1 << 20) + bytes - 1) / bytes;
  return least(blocks_of(n), planes > worth ? planes : worth);
}

// By block of channels; then two vectors for each plane.
static fovea_norm_channels *channels_in(float *scratch) { return (fovea_norm_channels *)scratch; }
static float *parts_in(const fovea_norm *n, float *scratch) {
  return scratch + blocks_of(n) * (int64_t)(sizeof(fovea_norm_channels) / sizeof(float));
}

int64_t fovea_norm_scratch_count(const fovea_norm *n) {
  return blocks_of(n) * ((int64_t)(sizeof(fovea_norm_channels) / sizeof(float)) + n->batch * 32);
}

typedef struct {
  const fovea_norm *norm;
  const fovea_norm_kernels *kernels;
  fovea_norm_channels *channels;
  float *parts;
  const float *x, *y, *dy, *added;
  float *out, *dz;
  bool rectified;
  int mask;
  int64_t first, blocks;
} run;

// A thread's planes of the blocks at hand, as they lie in memory.
static void each_plane(const run *r, int64_t thread,
                       void (*body)(const run *, int64_t offset, int64_t block, float *part)) {
  const fovea_norm *n = r->norm;
  const int64_t all = r->blocks * n->batch;
  for (int64_t i = all * thread / n->threads; i < all * (thread + 1) / n->threads; i++) {
    const int64_t block = r->first + i % r->blocks, image = i / r->blocks;
    const int64_t offset = (image * blocks_of(n) + block) * n->plane * 16;
    body(r, offset, block, r->parts + (block * n->batch + image) * 32);
  }
}

static void plane_moments(const run *r, int64_t offset, int64_t block, float *part) {
  (void)block;
  r->kernels->moments(r->x + offset, r->norm->plane, part, part + 16);
}
static void plane_normalize(const run *r, int64_t offset, int64_t block, float *part) {
  (void)part;
  r->kernels->normalize(r->x + offset, r->added ? r->added + offset : NULL, r->norm->plane, r->channels + block,
                        r->rectified, r->out + offset);
}
static void plane_sums(const run *r, int64_t offset, int64_t block, float *part) {
  r->kernels->sums(r->mask, r->dy + offset, r->x + offset, r->y ? r->y + offset : NULL, r->norm->plane,
                   r->channels + block, r->dz ? r->dz + offset : NULL, part, part + 16);
}
static void plane_returned(const run *r, int64_t offset, int64_t block, float *part) {
  (void)part;
  // What was kept has passed the activation already.
  r->kernels->returned(r->dz ? FOVEA_NORM_OPEN : r->mask, (r->dz ? r->dz : r->dy) + offset, r->x + offset,
                       r->y ? r->y + offset : NULL, r->norm->plane, r->channels + block, r->out + offset);
}
static void run_moments(void *context, int64_t thread) { each_plane(context, thread, plane_moments); }
static void run_normalize(void *context, int64_t thread) { each_plane(context, thread, plane_normalize); }
static void run_sums(void *context, int64_t thread) { each_plane(context, thread, plane_sums); }
static void run_returned(void *context, int64_t thread) { each_plane(context, thread, plane_returned); }

// Mean and variance of a channel from those of its planes, which all have as many numbers.
static void join_moments(const run *r, int64_t channel, float *mean, float *variance) {
  const fovea_norm *n = r->norm;
  const float *part = r->parts + channel / 16 * n->batch * 32 + channel % 16;
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < n->batch; i++) sum += (double)part[i * 32];
  sum /= (double)n->batch;
  for (int64_t i = 0; i < n->batch; i++) {
    const double away = (double)part[i * 32] - sum;
    squares += (double)part[i * 32 + 16] + away * away * (double)n->plane;
  }
  *mean = (float)sum;
  *variance = (float)(squares / (double)(n->batch * n->plane));
}

// Padding stays zero whatever lies there.
static void set_channel(const run *r, int64_t channel, float mean, float variance, const float *scale,
                        const float *shift) {
  fovea_norm_channels *c = r->channels + channel / 16;
  const int64_t lane = channel % 16;
  const bool is_there = channel < r->norm->channels;
  c->mean[lane] = is_there ? mean : 0;
  c->factor[lane] = is_there ? scale[channel] / sqrtf(variance + r->norm->epsilon) : 0;
  c->shift[lane] = is_there && shift ? shift[channel] : 0;
}

void fovea_norm_forward(const fovea_norm *norm, const float *x, const float *scale, const float *shift,
                        const float *added, bool rectified, float *y, float *mean, float *variance, float *scratch) {
  run r = {.norm = norm, .kernels = kernels_of(norm->isa), .channels = channels_in(scratch), .x = x, .added = added};
  r.parts = parts_in(norm, scratch);
  r.out = y;
  r.rectified = rectified;
  const int64_t blocks = blocks_of(norm), at_once = blocks_at_once(norm);
  for (r.first = 0; r.first < blocks; r.first += at_once) {
    r.blocks = least(at_once, blocks - r.first);
    fovea_blocks_parallel(norm->threads, run_moments, &r);
    for (int64_t c = r.first * 16; c < (r.first + r.blocks) * 16; c++) {
      if (c < norm->channels) join_moments(&r, c, mean + c, variance + c);
      set_channel(&r, c, c < norm->channels ? mean[c] : 0, c < norm->channels ? variance[c] : 0, scale, shift);
    }
    fovea_blocks_parallel(norm->threads, run_normalize, &r);
  }
}

void fovea_norm_backward(const fovea_norm *norm, const float *dy, const float *x, const float *y, int mask,
                         const float *scale, const float *shift, const float *mean, const float *variance, float *dz,
                         float *dx, float *dscale, float *dshift, float *scratch) {
  run r = {.norm = norm, .kernels = kernels_of(norm->isa), .channels = channels_in(scratch), .x = x, .y = y, .dy = dy};
  r.parts = parts_in(norm, scratch);
  r.out = dx;
  r.dz = dz;
  r.mask = mask;
  const int64_t blocks = blocks_of(norm), at_once = blocks_at_once(norm);
  const double count = (double)(norm->batch * norm->plane);
  for (r.first = 0; r.first < blocks; r.first += at_once) {
    r.blocks = least(at_once, blocks - r.first);
    for (int64_t c = r.first * 16; c < (r.first + r.blocks) * 16; c++) {
      set_channel(&r, c, c < norm->channels ? mean[c] : 0, c < norm->channels ? variance[c] : 0, scale, shift);
    }
    fovea_blocks_parallel(norm->threads, run_sums, &r);
    for (int64_t c = r.first * 16; c < (r.first + r.blocks) * 16; c++) {
      fovea_norm_channels *own = r.channels + c / 16;
      own->share[c % 16] = own->slope[c % 16] = 0;
      if (c >= norm->channels) continue;
      const float *part = r.parts + c / 16 * norm->batch * 32 + c % 16;
      double sum = 0, product = 0;
      for (int64_t i = 0; i < norm->batch; i++) {
        sum += (double)part[i * 32];
        product += (double)part[i * 32 + 16];
      }
      const double inverse = 1 / sqrt((double)variance[c] + (double)norm->epsilon);
      dscale[c] = (float)(product * inverse);
      dshift[c] = (float)sum;
      own->share[c % 16] = (float)(sum / count);
      own->slope[c % 16] = (float)(product * inverse * inverse / count);
    }
    fovea_blocks_parallel(norm->threads, run_returned, &r);
  }
}
