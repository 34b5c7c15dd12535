// Running programs.
#include "program.h"

typedef void (*block_function)(const fovea_lanes_program *, int32_t, int64_t, bool, int32_t, int32_t);
typedef void (*sum_function)(const fovea_lanes_sum *, int32_t, int64_t, int64_t, int64_t);

int32_t fovea_lanes_best(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw")) {
    return 2;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 1;
#endif
  return 0;
}

static block_function block_of(int32_t isa) {
#if defined(__x86_64__)
  if (isa == 2) return fovea_lanes_avx512_block;
  if (isa == 1) return fovea_lanes_avx2_block;
#endif
  return fovea_lanes_plain_block;
}

static sum_function sum_of(int32_t isa) {
#if defined(__x86_64__)
  if (isa == 2) return fovea_lanes_avx512_sum;
  if (isa == 1) return fovea_lanes_avx2_sum;
#endif
  return fovea_lanes_plain_sum;
}

// The blocks of a thread: neighbours, and always the same ones, so that sums come out the same.
static void run_blocks(void *context, int32_t thread) {
  const fovea_lanes_program *program = context;
  const block_function run = block_of(program->isa);
  const int64_t begin = program->blocks * thread / program->threads;
  const int64_t end = program->blocks * (thread + 1) / program->threads;
  for (int32_t i = 0; i < program->scalar_count; i++) program->scalars[thread][i] = 0;
  for (int64_t block = begin; block < end; block++) run(program, thread, block, block == begin, 0, 1);
}

// All threads at one example after the other, in the first one's memory.
static void run_shared(void *context, int32_t thread) {
  const fovea_lanes_program *program = context;
  const block_function run = block_of(program->isa);
  for (int64_t block = 0; block < program->blocks; block++) {
    run(program, 0, block, block == 0, thread, program->helpers);
    fovea_lanes_meet(program->meeting, program->helpers);
  }
}

// An equal share of all sums for each thread.
static void run_sums(void *context, int32_t thread) {
  const fovea_lanes_program *program = context;
  const sum_function run = sum_of(program->isa);
  int64_t total = 0;
  for (int32_t s = 0; s < program->sum_count; s++) total += program->sums[s].rows * program->sums[s].columns;
  const int64_t begin = total * thread / program->threads, end = total * (thread + 1) / program->threads;
  int64_t at = 0;
  for (int32_t s = 0; s < program->sum_count && at < end; s++) {
    const fovea_lanes_sum *sum = &program->sums[s];
    for (int64_t row = 0; row < sum->rows && at < end; row++, at += sum->columns) {
      if (at + sum->columns <= begin) continue;
      run(sum, program->threads, row, begin > at ? begin - at : 0, end - at < sum->columns ? end - at : sum->columns);
    }
  }
}

void fovea_lanes_run(const fovea_lanes_program *program) {
  if (program->helpers > 1 && fovea_lanes_together(program->helpers, run_shared, (void *)program)) return;
  fovea_lanes_parallel(program->threads, run_blocks, (void *)program);
  if (program->sum_count > 0) fovea_lanes_parallel(program->threads, run_sums, (void *)program);
  for (int32_t i = 0; i < program->scalar_count; i++) {
    double total = 0;
    for (int32_t t = 0; t < program->threads; t++) total += program->scalars[t][i];
    *program->scalar_out[i] = (float)(total * (double)program->scalar_factor[i]);
  }
}
