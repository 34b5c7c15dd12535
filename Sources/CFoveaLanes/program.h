// What the instruction sets' files give to each other.
#pragma once
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "include/CFoveaLanes.h"

#define DECLARE(name) \
  void name##_block(const fovea_lanes_program *, int32_t thread, int64_t block, bool is_first, int32_t part, \
                    int32_t parts); \
  void name##_sum(const fovea_lanes_sum *, int32_t threads, int64_t row, int64_t begin, int64_t end);

DECLARE(fovea_lanes_plain)
#if defined(__x86_64__)
DECLARE(fovea_lanes_avx2)
DECLARE(fovea_lanes_avx512)
#endif

// Waits until all of `threads` are here. `meeting` holds two numbers, zero at first.
void fovea_lanes_meet(int32_t *meeting, int32_t threads);

// The same on threads that run at the same time, so that they may meet; false, and nothing done, when there are none.
bool fovea_lanes_together(int32_t threads, void (*body)(void *, int32_t), void *context);

// Runs `body` once for each number below `threads`, on as many threads when they are free, else one after the other.
void fovea_lanes_parallel(int32_t threads, void (*body)(void *, int32_t), void *context);
