// Primitive descriptions: what a primitive shall do, and which implementation the library picks.
#include "library.h"
#ifdef FOVEA_HAVE_ONEDNN
#include <stdlib.h>

// Backward is written in the output where that says enough, so that a fused forward keeps nothing more.
static dnnl_alg_kind_t eltwise(int kind, bool backward) {
  switch (kind) {
    case FOVEA_SIGMOID: return backward ? dnnl_eltwise_logistic_use_dst_for_bwd : dnnl_eltwise_logistic;
    case FOVEA_TANH: return backward ? dnnl_eltwise_tanh_use_dst_for_bwd : dnnl_eltwise_tanh;
    case FOVEA_ELU: return backward ? dnnl_eltwise_elu_use_dst_for_bwd : dnnl_eltwise_elu;
    case FOVEA_CLIP: return backward ? dnnl_eltwise_clip_v2_use_dst_for_bwd : dnnl_eltwise_clip_v2;
    case FOVEA_LINEAR: return dnnl_eltwise_linear;
    case FOVEA_SOFT_RELU: return dnnl_eltwise_soft_relu;
    case FOVEA_ABS: return dnnl_eltwise_abs;
    case FOVEA_GELU_ERF: return dnnl_eltwise_gelu_erf;
    case FOVEA_GELU_TANH: return dnnl_eltwise_gelu_tanh;
    case FOVEA_SWISH: return dnnl_eltwise_swish;
    case FOVEA_HARD_SWISH: return dnnl_eltwise_hardswish;
    case FOVEA_MISH: return dnnl_eltwise_mish;
    default: return backward ? dnnl_eltwise_relu_use_dst_for_bwd : dnnl_eltwise_relu;
  }
}

// `r` NULL: nothing happens after the primitive.
static dnnl_primitive_attr_t attributes(const struct fovea_request *r) {
  dnnl_primitive_attr_t attr = NULL;
  if (lib.dnnl_primitive_attr_create(&attr) != dnnl_success) return NULL;
  lib.dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
#if !V3
  if (r && r->scale_count)
    lib.dnnl_primitive_attr_set_output_scales(attr, r->scale_count, r->scale_count > 1 ? 1 << 1 : 0, r->scales);
#endif
  if (!r || (!r->eltwise[0] && !r->added)) return attr;
  dnnl_post_ops_t ops = NULL;
  lib.dnnl_post_ops_create(&ops);
  if (r->added) lib.dnnl_post_ops_append_binary(ops, dnnl_binary_add, REF(r->added));
  for (int i = 0; i < 2 && r->eltwise[i]; i++) {
#if V3
    lib.dnnl_post_ops_append_eltwise(ops, eltwise(r->eltwise[i], false), r->alpha[i], r->beta[i]);
#else
    lib.dnnl_post_ops_append_eltwise(ops, 1, eltwise(r->eltwise[i], false), r->alpha[i], r->beta[i]);
#endif
  }
  lib.dnnl_primitive_attr_set_post_ops(attr, ops);
  lib.dnnl_post_ops_destroy(ops);
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
  if (r->algorithm == FOVEA_WINOGRAD) return dnnl_unimplemented;
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
  dnnl_alg_kind_t alg = r->algorithm == FOVEA_WINOGRAD ? dnnl_convolution_winograd : dnnl_convolution_direct;
  dnnl_status_t status;
  if (kind == FOVEA_CONV_BACKWARD_DATA)
    status = lib.dnnl_dilated_convolution_backward_data_desc_init(
        &desc, alg, REF(r->src), REF(r->weights), REF(r->dst), r->strides, d, r->pad_before,
        r->pad_after);
  else if (kind == FOVEA_CONV_BACKWARD_WEIGHTS)
    status = lib.dnnl_dilated_convolution_backward_weights_desc_init(
        &desc, alg, REF(r->src), REF(r->weights), REF(r->bias), REF(r->dst), r->strides, d,
        r->pad_before, r->pad_after);
  else
    status = lib.dnnl_dilated_convolution_forward_desc_init(
        &desc, prop, alg, REF(r->src), REF(r->weights), REF(r->bias), REF(r->dst), r->strides, d,
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
  dnnl_alg_kind_t alg = r->pool == FOVEA_POOL_MEAN_ALL ? dnnl_pooling_avg_include_padding
                        : r->pool == FOVEA_POOL_MEAN   ? dnnl_pooling_avg_exclude_padding
                                                  : dnnl_pooling_max;
#if V3
  if (backward)
    return lib.dnnl_pooling_backward_primitive_desc_create(
        pd, engine, alg, REF(r->src), REF(r->dst), r->strides, r->kernel, d, r->pad_before, r->pad_after,
        hint, attr);
  return lib.dnnl_pooling_forward_primitive_desc_create(
      pd, engine, prop, alg, REF(r->src), REF(r->dst), r->strides, r->kernel, d, r->pad_before,
      r->pad_after, attr);
#else
  dnnl_status_t status;
  if (dilated) {
    dnnl_pooling_v2_desc_t desc;
    status = backward ? lib.dnnl_pooling_v2_backward_desc_init(
                            &desc, alg, REF(r->src), REF(r->dst), r->strides, r->kernel, d, r->pad_before,
                            r->pad_after)
                      : lib.dnnl_pooling_v2_forward_desc_init(
                            &desc, prop, alg, REF(r->src), REF(r->dst), r->strides, r->kernel, d,
                            r->pad_before, r->pad_after);
    return status != dnnl_success ? status : CREATE(desc, hint);
  }
  dnnl_pooling_desc_t desc;
  status = backward
               ? lib.dnnl_pooling_backward_desc_init(
                     &desc, alg, REF(r->src), REF(r->dst), r->strides, r->kernel, r->pad_before, r->pad_after)
               : lib.dnnl_pooling_forward_desc_init(
                     &desc, prop, alg, REF(r->src), REF(r->dst), r->strides, r->kernel, r->pad_before,
                     r->pad_after);
  return status != dnnl_success ? status : CREATE(desc, hint);
#endif
}

static dnnl_status_t describe_eltwise(
    const struct fovea_request *r, dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *pd, bool backward,
    dnnl_primitive_desc_t hint) {
  dnnl_prop_kind_t prop = r->training || backward ? dnnl_forward_training : dnnl_forward_inference;
  dnnl_alg_kind_t alg = eltwise(r->eltwise[0], r->training || backward);
  float alpha = r->alpha[0], beta = r->beta[0];
#if V3
  if (backward)
    return lib.dnnl_eltwise_backward_primitive_desc_create(
        pd, engine, alg, REF(r->src), REF(r->src), REF(r->dst), alpha, beta, hint, attr);
  return lib.dnnl_eltwise_forward_primitive_desc_create(
      pd, engine, prop, alg, REF(r->src), REF(r->src), alpha, beta, attr);
#else
  dnnl_eltwise_desc_t desc;
  dnnl_status_t status = backward
                             ? lib.dnnl_eltwise_backward_desc_init(&desc, alg, REF(r->src), REF(r->dst), alpha, beta)
                             : lib.dnnl_eltwise_forward_desc_init(&desc, prop, alg, REF(r->src), alpha, beta);
  return status != dnnl_success ? status : CREATE(desc, hint);
#endif
}

// Backward: `dst` is the gradient of the result, of which the gradient of the source has the order too.
static dnnl_status_t describe_prelu(
    const struct fovea_request *r, dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *pd, bool backward,
    dnnl_primitive_desc_t hint) {
  dnnl_prop_kind_t prop = r->training || backward ? dnnl_forward_training : dnnl_forward_inference;
#if V3
  if (backward)
    return lib.dnnl_prelu_backward_primitive_desc_create(
        pd, engine, REF(r->src), REF(r->weights), REF(r->dst), REF(r->weights), REF(r->dst), hint, attr);
  return lib.dnnl_prelu_forward_primitive_desc_create(
      pd, engine, prop, REF(r->src), REF(r->weights), REF(r->src), attr);
#else
  dnnl_prelu_desc_t desc;
  dnnl_status_t status =
      backward ? lib.dnnl_prelu_backward_desc_init(&desc, REF(r->src), REF(r->weights), REF(r->dst), REF(r->weights))
               : lib.dnnl_prelu_forward_desc_init(&desc, prop, REF(r->src), REF(r->weights));
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

static dnnl_status_t describe_lrn(
    const struct fovea_request *r, dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *pd, bool backward,
    dnnl_primitive_desc_t hint) {
  dnnl_prop_kind_t prop = r->training ? dnnl_forward_training : dnnl_forward_inference;
  dnnl_alg_kind_t alg = dnnl_lrn_across_channels;
#if V3
  if (backward)
    return lib.dnnl_lrn_backward_primitive_desc_create(
        pd, engine, alg, REF(r->src), REF(r->src), REF(r->src), r->lrn_size, r->lrn_alpha, r->lrn_beta, r->lrn_bias,
        hint, attr);
  return lib.dnnl_lrn_forward_primitive_desc_create(
      pd, engine, prop, alg, REF(r->src), REF(r->src), r->lrn_size, r->lrn_alpha, r->lrn_beta, r->lrn_bias, attr);
#else
  dnnl_lrn_desc_t desc;
  dnnl_status_t status =
      backward ? lib.dnnl_lrn_backward_desc_init(
                     &desc, alg, REF(r->src), REF(r->src), r->lrn_size, r->lrn_alpha, r->lrn_beta, r->lrn_bias)
               : lib.dnnl_lrn_forward_desc_init(
                     &desc, prop, alg, REF(r->src), r->lrn_size, r->lrn_alpha, r->lrn_beta, r->lrn_bias);
  return status != dnnl_success ? status : CREATE(desc, hint);
#endif
}

static dnnl_status_t describe_resize(
    const struct fovea_request *r, dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *pd, bool backward,
    dnnl_primitive_desc_t hint) {
  dnnl_prop_kind_t prop = r->training ? dnnl_forward_training : dnnl_forward_inference;
  dnnl_alg_kind_t alg = r->linear ? dnnl_resampling_linear : dnnl_resampling_nearest;
  // Without factors the ratio of the extents is taken.
#if V3
  if (backward)
    return lib.dnnl_resampling_backward_primitive_desc_create(
        pd, engine, alg, NULL, REF(r->src), REF(r->dst), hint, attr);
  return lib.dnnl_resampling_forward_primitive_desc_create(
      pd, engine, prop, alg, NULL, REF(r->src), REF(r->dst), attr);
#else
  dnnl_resampling_desc_t desc;
  dnnl_status_t status =
      backward ? lib.dnnl_resampling_backward_desc_init(&desc, alg, NULL, REF(r->src), REF(r->dst))
               : lib.dnnl_resampling_forward_desc_init(&desc, prop, alg, NULL, REF(r->src), REF(r->dst));
  return status != dnnl_success ? status : CREATE(desc, hint);
#endif
}

static dnnl_status_t describe_layer_norm(
    const struct fovea_request *r, dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *pd, bool backward,
    dnnl_primitive_desc_t hint) {
  unsigned flags = dnnl_use_scale | dnnl_use_shift;
  dnnl_prop_kind_t prop = dnnl_forward_training;  // mean and variance are kept
#if V3
  if (backward)
    return lib.dnnl_layer_normalization_backward_primitive_desc_create(
        pd, engine, dnnl_backward, REF(r->src), REF(r->src), REF(r->src), REF(r->src_1), r->epsilon, flags, hint, attr);
  return lib.dnnl_layer_normalization_forward_primitive_desc_create(
      pd, engine, prop, REF(r->src), REF(r->src), REF(r->src_1), r->epsilon, flags, attr);
#else
  dnnl_layer_normalization_desc_t desc;
  dnnl_status_t status =
      backward
          ? lib.dnnl_layer_normalization_backward_desc_init(
                &desc, dnnl_backward, REF(r->src), REF(r->src), REF(r->src_1), r->epsilon, flags)
          : lib.dnnl_layer_normalization_forward_desc_init(&desc, prop, REF(r->src), REF(r->src_1), r->epsilon, flags);
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

static dnnl_status_t describe_binary(
    const struct fovea_request *r, dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *pd) {
  static const dnnl_alg_kind_t kinds[] = {dnnl_binary_add, dnnl_binary_sub, dnnl_binary_mul,
                                          dnnl_binary_div, dnnl_binary_max, dnnl_binary_min};
#if V3
  return lib.dnnl_binary_primitive_desc_create(
      pd, engine, kinds[r->binary], REF(r->src), REF(r->src_1), REF(r->dst), attr);
#else
  dnnl_binary_desc_t desc;
  dnnl_status_t status =
      lib.dnnl_binary_desc_init(&desc, kinds[r->binary], REF(r->src), REF(r->src_1), REF(r->dst));
  return status != dnnl_success ? status : CREATE(desc, NULL);
#endif
}

static dnnl_status_t describe_concat(
    const struct fovea_request *r, dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *pd) {
  // 2.x wants the descriptions themselves in a row, 3.x pointers to them.
#if V3
  const_dnnl_memory_desc_t *parts = calloc((size_t)r->part_count, sizeof *parts);
#else
  dnnl_memory_desc_t *parts = calloc((size_t)r->part_count, sizeof *parts);
#endif
  if (!parts) return dnnl_out_of_memory;
  for (int i = 0; i < r->part_count; i++) parts[i] = r->parts[i]->d;
#if V3
  dnnl_status_t status =
      lib.dnnl_concat_primitive_desc_create(pd, engine, REF(r->dst), r->part_count, r->axis, parts, attr);
#else
  dnnl_status_t status =
      lib.dnnl_concat_primitive_desc_create(pd, REF(r->dst), r->part_count, r->axis, parts, attr, engine);
#endif
  free(parts);
  return status;
}

static dnnl_status_t describe_kind(
    const struct fovea_request *r, int kind, dnnl_primitive_attr_t attr, dnnl_primitive_desc_t hint,
    dnnl_primitive_desc_t *pd) {
  switch (kind) {
    case FOVEA_CONV_FORWARD:
    case FOVEA_CONV_BACKWARD_DATA:
    case FOVEA_CONV_BACKWARD_WEIGHTS: return describe_conv(r, attr, pd, kind, hint);
    case FOVEA_POOL_FORWARD: return describe_pool(r, attr, pd, false, hint);
    case FOVEA_POOL_BACKWARD: return describe_pool(r, attr, pd, true, hint);
    case FOVEA_ELTWISE_FORWARD: return describe_eltwise(r, attr, pd, false, hint);
    case FOVEA_ELTWISE_BACKWARD: return describe_eltwise(r, attr, pd, true, hint);
    case FOVEA_PRELU_FORWARD: return describe_prelu(r, attr, pd, false, hint);
    case FOVEA_PRELU_BACKWARD: return describe_prelu(r, attr, pd, true, hint);
    case FOVEA_NORM_FORWARD: return describe_norm(r, attr, pd, false, hint);
    case FOVEA_NORM_BACKWARD: return describe_norm(r, attr, pd, true, hint);
    case FOVEA_LRN_FORWARD: return describe_lrn(r, attr, pd, false, hint);
    case FOVEA_LRN_BACKWARD: return describe_lrn(r, attr, pd, true, hint);
    case FOVEA_RESIZE_FORWARD: return describe_resize(r, attr, pd, false, hint);
    case FOVEA_RESIZE_BACKWARD: return describe_resize(r, attr, pd, true, hint);
    case FOVEA_LAYER_NORM_FORWARD: return describe_layer_norm(r, attr, pd, false, hint);
    case FOVEA_LAYER_NORM_BACKWARD: return describe_layer_norm(r, attr, pd, true, hint);
    case FOVEA_MATMUL: return describe_matmul(r, attr, pd);
    case FOVEA_BINARY: return describe_binary(r, attr, pd);
    case FOVEA_CONCAT: return describe_concat(r, attr, pd);
    case FOVEA_REORDER: return lib.dnnl_reorder_primitive_desc_create(pd, REF(r->src), engine, REF(r->dst), engine, attr);
    default: return dnnl_invalid_arguments;
  }
}

static fovea_pd *describe(const struct fovea_request *r) {
#if V3
  if (r->scale_count) return NULL;
#endif
  int forward = -1;
  switch (r->kind) {
    case FOVEA_CONV_BACKWARD_DATA:
    case FOVEA_CONV_BACKWARD_WEIGHTS: forward = FOVEA_CONV_FORWARD; break;
    case FOVEA_POOL_BACKWARD: forward = FOVEA_POOL_FORWARD; break;
    case FOVEA_ELTWISE_BACKWARD: forward = FOVEA_ELTWISE_FORWARD; break;
    case FOVEA_PRELU_BACKWARD: forward = FOVEA_PRELU_FORWARD; break;
    case FOVEA_NORM_BACKWARD: forward = FOVEA_NORM_FORWARD; break;
    case FOVEA_LRN_BACKWARD: forward = FOVEA_LRN_FORWARD; break;
    case FOVEA_RESIZE_BACKWARD: forward = FOVEA_RESIZE_FORWARD; break;
    case FOVEA_LAYER_NORM_BACKWARD: forward = FOVEA_LAYER_NORM_FORWARD; break;
    default: break;
  }
  dnnl_primitive_desc_t hint = NULL, pd = NULL;
  if (forward >= 0) {  // backward wants the forward it belongs to; what follows that makes no difference
    struct fovea_request f = *r;
    f.training = true;
    if (f.forward_weights) f.weights = f.forward_weights;
    dnnl_primitive_attr_t plain = attributes(NULL);
    dnnl_status_t status = describe_kind(&f, forward, plain, NULL, &hint);
    lib.dnnl_primitive_attr_destroy(plain);
    if (status != dnnl_success) return NULL;
  }
  bool after = r->kind != FOVEA_ELTWISE_FORWARD && r->kind != FOVEA_ELTWISE_BACKWARD;
  dnnl_primitive_attr_t attr = attributes(after ? r : NULL);
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

void fovea_add_descriptions(struct fovea_onednn *table) {
  table->describe = describe;
  table->pd_free = pd_free;
}
#endif
