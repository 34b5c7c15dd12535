// The kernels whose speed is the machine's: each runs `rounds` times and hands back a number that depends on all.
#pragma once

typedef float (*fovea_rounds)(long rounds);

/// A kernel and the operations of one round.
struct fovea_kernel {
    fovea_rounds run;
    double operations;
    const char *name;
};

/// The widest multiply-adds in f32 that the processor has.
struct fovea_kernel fovea_kernel_fma(void);
/// The widest products of bf16 pairs; `run` is NULL where there are none.
struct fovea_kernel fovea_kernel_bf16(void);
