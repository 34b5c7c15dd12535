// Sizes and kernels of Winograd's way.
#pragma once
#include "blocks.h"

enum {
  POINTS = 36,
  // Vectors of 16 output channels that a product makes together.
  GROUP = 4,
};

// Sizes that follow from a problem.
typedef struct {
  fovea_winograd problem;
  // Results of a tile along an axis.
  int64_t made;
  int64_t tile_rows, tile_columns, tiles;
  // Blocks of 16 channels, and groups of GROUP blocks.
  int64_t from_blocks, to_blocks, groups;
  // Floats from point to point: of transformed weights, of pictures, of sums of one group, of gradients.
  int64_t weight_stride, picture_stride, sum_stride, gradient_stride;
  // Tiles of a block.
  int64_t block;
} sizes;

// The vectors of a group, and where its weights or gradients begin behind those of the groups before it.
static inline int64_t group_width(const sizes *s, int64_t group) {
  const int64_t left = s->to_blocks - group * GROUP;
  return left < GROUP ? left : GROUP;
}
static inline int64_t group_weights(const sizes *s, int64_t group) { return group * GROUP * 16 * s->from_blocks * 16; }
static inline int64_t group_gradients(const sizes *s, int64_t group) { return group * GROUP * 16 * s->block; }

// The kernels of an instruction set. Blocks of channels from `begin` to before `end`; `first` is a tile of the whole
// problem, `count` tiles from there are one block.
typedef struct {
  // Transforms the weights of one group that read the channels of one block.
  void (*weights)(const sizes *, const float *weights, const fovea_winograd_order *, int64_t group, int64_t from_block,
                  float *transformed);
  // x → transformed tiles [point][block][tile][16].
  void (*pictures)(const sizes *, const float *x, int64_t first, int64_t count, int64_t begin, int64_t end,
                   float *tiles);
  // Tiles times weights of one group at one point → sums [point][tile][vectors of the group][16].
  void (*products)(const sizes *, const float *tiles, const float *transformed, int64_t count, int64_t group,
                   int64_t point, float *sums);
  // Sums of one group → y.
  void (*results)(const sizes *, const float *sums, int64_t first, int64_t count, int64_t group,
                  const fovea_winograd_after *after, const float *bias, float *y);
  // dy → transformed tiles [point][group][tile][vectors of the group][16]; `bias` grows by its sums unless NULL.
  void (*gradients)(const sizes *, const float *dy, int64_t first, int64_t count, int64_t begin, int64_t end,
                    float *tiles, float *bias);
  // Products of tiles, summed over the block → sums like transformed weights, set or added to.
  void (*outer)(const sizes *, const float *pictures, const float *gradients, int64_t count, int64_t group,
                int64_t point, bool adds, float *sums);
  // Such sums of one group for the channels of one block → dw.
  void (*weight_results)(const sizes *, const float *sums, const fovea_winograd_order *, bool padded, int64_t group,
                         int64_t from_block, float *dw);
} fovea_winograd_kernels;

extern const fovea_winograd_kernels fovea_winograd_plain;
#if defined(__x86_64__)
extern const fovea_winograd_kernels fovea_winograd_avx2;
extern const fovea_winograd_kernels fovea_winograd_avx512;
#endif
