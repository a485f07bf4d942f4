#pragma once

#include <cstdint>

#include "tamis/engine/tensor/packed_linear.h"

// The loops of packed_linear.h before and after the product, for the instruction set of this machine.
namespace tamis::engine {

/// Sums of bytes back to numbers: y = epilogue((sums - shift[o]) row_scale[r] scale[o] + bias[o]).
struct Dequantize {
  const std::int32_t* sums;   ///< [rows, out]
  const float* row_scale;     ///< [rows]
  const float* scale;         ///< [out]
  const std::int32_t* shift;  ///< [out]: what the inputs' offset of 128 added
  const float* bias;          ///< [out]
};

struct PackedLoops {
  /// Rounds n numbers to bf16, ties to even; NaN stays NaN.
  void (*to_bf16)(const float* x, std::uint16_t* y, std::int64_t n);
  /// y = 128 + round(x / scale), scale = largest |x| / 127 of the n numbers; 1 for a row of zeros. NaN counts as 0.
  void (*quantize_row)(const float* x, std::uint8_t* y, std::int64_t n, float* scale);
  void (*dequantize)(const Dequantize& of, float* y, std::int64_t rows, std::int64_t out, Epilogue epilogue);
};
const PackedLoops& packed_loops();

}  // namespace tamis::engine
