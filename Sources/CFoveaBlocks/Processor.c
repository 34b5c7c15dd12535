// The processor: its instructions, and the threads of the library's kernels, so that no others wait beside them.
#include "blocks.h"

#include <dlfcn.h>
#include <pthread.h>

typedef void (*parallel_function)(void (*)(void *), void *, unsigned, unsigned);
typedef int (*number_function)(void);

static parallel_function parallel;
static number_function thread_number, thread_count;

// GCC's OpenMP is in the process when oneDNN is; without it there is one thread.
static void look(void) {
  void *handle = dlopen("libgomp.so.1", RTLD_NOW | RTLD_NOLOAD);
  if (!handle) return;
  thread_number = (number_function)dlsym(handle, "omp_get_thread_num");
  thread_count = (number_function)dlsym(handle, "omp_get_num_threads");
  if (thread_number && thread_count) parallel = (parallel_function)dlsym(handle, "GOMP_parallel");
}

typedef struct {
  int64_t count;
  void (*body)(void *, int64_t);
  void *context;
} work;

static void share(void *argument) {
  const work *all = argument;
  // There may be fewer threads than were asked for.
  const int threads = thread_count();
  for (int64_t i = thread_number(); i < all->count; i += threads) all->body(all->context, i);
}

void fovea_blocks_parallel(int64_t count, void (*body)(void *, int64_t), void *context) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  if (count > 1) {
    pthread_once(&once, look);
    if (parallel) {
      work all = {count, body, context};
      parallel(share, &all, (unsigned)count, 0);
      return;
    }
  }
  for (int64_t i = 0; i < count; i++) body(context, i);
}

int32_t fovea_blocks_best(void) {
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
