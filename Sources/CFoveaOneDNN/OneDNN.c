#include "library.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Thread_local int fovea_onednn_inside;
static char problem[400] = "built without oneDNN's header; install libdnnl-dev and build again";

// True when the comma-separated list in FOVEA_WITHOUT names `library`.
static bool switched_off(const char *library) {
  const char *list = getenv("FOVEA_WITHOUT");
  size_t length = strlen(library);
  while (list && *list) {
    if (!strncmp(list, library, length) && (list[length] == ',' || !list[length])) return true;
    list = strchr(list, ',');
    if (list) list++;
  }
  return false;
}

#ifdef FOVEA_HAVE_ONEDNN
#include <dlfcn.h>

struct fovea_library fovea_lib;
dnnl_engine_t fovea_engine;
static void (*omp_threads)(int);

// The library's own number of an operand.
static int native(int arg) {
  return arg == FOVEA_ADDED ? (DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1) : arg;
}

static md_ref query(const_dnnl_primitive_desc_t pd, int arg) {
  return lib.dnnl_primitive_desc_query_md(pd, dnnl_query_exec_arg_md, native(arg));
}

static const fovea_md *pd_md(const fovea_pd *pd, int arg) {
  // A fovea_md holds what the library's query points to (2.x: the struct itself; 3.x: a pointer to it).
#if V3
  static _Thread_local struct fovea_md found[16];
  static _Thread_local int next;
  md_ref md = query(pd->d, arg);
  if (!md || !lib.dnnl_memory_desc_get_size(md)) return NULL;
  struct fovea_md *slot = &found[next++ & 15];
  slot->d = (dnnl_memory_desc_t)md;
  return slot;
#else
  md_ref md = query(pd->d, arg);
  if (!md || !lib.dnnl_memory_desc_get_size(md)) return NULL;
  return (const fovea_md *)md;
#endif
}

static const char *pd_name(const fovea_pd *pd) {
  const char *name = "";
  lib.dnnl_primitive_desc_query(pd->d, dnnl_query_impl_info_str, 0, &name);
  return name;
}

struct fovea_primitive { dnnl_primitive_t p; const fovea_pd *pd; };
struct fovea_call {
  dnnl_primitive_t p;
  dnnl_stream_t stream;
  int count;
  dnnl_exec_arg_t args[];
};

static fovea_primitive *build(const fovea_pd *pd) {
  dnnl_primitive_t p = NULL;
  if (lib.dnnl_primitive_create(&p, pd->d) != dnnl_success) return NULL;
  fovea_primitive *result = malloc(sizeof *result);
  result->p = p;
  result->pd = pd;
  return result;
}
static void primitive_free(fovea_primitive *primitive) {
  if (primitive) lib.dnnl_primitive_destroy(primitive->p);
  free(primitive);
}

static void call_free(fovea_call *call) {
  if (!call) return;
  for (int i = 0; i < call->count; i++)
    if (call->args[i].memory) lib.dnnl_memory_destroy(call->args[i].memory);
  if (call->stream) lib.dnnl_stream_destroy(call->stream);
  free(call);
}
static fovea_call *bind_call(const fovea_primitive *primitive, int count, const int *args, void *const *buffers) {
  fovea_call *call = calloc(1, sizeof *call + (size_t)count * sizeof(dnnl_exec_arg_t));
  call->p = primitive->p;
  call->count = count;
  bool good = lib.dnnl_stream_create(&call->stream, engine, dnnl_stream_default_flags) == dnnl_success;
  for (int i = 0; i < count && good; i++) {
    call->args[i].arg = native(args[i]);
    good = lib.dnnl_memory_create(&call->args[i].memory, query(primitive->pd->d, args[i]), engine, buffers[i]) == dnnl_success;
  }
  if (good) return call;
  call_free(call);
  return NULL;
}
static int run(const fovea_call *call) {
  fovea_onednn_inside = 1;
  dnnl_status_t status = lib.dnnl_primitive_execute(call->p, call->stream, call->count, call->args);
  fovea_onednn_inside = 0;
  return status;
}

static const char *status_text(int status) {
  switch (status) {
    case dnnl_success: return "success";
    case dnnl_out_of_memory: return "out of memory";
    case dnnl_invalid_arguments: return "invalid arguments";
    case dnnl_unimplemented: return "not implemented";
    case dnnl_runtime_error: return "run-time error";
    default: return "unknown status";
  }
}
static void set_threads(int threads) { if (omp_threads && threads > 0) omp_threads(threads); }

static struct fovea_onednn table = {
    .set_threads = set_threads, .pd_md = pd_md, .pd_name = pd_name, .build = build, .primitive_free = primitive_free, .bind = bind_call,
    .call_free = call_free, .run = run, .status_text = status_text,
};
static bool ready;

// The levels hold each other's bits; one without names of levels (not x86) is 0 and has no bf16 that we know of.
static int bf16_level(void) {
  const int isa = (int)lib.dnnl_get_effective_cpu_isa();
  if ((isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16) return FOVEA_BF16_NATIVE;
  if ((isa & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core) return FOVEA_BF16_EMULATED;
  return FOVEA_BF16_NONE;
}

static void open_library(void) {
  if (switched_off("onednn")) { snprintf(problem, sizeof problem, "switched off by FOVEA_WITHOUT"); return; }
  // Read when libgomp loads. A waiting thread spins for some 0.2 ms before it sleeps: longer than the gaps
  // inside a step (a sleeper costs 0.02 ms to wake, many times a step), far shorter than the default of
  // milliseconds, which would keep a core busy beside other threads.
  setenv("GOMP_SPINCOUNT", "20000", 0);
  char name[32];
#ifdef __APPLE__
  snprintf(name, sizeof name, "libdnnl.%d.dylib", DNNL_VERSION_MAJOR);
#else
  snprintf(name, sizeof name, "libdnnl.so.%d", DNNL_VERSION_MAJOR);  // the major version compiled against
#endif
  void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!handle) { snprintf(problem, sizeof problem, "%s", dlerror()); return; }
#define LOAD(f)                                                                        \
  if (!(lib.f = (__typeof__(&f))dlsym(handle, #f))) {                                  \
    snprintf(problem, sizeof problem, "%s has no function %s", name, #f);              \
    return;                                                                            \
  }
  FUNCTIONS(LOAD)
  omp_threads = (void (*)(int))dlsym(handle, "omp_set_num_threads");
  if (lib.dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success) {
    snprintf(problem, sizeof problem, "%s has no CPU engine", name);
    return;
  }
  fovea_add_descriptors(&table);
  fovea_add_descriptions(&table);
  const dnnl_version_t *version = lib.dnnl_version();
  table.major = version->major, table.minor = version->minor, table.patch = version->patch;
  table.bf16 = bf16_level();
  ready = true;
}

const struct fovea_onednn *fovea_onednn_open(const char **why) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, open_library);
  if (ready) return &table;
  if (why) *why = problem;
  return NULL;
}
#else
const struct fovea_onednn *fovea_onednn_open(const char **why) {
  if (switched_off("onednn")) snprintf(problem, sizeof problem, "switched off by FOVEA_WITHOUT");
  if (why) *why = problem;
  return NULL;
}
#endif
