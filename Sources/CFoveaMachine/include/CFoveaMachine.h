// What this machine can do at best: the measures that speeds are held against. Vector code is chosen at run time.
#pragma once
#include <stddef.h>

/// The vector instructions that the fused multiply-adds run on, e.g. "AVX-512".
const char *_Nonnull fovea_machine_vectors(void);

/// Multiply-adds in f32 on so many threads, in 10⁹ operations a second, two for each; takes some tenths of a second.
/// 0 when there is no memory or no thread.
double fovea_machine_fma(int threads);

/// The same for products of bf16 pairs summed in f32; 0 where the processor has no instruction for them.
double fovea_machine_bf16(int threads);

/// McCalpin's triad a = b + s·c on so many threads, on arrays that take `bytes` together: 10⁹ bytes a second, each
/// element read or written counted once. 0 when there is no memory or no thread.
double fovea_machine_triad(int threads, size_t bytes);
