// What the files of this folder give to each other.
#pragma once
#include <stddef.h>
#include <string.h>

#include "include/CFoveaBlocks.h"

// Runs `body` once for each number below `count`, shared out among as many threads: those of the OpenMP pool that the
// library's own kernels run on, where there is one. All are done when it returns.
void fovea_blocks_parallel(int64_t count, void (*body)(void *, int64_t), void *context);
