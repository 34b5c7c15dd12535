// Max pooling: windows and the taps of each that meet numbers, shared out among threads.
#include "blocks.h"

// Taps of a window whose places are kept in a list; more are gone through in parts.
enum { TAPS = 256 };
// Inner numbers of a thread's share.
enum { CHUNK = 64 };

static const fovea_pool_kernels *kernels_of(int32_t isa) {
#if defined(__x86_64__)
  if (isa == 2) return &fovea_pool_avx512;
  if (isa == 1) return &fovea_pool_avx2;
#endif
  return &fovea_pool_plain;
}

typedef struct {
  const fovea_max_pool *pool;
  const fovea_pool_kernels *kernels;
  const float *x, *dy;
  float *y, *dx;
  uint8_t *winners;
  const uint8_t *won;
} run;

typedef struct {
  int64_t first, last;
} range;

// The taps of a window along an axis that meet numbers.
static range taps_of(const fovea_max_pool *p, int axis, int64_t place) {
  const int64_t start = place * p->strides[axis] - p->pad[axis], step = p->dilations[axis];
  const int64_t first = start >= 0 ? 0 : (-start + step - 1) / step, left = p->in[axis] - start;
  const int64_t fit = left <= 0 ? 0 : (left + step - 1) / step;
  const range taps = {first, fit < p->kernel[axis] ? fit : p->kernel[axis]};
  return taps;
}

// Lists where the numbers of a window lie, from the plane's begin, and which taps they are.
static int64_t list_taps(const fovea_max_pool *p, const int64_t *place, int64_t *offsets, uint8_t *names) {
  const range d = taps_of(p, 0, place[0]), h = taps_of(p, 1, place[1]), w = taps_of(p, 2, place[2]);
  int64_t count = 0, at[3];
  for (int64_t i = d.first; i < d.last; i++) {
    at[0] = place[0] * p->strides[0] - p->pad[0] + i * p->dilations[0];
    for (int64_t j = h.first; j < h.last; j++) {
      at[1] = place[1] * p->strides[1] - p->pad[1] + j * p->dilations[1];
      for (int64_t k = w.first; k < w.last; k++) {
        at[2] = place[2] * p->strides[2] - p->pad[2] + k * p->dilations[2];
        offsets[count] = ((at[0] * p->in[1] + at[1]) * p->in[2] + at[2]) * p->inner;
        names[count++] = (uint8_t)((i * p->kernel[1] + j) * p->kernel[2] + k);
      }
    }
  }
  return count;
}

static void windows(const run *r, int64_t plane, int64_t lane, int64_t lanes) {
  const fovea_max_pool *p = r->pool;
  const int64_t inputs = p->in[0] * p->in[1] * p->in[2] * p->inner;
  int64_t offsets[TAPS], place[3], at = plane * p->out[0] * p->out[1] * p->out[2] * p->inner + lane;
  uint8_t names[TAPS];
  for (place[0] = 0; place[0] < p->out[0]; place[0]++) {
    for (place[1] = 0; place[1] < p->out[1]; place[1]++) {
      for (place[2] = 0; place[2] < p->out[2]; place[2]++, at += p->inner) {
        const int64_t taps = list_taps(p, place, offsets, names);
        if (r->dy) {
          r->kernels->window_back(r->dy + at, r->won + at, offsets, names, taps, lanes, r->dx + plane * inputs + lane);
        } else {
          r->kernels->window(r->x + plane * inputs + lane, offsets, names, taps, lanes, r->y + at,
                             r->winners ? r->winners + at : NULL);
        }
      }
    }
  }
}

// Windows that see a tap: from the first place to behind the last.
static range places_of(const fovea_max_pool *p, int64_t tap) {
  const int64_t shift = tap * p->dilations[2] - p->pad[2], step = p->strides[2], left = p->in[2] - shift;
  const int64_t first = shift >= 0 ? 0 : (-shift + step - 1) / step, fit = left <= 0 ? 0 : (left + step - 1) / step;
  const range places = {first, fit < p->out[2] ? fit : p->out[2]};
  return places;
}

// Where a place has one number, windows side by side are gone through together, tap by tap.
static void rows(const run *r, int64_t plane) {
  const fovea_max_pool *p = r->pool;
  const float *x = r->x + plane * p->in[0] * p->in[1] * p->in[2];
  int64_t at = plane * p->out[0] * p->out[1] * p->out[2];
  for (int64_t d = 0; d < p->out[0]; d++) {
    const range deep = taps_of(p, 0, d);
    for (int64_t h = 0; h < p->out[1]; h++, at += p->out[2]) {
      const range high = taps_of(p, 1, h);
      float *y = r->y + at;
      uint8_t *winners = r->winners ? r->winners + at : NULL;
      for (int64_t i = 0; i < p->out[2]; i++) y[i] = -INFINITY;
      // The first tap that meets a number, should all be as small as numbers get.
      for (int64_t i = 0; winners && i < p->out[2]; i++) {
        winners[i] = (uint8_t)((deep.first * p->kernel[1] + high.first) * p->kernel[2] + taps_of(p, 2, i).first);
      }
      for (int64_t i = deep.first; i < deep.last; i++) {
        const int64_t xd = d * p->strides[0] - p->pad[0] + i * p->dilations[0];
        for (int64_t j = high.first; j < high.last; j++) {
          const int64_t xh = h * p->strides[1] - p->pad[1] + j * p->dilations[1];
          const float *row = x + (xd * p->in[1] + xh) * p->in[2];
          for (int64_t k = 0; k < p->kernel[2]; k++) {
            const range seen = places_of(p, k);
            const int64_t shift = k * p->dilations[2] - p->pad[2];
            if (seen.last <= seen.first) continue;
            r->kernels->row(row + seen.first * p->strides[2] + shift, p->strides[2], seen.last - seen.first,
                            (int)((i * p->kernel[1] + j) * p->kernel[2] + k), y + seen.first,
                            winners ? winners + seen.first : NULL);
          }
        }
      }
    }
  }
}

static void thread_body(void *context, int64_t thread) {
  const run *r = context;
  const fovea_max_pool *p = r->pool;
  const int64_t chunks = (p->inner + CHUNK - 1) / CHUNK, all = p->outer * chunks;
  for (int64_t i = all * thread / p->threads; i < all * (thread + 1) / p->threads; i++) {
    const int64_t lane = i % chunks * CHUNK, left = p->inner - lane;
    if (p->inner == 1 && !r->dy) {
      rows(r, i);
    } else {
      windows(r, i / chunks, lane, left < CHUNK ? left : CHUNK);
    }
  }
}

void fovea_max_pool_forward(const fovea_max_pool *pool, const float *x, float *y, uint8_t *winners) {
  run r = {.pool = pool, .kernels = kernels_of(pool->isa), .x = x, .y = y, .winners = winners};
  fovea_blocks_parallel(pool->threads, thread_body, &r);
}

void fovea_max_pool_backward(const fovea_max_pool *pool, const float *dy, const uint8_t *winners, float *dx) {
  run r = {.pool = pool, .kernels = kernels_of(pool->isa), .dy = dy, .dx = dx, .won = winners};
  memset(dx, 0, (size_t)(pool->outer * pool->in[0] * pool->in[1] * pool->in[2] * pool->inner) * sizeof(float));
  fovea_blocks_parallel(pool->threads, thread_body, &r);
}
