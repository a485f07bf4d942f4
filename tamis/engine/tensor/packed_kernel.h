#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "tamis/engine/tensor/packed_linear.h"

// The oneDNN side of packed_linear.h: blocks of rows of one height. int8 stops at the sums: its inputs are unsigned
// bytes, its outputs i32, without bias or epilogue.
namespace tamis::engine {

/// What a kernel is made for.
struct PackedKernel {
  WeightPrecision precision;
  std::int64_t rows, in, out;
  Epilogue epilogue;
  bool bias;
  int threads;
};

/// Weights in the form that kernels of `in` and `out` read; `rows`, `epilogue`, `bias`, `threads` do not matter.
struct PackedWeights {
  std::shared_ptr<void> data;
  std::size_t bytes = 0;
};
/// weight: [out, in] f32 (f32 and bf16), or signed bytes (int8).
PackedWeights pack_weights(WeightPrecision precision, std::int64_t in, std::int64_t out, const void* weight);

/// y = kernel(x). x: f32, bf16 or u8 [rows, in] as the precision says; y: f32, or i32 for int8 [rows, out].
void run_kernel(const PackedKernel& kernel, const PackedWeights& weights, const float* bias, const void* x, void* y);

/// True if this CPU adds four products of bytes into 32 bits at once. Those that do not add pairs in 16 bits, where
/// 255 * 127 * 2 would not fit: their weights have to stay within 63.
bool cpu_adds_bytes_exactly();

}  // namespace tamis::engine
