// The threads that run programs.
#include "program.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#if defined(__x86_64__)
#define RELAX() __builtin_ia32_pause()
#else
#define RELAX() ((void)0)
#endif

// A step of a small network is shorter than waking somebody up, so a helper waits with open eyes for some 0.2 ms, as
// the threads of the other kernels do, and sleeps then. Who waits for a helper gives way after as long.
enum { MOST_HELPERS = 63, SPINS = 8000 };

struct helper {
  _Alignas(128) atomic_uint_fast64_t round;
  atomic_int asleep;
  uint_fast64_t seen;
  pthread_mutex_t lock;
  pthread_cond_t wake;
};

static struct helper helpers[MOST_HELPERS + 1];
static int32_t helper_count;
// One step at a time has the helpers; who finds them taken does everything alone.
static atomic_flag busy = ATOMIC_FLAG_INIT;
static atomic_int left;
static void (*body)(void *, int32_t);
static void *context;

static void *help(void *argument) {
  struct helper *self = argument;
  for (;;) {
    for (int spin = 0; spin < SPINS && atomic_load_explicit(&self->round, memory_order_acquire) == self->seen; spin++) {
      RELAX();
    }
    if (atomic_load(&self->round) == self->seen) {
      pthread_mutex_lock(&self->lock);
      atomic_store(&self->asleep, 1);
      while (atomic_load(&self->round) == self->seen) pthread_cond_wait(&self->wake, &self->lock);
      atomic_store(&self->asleep, 0);
      pthread_mutex_unlock(&self->lock);
    }
    self->seen++;
    body(context, (int32_t)(self - helpers));
    atomic_fetch_sub_explicit(&left, 1, memory_order_acq_rel);
  }
  return NULL;
}

// The helpers of a process are not in its children.
static void forget(void) {
  helper_count = 0;
  atomic_flag_clear(&busy);
}

static bool has_helpers(int32_t count) {
  static bool knows_of_forks = false;
  if (!knows_of_forks) knows_of_forks = pthread_atfork(NULL, NULL, forget) == 0;
  while (helper_count < count && helper_count < MOST_HELPERS) {
    struct helper *next = &helpers[helper_count + 1];
    atomic_store(&next->round, 0);
    atomic_store(&next->asleep, 0);
    next->seen = 0;
    pthread_t thread;
    if (pthread_mutex_init(&next->lock, NULL) != 0 || pthread_cond_init(&next->wake, NULL) != 0 ||
        pthread_create(&thread, NULL, help, next) != 0) {
      break;
    }
    pthread_detach(thread);
    helper_count++;
  }
  return helper_count >= count;
}

bool fovea_lanes_together(int32_t threads, void (*work)(void *, int32_t), void *argument) {
  if (atomic_flag_test_and_set(&busy)) return false;
  const bool is_ready = has_helpers(threads - 1);
  if (is_ready) {
    body = work;
    context = argument;
    atomic_store(&left, threads - 1);
    for (int32_t i = 1; i < threads; i++) {
      atomic_fetch_add(&helpers[i].round, 1);
      if (atomic_load(&helpers[i].asleep)) {
        pthread_mutex_lock(&helpers[i].lock);
        pthread_cond_signal(&helpers[i].wake);
        pthread_mutex_unlock(&helpers[i].lock);
      }
    }
    work(argument, 0);
    for (int64_t spin = 0; atomic_load_explicit(&left, memory_order_acquire) > 0; spin++) {
      if (spin < SPINS) RELAX();
      else sched_yield();
    }
  }
  atomic_flag_clear(&busy);
  return is_ready;
}

void fovea_lanes_parallel(int32_t threads, void (*work)(void *, int32_t), void *argument) {
  if (threads > 1 && fovea_lanes_together(threads, work, argument)) return;
  for (int32_t i = 0; i < threads; i++) work(argument, i);
}

void fovea_lanes_meet(int32_t *meeting, int32_t threads) {
  _Atomic int32_t *here = (_Atomic int32_t *)meeting, *times = here + 1;
  const int32_t time = atomic_load_explicit(times, memory_order_acquire);
  if (atomic_fetch_add_explicit(here, 1, memory_order_acq_rel) == threads - 1) {
    // The last one to come lets all go.
    atomic_store_explicit(here, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(times, 1, memory_order_release);
    return;
  }
  for (int64_t spin = 0; atomic_load_explicit(times, memory_order_acquire) == time; spin++) {
    if (spin < SPINS) RELAX();
    else sched_yield();
  }
}
