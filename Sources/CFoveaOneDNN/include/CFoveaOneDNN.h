// What Swift sees of oneDNN: our own names, no header of theirs.
//
// Works with oneDNN 2.x (Debian 12) and 3.x; the library is opened at run time.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fovea_md fovea_md;                // how a tensor lies in memory
typedef struct fovea_pd fovea_pd;                // a chosen, not yet built, primitive
typedef struct fovea_primitive fovea_primitive;  // a built primitive
typedef struct fovea_call fovea_call;            // a primitive tied to buffers

enum fovea_dtype { FOVEA_F32 = 0, FOVEA_BF16 = 1, FOVEA_S32 = 2, FOVEA_U8 = 3, FOVEA_S8 = 4, FOVEA_F16 = 5 };
// What the processor does with bf16: nothing, less quickly than with f32, or twice as quickly.
enum fovea_bf16 { FOVEA_BF16_NONE = 0, FOVEA_BF16_EMULATED = 1, FOVEA_BF16_NATIVE = 2 };
enum fovea_order { FOVEA_ANY = 0, FOVEA_PLAIN = 1, FOVEA_CHANNELS_LAST = 2, FOVEA_BLOCKED_16 = 3 };

enum fovea_kind {
  FOVEA_CONV_FORWARD = 0,
  FOVEA_CONV_BACKWARD_DATA = 1,
  FOVEA_CONV_BACKWARD_WEIGHTS = 2,
  FOVEA_POOL_FORWARD = 3,
  FOVEA_POOL_BACKWARD = 4,
  FOVEA_ELTWISE_FORWARD = 5,
  FOVEA_ELTWISE_BACKWARD = 6,
  FOVEA_MATMUL = 7,
  FOVEA_BINARY = 8,
  FOVEA_NORM_FORWARD = 9,
  FOVEA_NORM_BACKWARD = 10,
  FOVEA_REORDER = 11,
  FOVEA_CONCAT = 12,
  FOVEA_LRN_FORWARD = 13,
  FOVEA_LRN_BACKWARD = 14,
  FOVEA_RESIZE_FORWARD = 15,
  FOVEA_RESIZE_BACKWARD = 16,
  FOVEA_LAYER_NORM_FORWARD = 17,
  FOVEA_LAYER_NORM_BACKWARD = 18,
  FOVEA_PRELU_FORWARD = 19,
  FOVEA_PRELU_BACKWARD = 20,
};

enum fovea_eltwise {
  FOVEA_NO_ELTWISE = 0,
  FOVEA_RELU = 1,
  FOVEA_LEAKY = 2,  // ReLU with the slope `alpha` below 0
  FOVEA_SIGMOID = 3,
  FOVEA_TANH = 4,
  FOVEA_ELU = 5,        // `alpha`
  FOVEA_CLIP = 6,       // from `alpha` to `beta`
  FOVEA_LINEAR = 7,     // `alpha`·x + `beta`
  FOVEA_SOFT_RELU = 8,  // `alpha` 1
  FOVEA_ABS = 9,
  // From here on the gradient reads the input, before it the output.
  FOVEA_GELU_ERF = 10,
  FOVEA_GELU_TANH = 11,
  FOVEA_SWISH = 12,       // `alpha`
  FOVEA_HARD_SWISH = 13,  // `alpha` 1/6, `beta` 1/2
  FOVEA_MISH = 14,
};
enum fovea_binary { FOVEA_ADD = 0, FOVEA_SUB = 1, FOVEA_MUL = 2, FOVEA_DIV = 3, FOVEA_MAX = 4, FOVEA_MIN = 5 };
// The mean of all taps, padding included, or of those that meet numbers.
enum fovea_pool { FOVEA_POOL_MAX = 0, FOVEA_POOL_MEAN_ALL = 1, FOVEA_POOL_MEAN = 2 };

// How a convolution is computed. Winograd's way is oneDNN 2.x's only: 3.x describes none.
enum fovea_algorithm { FOVEA_DIRECT = 0, FOVEA_WINOGRAD = 1 };

// The operands of a primitive, as oneDNN numbers them.
enum fovea_arg {
  FOVEA_SRC = 1,
  FOVEA_SRC_1 = 2,
  FOVEA_DST = 17,
  FOVEA_WEIGHTS = 33,
  FOVEA_BIAS = 41,
  FOVEA_MEAN = 49,
  FOVEA_VARIANCE = 50,
  FOVEA_SCALE = 51,
  FOVEA_SHIFT = 52,
  FOVEA_WORKSPACE = 64,
  FOVEA_SCRATCHPAD = 80,
  FOVEA_DIFF_SRC = 129,
  FOVEA_DIFF_DST = 145,
  FOVEA_DIFF_WEIGHTS = 161,
  FOVEA_DIFF_BIAS = 169,
  FOVEA_DIFF_SCALE = 255,
  FOVEA_DIFF_SHIFT = 256,
  FOVEA_PARTS = 1024,    // and one more for each further part
  FOVEA_ADDED = 10000,  // `added` of the request; 2.x and 3.x number it differently
};

/// What a primitive shall do. For backward kinds `src` and `dst` describe the gradients that stand in the
/// place of source and destination; NULL means that the operand is absent.
struct fovea_request {
  int kind;
  bool training;  // keep a workspace (pooling), compute statistics (norm)
  int eltwise[2];  // what is applied: [0] by the primitive itself, or both after another one in the same kernel
  float alpha[2], beta[2];  // of `eltwise`
  int binary, pool;
  int algorithm;  // of a convolution
  int axes;       // spatial axes
  int64_t kernel[3], strides[3], dilations[3], pad_before[3], pad_after[3];  // dilation 1 = dense
  float epsilon;
  // Of a local response norm across channels: dst = src · (lrn_bias + lrn_alpha / lrn_size · Σ src²)^-lrn_beta.
  int64_t lrn_size;
  float lrn_alpha, lrn_beta, lrn_bias;
  bool linear;  // resizing: between the nearest places, not like the nearest one
  const fovea_md *src, *src_1, *weights, *bias, *dst;
  // Of a convolution's weight gradient: the weights of the forward pass where their type is another than `weights`'.
  const fovea_md *forward_weights;
  const fovea_md *added;         // added to the result in the same kernel, before `eltwise`
  // Whole numbers are multiplied by these before anything is applied: one, or one for each channel of the result.
  // With oneDNN 3.x there is no implementation for any.
  const float *scales;
  int scale_count;
  const fovea_md *const *parts;  // what is put side by side along `axis`
  int part_count, axis;
};

struct fovea_onednn {
  int major, minor, patch;
  int bf16;  // as fovea_bf16
  /// Threads for primitives built and run by the calling thread from now on.
  void (*set_threads)(int threads);

  /// NULL when the library refuses the description.
  fovea_md *(*md)(int rank, const int64_t *dims, int dtype, int order);
  /// By element strides, for transposed operands.
  fovea_md *(*md_strided)(int rank, const int64_t *dims, const int64_t *strides, int dtype);
  fovea_md *(*md_copy)(const fovea_md *md);
  /// A part of a larger tensor, in place.
  fovea_md *(*md_part)(const fovea_md *md, const int64_t *dims, const int64_t *offsets);
  void (*md_free)(fovea_md *md);
  size_t (*md_bytes)(const fovea_md *md);
  bool (*md_equal)(const fovea_md *a, const fovea_md *b);
  /// As fovea_dtype, -1 for another.
  int (*md_dtype)(const fovea_md *md);
  /// Writes e.g. "acdb" or "aBcd16b" (letters are axes from outermost; capitals are split into blocks).
  void (*md_text)(const fovea_md *md, char *text, size_t size);

  /// NULL when there is no implementation.
  fovea_pd *(*describe)(const struct fovea_request *request);
  void (*pd_free)(fovea_pd *pd);
  /// The layout an operand must have; NULL when the primitive has no such operand. Owned by `pd`.
  const fovea_md *(*pd_md)(const fovea_pd *pd, int arg);
  const char *(*pd_name)(const fovea_pd *pd);

  /// Generates the code; NULL on failure.
  fovea_primitive *(*build)(const fovea_pd *pd);
  void (*primitive_free)(fovea_primitive *primitive);
  fovea_call *(*bind)(const fovea_primitive *primitive, int count, const int *args, void *const *buffers);
  void (*call_free)(fovea_call *call);
  /// 0, or the library's status.
  int (*run)(const fovea_call *call);
  const char *(*status_text)(int status);
};

/// 1 while this thread is inside an execute of the library, which allocates there; a test that counts
/// allocations leaves those out.
extern _Thread_local int fovea_onednn_inside;

/// Opens the library, once; NULL when it cannot be had, and then `*why` is a sentence that says why.
const struct fovea_onednn *fovea_onednn_open(const char **why);
