// Memory descriptors: how a tensor lies in memory.
#include "library.h"
#ifdef FOVEA_HAVE_ONEDNN
#include <stdio.h>
#include <stdlib.h>

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

static int md_dtype(const fovea_md *md) {
#if V3
  dnnl_data_type_t type = dnnl_data_type_undef;
  lib.dnnl_memory_desc_query(md->d, dnnl_query_data_type, &type);
#else
  dnnl_data_type_t type = md->d.data_type;
#endif
  for (int dtype = FOVEA_F32; dtype <= FOVEA_F16; dtype++)
    if (data_type(dtype) == type) return dtype;
  return -1;
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
static fovea_md *md_part(const fovea_md *whole, const int64_t *dims, const int64_t *offsets) {
  fovea_md *md = calloc(1, sizeof *md);
#if V3
  dnnl_status_t status = lib.dnnl_memory_desc_create_submemory(&md->d, whole->d, dims, offsets);
#else
  dnnl_status_t status = lib.dnnl_memory_desc_init_submemory(&md->d, &whole->d, dims, offsets);
#endif
  if (status == dnnl_success) return md;
  free(md);
  return NULL;
}
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

void fovea_add_descriptors(struct fovea_onednn *table) {
  table->md = md_make;
  table->md_strided = md_strided;
  table->md_copy = md_copy;
  table->md_part = md_part;
  table->md_free = md_free;
  table->md_bytes = md_bytes;
  table->md_equal = md_equal;
  table->md_dtype = md_dtype;
  table->md_text = md_text;
}
#endif
