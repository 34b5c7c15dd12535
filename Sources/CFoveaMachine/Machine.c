#include "CFoveaMachine.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "Vectors.h"

// Many short repeats: on a busy machine all threads run at once only now and then, and the fastest counts.
enum { MOST_THREADS = 1024, MOST_REPEATS = 200 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/// What the threads of one measure share.
struct team {
    int size, repeats;
    atomic_int waiting;
    fovea_rounds kernel;
    long rounds;
    float *a, *b, *c;
    size_t elements;
};

struct member {
    struct team *team;
    int index;
    pthread_t thread;
    double begin[MOST_REPEATS], end[MOST_REPEATS];
    float result;
};

/// All start together: a thread that the system starts late must not look like a slow one. Who waits turns round for a
/// while, since a thread that gives its processor away on a busy machine does not get it back in time.
static void meet(struct team *team, int repeat) {
    atomic_fetch_add(&team->waiting, 1);
    for (long turn = 1; atomic_load(&team->waiting) < (repeat + 1) * team->size; turn++)
        if (turn % (1 << 18) == 0) sched_yield();
}

static void *compute(void *argument) {
    struct member *own = argument;
    for (int repeat = 0; repeat < own->team->repeats; repeat++) {
        meet(own->team, repeat);
        own->begin[repeat] = now();
        own->result += own->team->kernel(own->team->rounds);
        own->end[repeat] = now();
    }
    return NULL;
}

static void *move(void *argument) {
    struct member *own = argument;
    struct team *team = own->team;
    size_t first = team->elements * (size_t)own->index / (size_t)team->size;
    size_t last = team->elements * (size_t)(own->index + 1) / (size_t)team->size;
    // Each thread touches its own part first, so that the memory lies near it.
    for (size_t i = first; i < last; i++) {
        team->a[i] = 0;
        team->b[i] = 1;
        team->c[i] = 2;
    }
    for (int repeat = 0; repeat < team->repeats; repeat++) {
        meet(team, repeat);
        own->begin[repeat] = now();
        for (long round = 0; round < team->rounds; round++) {
            float *restrict a = team->a, *restrict b = team->b, *restrict c = team->c;
            for (size_t i = first; i < last; i++) a[i] = b[i] + 3.0f * c[i];
            __asm__ volatile("" ::: "memory");
        }
        own->end[repeat] = now();
    }
    return NULL;
}

/// Seconds of the fastest repeat, from the first thread's start to the last one's end; 0 when threads are lacking.
static double fastest(struct team *team, void *(*work)(void *)) {
    if (team->size < 1 || team->size > MOST_THREADS) return 0;
    struct member *members = calloc((size_t)team->size, sizeof *members);
    if (!members) return 0;
    int started = 0;
    for (; started < team->size; started++) {
        members[started].team = team;
        members[started].index = started;
        if (pthread_create(&members[started].thread, NULL, work, &members[started]) != 0) break;
    }
    // Those that did start wait for the missing ones: let them go.
    if (started < team->size) atomic_fetch_add(&team->waiting, team->repeats * team->size);
    for (int i = 0; i < started; i++) pthread_join(members[i].thread, NULL);
    double best = 0;
    for (int repeat = 0; repeat < team->repeats && started == team->size; repeat++) {
        double begin = members[0].begin[repeat], end = members[0].end[repeat];
        for (int i = 1; i < team->size; i++) {
            if (members[i].begin[repeat] < begin) begin = members[i].begin[repeat];
            if (members[i].end[repeat] > end) end = members[i].end[repeat];
        }
        if (best == 0 || end - begin < best) best = end - begin;
    }
    free(members);
    return best;
}

static double rate(struct fovea_kernel kernel, int threads) {
    if (!kernel.run) return 0;
    struct team team = {.size = threads, .kernel = kernel.run, .repeats = MOST_REPEATS, .rounds = 1L << 18};
    double seconds = fastest(&team, compute);
    return seconds > 0 ? kernel.operations * (double)team.rounds * threads / seconds / 1e9 : 0;
}

const char *fovea_machine_vectors(void) { return fovea_kernel_fma().name; }
double fovea_machine_fma(int threads) { return rate(fovea_kernel_fma(), threads); }
double fovea_machine_bf16(int threads) { return rate(fovea_kernel_bf16(), threads); }

double fovea_machine_triad(int threads, size_t bytes) {
    size_t elements = bytes / (3 * sizeof(float));
    if (elements == 0) return 0;
    struct team team = {.size = threads, .repeats = 40, .elements = elements};
    // Small arrays are gone through often enough for the clock.
    team.rounds = (long)(((size_t)1 << 26) / bytes) + 1;
    team.a = malloc(elements * sizeof(float));
    team.b = malloc(elements * sizeof(float));
    team.c = malloc(elements * sizeof(float));
    double seconds = team.a && team.b && team.c ? fastest(&team, move) : 0;
    free(team.a);
    free(team.b);
    free(team.c);
    return seconds > 0 ? 12 * (double)elements * (double)team.rounds / seconds / 1e9 : 0;
}
