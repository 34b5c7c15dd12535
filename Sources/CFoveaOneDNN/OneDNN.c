#include "CFoveaOneDNN.h"
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

#if __has_include(<oneapi/dnnl/dnnl.h>)
#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>

#define V3 (DNNL_VERSION_MAJOR >= 3)

// One line a function; the type comes from the header, the address from the library.
#define COMMON(X)                                                                                              \
  X(dnnl_version) X(dnnl_engine_create) X(dnnl_stream_create) X(dnnl_stream_destroy)                           \
  X(dnnl_primitive_create) X(dnnl_primitive_destroy) X(dnnl_primitive_execute)                                 \
  X(dnnl_primitive_desc_destroy) X(dnnl_primitive_desc_query) X(dnnl_primitive_desc_query_md)                  \
  X(dnnl_memory_create) X(dnnl_memory_destroy) X(dnnl_memory_desc_get_size) X(dnnl_memory_desc_equal)          \
  X(dnnl_primitive_attr_create) X(dnnl_primitive_attr_destroy) X(dnnl_primitive_attr_set_post_ops)             \
  X(dnnl_primitive_attr_set_scratchpad_mode) X(dnnl_post_ops_create) X(dnnl_post_ops_destroy)                  \
  X(dnnl_post_ops_append_eltwise) X(dnnl_reorder_primitive_desc_create)
#if V3
#define FUNCTIONS(X)                                                                                           \
  COMMON(X)                                                                                                    \
  X(dnnl_memory_desc_create_with_tag) X(dnnl_memory_desc_create_with_strides) X(dnnl_memory_desc_clone)        \
  X(dnnl_memory_desc_destroy) X(dnnl_memory_desc_query) X(dnnl_convolution_forward_primitive_desc_create)      \
  X(dnnl_convolution_backward_data_primitive_desc_create)                                                      \
  X(dnnl_convolution_backward_weights_primitive_desc_create)                                                   \
  X(dnnl_pooling_forward_primitive_desc_create) X(dnnl_pooling_backward_primitive_desc_create)                 \
  X(dnnl_eltwise_forward_primitive_desc_create) X(dnnl_eltwise_backward_primitive_desc_create)                 \
  X(dnnl_matmul_primitive_desc_create) X(dnnl_binary_primitive_desc_create)                                    \
  X(dnnl_batch_normalization_forward_primitive_desc_create)                                                    \
  X(dnnl_batch_normalization_backward_primitive_desc_create)
typedef const_dnnl_memory_desc_t md_ref;
#else
#define FUNCTIONS(X)                                                                                           \
  COMMON(X)                                                                                                    \
  X(dnnl_primitive_desc_create) X(dnnl_memory_desc_init_by_tag) X(dnnl_memory_desc_init_by_strides)            \
  X(dnnl_dilated_convolution_forward_desc_init) X(dnnl_dilated_convolution_backward_data_desc_init)            \
  X(dnnl_dilated_convolution_backward_weights_desc_init) X(dnnl_pooling_forward_desc_init)                     \
  X(dnnl_pooling_backward_desc_init) X(dnnl_pooling_v2_forward_desc_init)                                      \
  X(dnnl_pooling_v2_backward_desc_init) X(dnnl_eltwise_forward_desc_init) X(dnnl_eltwise_backward_desc_init)   \
  X(dnnl_matmul_desc_init) X(dnnl_binary_desc_init) X(dnnl_batch_normalization_forward_desc_init)              \
  X(dnnl_batch_normalization_backward_desc_init)
typedef const dnnl_memory_desc_t *md_ref;
#endif
#define FIELD(f) __typeof__(&f) f;
static struct { FUNCTIONS(FIELD) } lib;

static dnnl_engine_t engine;
static void (*omp_threads)(int);

struct fovea_md { dnnl_memory_desc_t d; };  // 2.x: the description itself; 3.x: a pointer to it
#if V3
#define REF(md) ((md) ? (md)->d : NULL)
#else
#define REF(md) ((md) ? &(md)->d : NULL)
#endif

// ---- memory descriptors ----

static dnnl_data_type_t data_type(int dtype) {
  switch (dtype) {
    case FOVEA_BF16: return dnnl_bf16;
    case FOVEA_S32: return dnnl_s32;
    case FOVEA_U8: return dnnl_u8;
    case FOVEA_S8: return dnnl_s8;
    case FOVEA_F16: return dnnl_f16;
    default: return dnnl_f32;
  }
}

static dnnl_format_tag_t tag(int rank, int order) {
  static const dnnl_format_tag_t plain[] = {dnnl_a, dnnl_ab, dnnl_abc, dnnl_abcd, dnnl_abcde, dnnl_abcdef};
  static const dnnl_format_tag_t last[] = {dnnl_acb, dnnl_acdb, dnnl_acdeb};
  static const dnnl_format_tag_t blocked[] = {dnnl_aBc16b, dnnl_aBcd16b, dnnl_aBcde16b};
  if (order == FOVEA_ANY) return dnnl_format_tag_any;
  if (order == FOVEA_CHANNELS_LAST && rank >= 3 && rank <= 5) return last[rank - 3];
  if (order == FOVEA_BLOCKED_16 && rank >= 3 && rank <= 5) return blocked[rank - 3];
  return rank >= 1 && rank <= 6 ? plain[rank - 1] : dnnl_format_tag_undef;
}

static fovea_md *md_make(int rank, const int64_t *dims, int dtype, int order) {
  fovea_md *md = calloc(1, sizeof *md);
#if V3
  dnnl_status_t status = lib.dnnl_memory_desc_create_with_tag(&md->d, rank, dims, data_type(dtype), tag(rank, order));
#else
  dnnl_status_t status = lib.dnnl_memory_desc_init_by_tag(&md->d, rank, dims, data_type(dtype), tag(rank, order));
#endif
  if (status == dnnl_success) return md;
  free(md);
  return NULL;
}

static fovea_md *md_strided(int rank, const int64_t *dims, const int64_t *strides, int dtype) {
  fovea_md *md = calloc(1, sizeof *md);
#if V3
  dnnl_status_t status = lib.dnnl_memory_desc_create_with_strides(&md->d, rank, dims, data_type(dtype), strides);
#else
  dnnl_status_t status = lib.dnnl_memory_desc_init_by_strides(&md->d, rank, dims, data_type(dtype), strides);
#endif
  if (status == dnnl_success) return md;
  free(md);
  return NULL;
}

static fovea_md *md_from(md_ref source) {
  fovea_md *md = calloc(1, sizeof *md);
#if V3
  if (lib.dnnl_memory_desc_clone(&md->d, source) != dnnl_success) { free(md); return NULL; }
#else
  md->d = *source;
#endif
  return md;
}
static fovea_md *md_copy(const fovea_md *md) { return md_from(REF(md)); }
static void md_free(fovea_md *md) {
#if V3
  if (md) lib.dnnl_memory_desc_destroy(md->d);
#endif
  free(md);
}
static size_t md_bytes(const fovea_md *md) { return lib.dnnl_memory_desc_get_size(REF(md)); }
static bool md_equal(const fovea_md *a, const fovea_md *b) { return lib.dnnl_memory_desc_equal(REF(a), REF(b)); }

static void md_text(const fovea_md *md, char *text, size_t size) {
  int rank = 0, inner = 0;
  const dnnl_dim_t *strides = NULL, *blocks = NULL, *axes = NULL;
#if V3
  const dnnl_dims_t *s, *b, *i;
  dnnl_format_kind_t kind;
  lib.dnnl_memory_desc_query(md->d, dnnl_query_ndims_s32, &rank);
  lib.dnnl_memory_desc_query(md->d, dnnl_query_format_kind, &kind);
  if (kind == dnnl_blocked) {
    lib.dnnl_memory_desc_query(md->d, dnnl_query_strides, &s);
    lib.dnnl_memory_desc_query(md->d, dnnl_query_inner_nblks_s32, &inner);
    lib.dnnl_memory_desc_query(md->d, dnnl_query_inner_blks, &b);
    lib.dnnl_memory_desc_query(md->d, dnnl_query_inner_idxs, &i);
    strides = *s, blocks = *b, axes = *i;
  }
#else
  rank = md->d.ndims;
  if (md->d.format_kind == dnnl_blocked) {
    strides = md->d.format_desc.blocking.strides;
    inner = md->d.format_desc.blocking.inner_nblks;
    blocks = md->d.format_desc.blocking.inner_blks;
    axes = md->d.format_desc.blocking.inner_idxs;
  }
#endif
  if (!strides) { snprintf(text, size, "own"); return; }
  bool split[12] = {false}, used[12] = {false};
  for (int k = 0; k < inner; k++) split[axes[k]] = true;
  size_t at = 0;
  for (int n = 0; n < rank && at + 1 < size; n++) {  // axes by falling stride, first axis first among equals
    int best = -1;
    for (int a = 0; a < rank; a++)
      if (!used[a] && (best < 0 || strides[a] > strides[best])) best = a;
    used[best] = true;
    text[at++] = (char)((split[best] ? 'A' : 'a') + best);
  }
  for (int k = 0; k < inner && at + 4 < size; k++)
    at += (size_t)snprintf(text + at, size - at, "%d%c", (int)blocks[k], (char)('a' + axes[k]));
  text[at < size ? at : size - 1] = 0;
}

// ---- primitive descriptions ----

struct fovea_pd { dnnl_primitive_desc_t d; };

static dnnl_primitive_attr_t attributes(bool relu) {
  dnnl_primitive_attr_t attr = NULL;
  if (lib.dnnl_primitive_attr_create(&attr) != dnnl_success) return NULL;
  lib.dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
  if (relu) {
    dnnl_post_ops_t ops = NULL;
    lib.dnnl_post_ops_create(&ops);
#if V3
    lib.dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_relu, 0, 0);
#else
    lib.dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_relu, 0, 0);
#endif
    lib.dnnl_primitive_attr_set_post_ops(attr, ops);
    lib.dnnl_post_ops_destroy(ops);
  }
  return attr;
}

// oneDNN counts dilation from 0.
static void dilations(const struct fovea_request *r, int64_t out[3], bool *any) {
  *any = false;
  for (int i = 0; i < 3; i++) {
    out[i] = i < r->axes ? r->dilations[i] - 1 : 0;
    if (out[i]) *any = true;
  }
}

#if !V3
#define CREATE(desc, hint) lib.dnnl_primitive_desc_create(pd, &desc, attr, engine, hint)
#endif

static dnnl_status_t describe_conv(
    const struct fovea_request *r, dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *pd, int kind,
    dnnl_primitive_desc_t hint) {
  int64_t d[3];
  bool dilated;
  dilations(r, d, &dilated);
  dnnl_prop_kind_t prop = r->training || kind != FOVEA_CONV_FORWARD ? dnnl_forward_training : dnnl_forward_inference;
#if V3
  if (kind == FOVEA_CONV_BACKWARD_DATA)
    return lib.dnnl_convolution_backward_data_primitive_desc_create(
        pd, engine, dnnl_convolution_direct, REF(r->src), REF(r->weights), REF(r->dst), r->strides, d, r->pad_before,
        r->pad_after, hint, attr);
  if (kind == FOVEA_CONV_BACKWARD_WEIGHTS)
    return lib.dnnl_convolution_backward_weights_primitive_desc_create(
        pd, engine, dnnl_convolution_direct, REF(r->src), REF(r->weights), REF(r->bias), REF(r->dst), r->strides, d,
        r->pad_before, r->pad_after, hint, attr);
  return lib.dnnl_convolution_forward_primitive_desc_create(
      pd, engine, prop, dnnl_convolution_direct, REF(r->src), REF(r->weights), REF(r->bias), REF(r->dst), r->strides,
      d, r->pad_before, r->pad_after, attr);
#else
  dnnl_convolution_desc_t desc;
  dnnl_status_t status;
  if (kind == FOVEA_CONV_BACKWARD_DATA)
    status = lib.dnnl_dilated_convolution_backward_data_desc_init(
        &desc, dnnl_convolution_direct, REF(r->src), REF(r->weights), REF(r->dst), r->strides, d, r->pad_before,
        r->pad_after);
  else if (kind == FOVEA_CONV_BACKWARD_WEIGHTS)
    status = lib.dnnl_dilated_convolution_backward_weights_desc_init(
        &desc, dnnl_convolution_direct, REF(r->src), REF(r->weights), REF(r->bias), REF(r->dst), r->strides, d,
        r->pad_before, r->pad_after);
  else
    status = lib.dnnl_dilated_convolution_forward_desc_init(
        &desc, prop, dnnl_convolution_direct, REF(r->src), REF(r->weights), REF(r->bias), REF(r->dst), r->strides, d,
        r->pad_before, r->pad_after);
  return status != dnnl_success ? status : CREATE(desc, hint);
#endif
}

static dnnl_status_t describe_pool(
    const struct fovea_request *r, dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *pd, bool backward,
    dnnl_primitive_desc_t hint) {
  int64_t d[3];
  bool dilated;
  dilations(r, d, &dilated);
  dnnl_prop_kind_t prop = r->training ? dnnl_forward_training : dnnl_forward_inference;
#if V3
  if (backward)
    return lib.dnnl_pooling_backward_primitive_desc_create(
        pd, engine, dnnl_pooling_max, REF(r->src), REF(r->dst), r->strides, r->kernel, d, r->pad_before, r->pad_after,
        hint, attr);
  return lib.dnnl_pooling_forward_primitive_desc_create(
      pd, engine, prop, dnnl_pooling_max, REF(r->src), REF(r->dst), r->strides, r->kernel, d, r->pad_before,
      r->pad_after, attr);
#else
  dnnl_status_t status;
  if (dilated) {
    dnnl_pooling_v2_desc_t desc;
    status = backward ? lib.dnnl_pooling_v2_backward_desc_init(
                            &desc, dnnl_pooling_max, REF(r->src), REF(r->dst), r->strides, r->kernel, d, r->pad_before,
                            r->pad_after)
                      : lib.dnnl_pooling_v2_forward_desc_init(
                            &desc, prop, dnnl_pooling_max, REF(r->src), REF(r->dst), r->strides, r->kernel, d,
                            r->pad_before, r->pad_after);
    return status != dnnl_success ? status : CREATE(desc, hint);
  }
  dnnl_pooling_desc_t desc;
  status = backward
               ? lib.dnnl_pooling_backward_desc_init(
                     &desc, dnnl_pooling_max, REF(r->src), REF(r->dst), r->strides, r->kernel, r->pad_before, r->pad_after)
               : lib.dnnl_pooling_forward_desc_init(
                     &desc, prop, dnnl_pooling_max, REF(r->src), REF(r->dst), r->strides, r->kernel, r->pad_before,
                     r->pad_after);
  return status != dnnl_success ? status : CREATE(desc, hint);
#endif
}

static dnnl_status_t describe_relu(
    const struct fovea_request *r, dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *pd, bool backward,
    dnnl_primitive_desc_t hint) {
  dnnl_prop_kind_t prop = r->training || backward ? dnnl_forward_training : dnnl_forward_inference;
  // Backward is written in the output, so that a fused forward keeps nothing more.
  dnnl_alg_kind_t alg = r->training || backward ? dnnl_eltwise_relu_use_dst_for_bwd : dnnl_eltwise_relu;
#if V3
  if (backward)
    return lib.dnnl_eltwise_backward_primitive_desc_create(
        pd, engine, alg, REF(r->src), REF(r->src), REF(r->dst), 0, 0, hint, attr);
  return lib.dnnl_eltwise_forward_primitive_desc_create(pd, engine, prop, alg, REF(r->src), REF(r->src), 0, 0, attr);
#else
  dnnl_eltwise_desc_t desc;
  dnnl_status_t status = backward ? lib.dnnl_eltwise_backward_desc_init(&desc, alg, REF(r->src), REF(r->dst), 0, 0)
                                  : lib.dnnl_eltwise_forward_desc_init(&desc, prop, alg, REF(r->src), 0, 0);
  return status != dnnl_success ? status : CREATE(desc, hint);
#endif
}

static dnnl_status_t describe_norm(
    const struct fovea_request *r, dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *pd, bool backward,
    dnnl_primitive_desc_t hint) {
  unsigned flags = dnnl_use_scale | dnnl_use_shift;
  dnnl_prop_kind_t prop = dnnl_forward_training;
  if (!r->training && !backward) flags |= dnnl_use_global_stats, prop = dnnl_forward_inference;
#if V3
  if (backward)
    return lib.dnnl_batch_normalization_backward_primitive_desc_create(
        pd, engine, dnnl_backward, REF(r->dst), REF(r->dst), REF(r->src), r->epsilon, flags, hint, attr);
  return lib.dnnl_batch_normalization_forward_primitive_desc_create(
      pd, engine, prop, REF(r->src), REF(r->src), r->epsilon, flags, attr);
#else
  dnnl_batch_normalization_desc_t desc;
  dnnl_status_t status =
      backward ? lib.dnnl_batch_normalization_backward_desc_init(
                     &desc, dnnl_backward, REF(r->dst), REF(r->src), r->epsilon, flags)
               : lib.dnnl_batch_normalization_forward_desc_init(&desc, prop, REF(r->src), r->epsilon, flags);
  return status != dnnl_success ? status : CREATE(desc, hint);
#endif
}

static dnnl_status_t describe_matmul(
    const struct fovea_request *r, dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *pd) {
#if V3
  return lib.dnnl_matmul_primitive_desc_create(pd, engine, REF(r->src), REF(r->weights), REF(r->bias), REF(r->dst), attr);
#else
  dnnl_matmul_desc_t desc;
  dnnl_status_t status = lib.dnnl_matmul_desc_init(&desc, REF(r->src), REF(r->weights), REF(r->bias), REF(r->dst));
  return status != dnnl_success ? status : CREATE(desc, NULL);
#endif
}

static dnnl_status_t describe_add(
    const struct fovea_request *r, dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *pd) {
#if V3
  return lib.dnnl_binary_primitive_desc_create(
      pd, engine, dnnl_binary_add, REF(r->src), REF(r->src_1), REF(r->dst), attr);
#else
  dnnl_binary_desc_t desc;
  dnnl_status_t status =
      lib.dnnl_binary_desc_init(&desc, dnnl_binary_add, REF(r->src), REF(r->src_1), REF(r->dst));
  return status != dnnl_success ? status : CREATE(desc, NULL);
#endif
}

static dnnl_status_t describe_kind(
    const struct fovea_request *r, int kind, dnnl_primitive_attr_t attr, dnnl_primitive_desc_t hint,
    dnnl_primitive_desc_t *pd) {
  switch (kind) {
    case FOVEA_CONV_FORWARD:
    case FOVEA_CONV_BACKWARD_DATA:
    case FOVEA_CONV_BACKWARD_WEIGHTS: return describe_conv(r, attr, pd, kind, hint);
    case FOVEA_MAX_POOL_FORWARD: return describe_pool(r, attr, pd, false, hint);
    case FOVEA_MAX_POOL_BACKWARD: return describe_pool(r, attr, pd, true, hint);
    case FOVEA_RELU_FORWARD: return describe_relu(r, attr, pd, false, hint);
    case FOVEA_RELU_BACKWARD: return describe_relu(r, attr, pd, true, hint);
    case FOVEA_NORM_FORWARD: return describe_norm(r, attr, pd, false, hint);
    case FOVEA_NORM_BACKWARD: return describe_norm(r, attr, pd, true, hint);
    case FOVEA_MATMUL: return describe_matmul(r, attr, pd);
    case FOVEA_ADD: return describe_add(r, attr, pd);
    case FOVEA_REORDER: return lib.dnnl_reorder_primitive_desc_create(pd, REF(r->src), engine, REF(r->dst), engine, attr);
    default: return dnnl_invalid_arguments;
  }
}

static fovea_pd *describe(const struct fovea_request *r) {
  int forward = -1;
  switch (r->kind) {
    case FOVEA_CONV_BACKWARD_DATA:
    case FOVEA_CONV_BACKWARD_WEIGHTS: forward = FOVEA_CONV_FORWARD; break;
    case FOVEA_MAX_POOL_BACKWARD: forward = FOVEA_MAX_POOL_FORWARD; break;
    case FOVEA_RELU_BACKWARD: forward = FOVEA_RELU_FORWARD; break;
    case FOVEA_NORM_BACKWARD: forward = FOVEA_NORM_FORWARD; break;
    default: break;
  }
  dnnl_primitive_desc_t hint = NULL, pd = NULL;
  if (forward >= 0) {  // backward wants the forward it belongs to; ReLU after it makes no difference to that
    struct fovea_request f = *r;
    f.training = true;
    dnnl_primitive_attr_t plain = attributes(false);
    dnnl_status_t status = describe_kind(&f, forward, plain, NULL, &hint);
    lib.dnnl_primitive_attr_destroy(plain);
    if (status != dnnl_success) return NULL;
  }
  dnnl_primitive_attr_t attr = attributes(r->relu);
  dnnl_status_t status = describe_kind(r, r->kind, attr, hint, &pd);
  lib.dnnl_primitive_attr_destroy(attr);
  if (hint) lib.dnnl_primitive_desc_destroy(hint);
  if (status != dnnl_success) return NULL;
  fovea_pd *result = malloc(sizeof *result);
  result->d = pd;
  return result;
}

static void pd_free(fovea_pd *pd) {
  if (pd) lib.dnnl_primitive_desc_destroy(pd->d);
  free(pd);
}

static md_ref query(const_dnnl_primitive_desc_t pd, int arg) {
  return lib.dnnl_primitive_desc_query_md(pd, dnnl_query_exec_arg_md, arg);
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

// ---- primitives ----

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
    call->args[i].arg = args[i];
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
    .set_threads = set_threads, .md = md_make, .md_strided = md_strided, .md_copy = md_copy, .md_free = md_free,
    .md_bytes = md_bytes, .md_equal = md_equal, .md_text = md_text, .describe = describe, .pd_free = pd_free,
    .pd_md = pd_md, .pd_name = pd_name, .build = build, .primitive_free = primitive_free, .bind = bind_call,
    .call_free = call_free, .run = run, .status_text = status_text,
};
static bool ready;

static void open_library(void) {
  if (switched_off("onednn")) { snprintf(problem, sizeof problem, "switched off by FOVEA_WITHOUT"); return; }
  // Read when libgomp loads: an idle pool must not spin for long beside other threads.
  setenv("OMP_WAIT_POLICY", "passive", 0);
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
  const dnnl_version_t *version = lib.dnnl_version();
  table.major = version->major, table.minor = version->minor, table.patch = version->patch;
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
