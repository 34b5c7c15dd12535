// What the shim's own files share: the library's functions and how a description is held. Not for Swift.
#pragma once
#include "CFoveaOneDNN.h"

#if __has_include(<oneapi/dnnl/dnnl.h>)
#define FOVEA_HAVE_ONEDNN 1
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
  X(dnnl_post_ops_append_eltwise) X(dnnl_post_ops_append_binary) X(dnnl_reorder_primitive_desc_create)          \
  X(dnnl_concat_primitive_desc_create) X(dnnl_get_effective_cpu_isa)
#if V3
#define FUNCTIONS(X)                                                                                           \
  COMMON(X)                                                                                                    \
  X(dnnl_memory_desc_create_with_tag) X(dnnl_memory_desc_create_with_strides) X(dnnl_memory_desc_clone)        \
  X(dnnl_memory_desc_create_submemory)                                                                         \
  X(dnnl_memory_desc_destroy) X(dnnl_memory_desc_query) X(dnnl_convolution_forward_primitive_desc_create)      \
  X(dnnl_convolution_backward_data_primitive_desc_create)                                                      \
  X(dnnl_convolution_backward_weights_primitive_desc_create)                                                   \
  X(dnnl_pooling_forward_primitive_desc_create) X(dnnl_pooling_backward_primitive_desc_create)                 \
  X(dnnl_eltwise_forward_primitive_desc_create) X(dnnl_eltwise_backward_primitive_desc_create)                 \
  X(dnnl_prelu_forward_primitive_desc_create) X(dnnl_prelu_backward_primitive_desc_create)                     \
  X(dnnl_matmul_primitive_desc_create) X(dnnl_binary_primitive_desc_create)                                    \
  X(dnnl_batch_normalization_forward_primitive_desc_create)                                                    \
  X(dnnl_batch_normalization_backward_primitive_desc_create)                                                   \
  X(dnnl_lrn_forward_primitive_desc_create) X(dnnl_lrn_backward_primitive_desc_create)                         \
  X(dnnl_resampling_forward_primitive_desc_create) X(dnnl_resampling_backward_primitive_desc_create)           \
  X(dnnl_layer_normalization_forward_primitive_desc_create)                                                    \
  X(dnnl_layer_normalization_backward_primitive_desc_create)
typedef const_dnnl_memory_desc_t md_ref;
#else
#define FUNCTIONS(X)                                                                                           \
  COMMON(X)                                                                                                    \
  X(dnnl_primitive_desc_create) X(dnnl_memory_desc_init_by_tag) X(dnnl_memory_desc_init_by_strides)            \
  X(dnnl_memory_desc_init_submemory) X(dnnl_primitive_attr_set_output_scales) \
  X(dnnl_dilated_convolution_forward_desc_init) X(dnnl_dilated_convolution_backward_data_desc_init)            \
  X(dnnl_dilated_convolution_backward_weights_desc_init) X(dnnl_pooling_forward_desc_init)                     \
  X(dnnl_pooling_backward_desc_init) X(dnnl_pooling_v2_forward_desc_init)                                      \
  X(dnnl_pooling_v2_backward_desc_init) X(dnnl_eltwise_forward_desc_init) X(dnnl_eltwise_backward_desc_init)   \
  X(dnnl_prelu_forward_desc_init) X(dnnl_prelu_backward_desc_init)                                             \
  X(dnnl_matmul_desc_init) X(dnnl_binary_desc_init) X(dnnl_batch_normalization_forward_desc_init)              \
  X(dnnl_batch_normalization_backward_desc_init) X(dnnl_lrn_forward_desc_init) X(dnnl_lrn_backward_desc_init)  \
  X(dnnl_resampling_forward_desc_init) X(dnnl_resampling_backward_desc_init)                                   \
  X(dnnl_layer_normalization_forward_desc_init) X(dnnl_layer_normalization_backward_desc_init)
typedef const dnnl_memory_desc_t *md_ref;
#endif
#define FIELD(f) __typeof__(&f) f;
struct fovea_library { FUNCTIONS(FIELD) };

extern struct fovea_library fovea_lib;
extern dnnl_engine_t fovea_engine;
#define lib fovea_lib
#define engine fovea_engine

struct fovea_md { dnnl_memory_desc_t d; };  // 2.x: the description itself; 3.x: a pointer to it
struct fovea_pd { dnnl_primitive_desc_t d; };
#if V3
#define REF(md) ((md) ? (md)->d : NULL)
#else
#define REF(md) ((md) ? &(md)->d : NULL)
#endif

// Fill their part of the table.
void fovea_add_descriptors(struct fovea_onednn *table);
void fovea_add_descriptions(struct fovea_onednn *table);
#endif
