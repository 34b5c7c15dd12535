// What the files of this folder give to each other.
#pragma once
#include <stddef.h>
#include <string.h>

#include "include/CFoveaBlocks.h"

// Runs `body` once for each number below `count`, shared out among as many threads: those of the OpenMP pool that the
// library's own kernels run on, where there is one. All are done when it returns.
void fovea_blocks_parallel(int64_t count, void (*body)(void *, int64_t), void *context);

// The numbers of a block of channels, zero for padding.
typedef struct {
  // y = (x − mean) · factor + shift.
  float mean[16], factor[16], shift[16];
  // dx = factor · (dz − share − (x − mean) · slope).
  float share[16], slope[16];
} fovea_norm_channels;

// The kernels of an instruction set, each for one plane of one block. `mask` is a fovea_norm_mask.
typedef struct {
  void (*moments)(const float *x, int64_t count, float *mean, float *squares);
  void (*normalize)(const float *x, const float *added, int64_t count, const fovea_norm_channels *, bool rectified,
                    float *y);
  void (*sums)(int mask, const float *dy, const float *x, const float *y, int64_t count, const fovea_norm_channels *,
               float *dz, float *sum, float *product);
  void (*returned)(int mask, const float *dy, const float *x, const float *y, int64_t count,
                   const fovea_norm_channels *, float *dx);
} fovea_norm_kernels;

extern const fovea_norm_kernels fovea_norm_plain;
#if defined(__x86_64__)
extern const fovea_norm_kernels fovea_norm_avx2;
extern const fovea_norm_kernels fovea_norm_avx512;
#endif
