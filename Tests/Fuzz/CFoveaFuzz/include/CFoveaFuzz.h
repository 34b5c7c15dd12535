#ifndef CFOVEA_FUZZ_H
#define CFOVEA_FUZZ_H

#include <stddef.h>
#include <stdint.h>

typedef int (*fovea_fuzz_run)(const uint8_t *bytes, size_t count);

/// libFuzzer's main loop; its options stand in the arguments.
int LLVMFuzzerRunDriver(int *argc, char ***argv, fovea_fuzz_run run);

/// A file in memory with these bytes, for parsers that take a path; the same path for the next call.
const char *fovea_fuzz_file(const uint8_t *bytes, size_t count);

#endif
