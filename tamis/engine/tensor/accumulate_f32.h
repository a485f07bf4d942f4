#pragma once

#include <cstdint>

// Loops over contiguous f32 numbers for the instruction set of this machine. The order of
// a sum depends on n alone, not on the width of a vector: the same numbers on every machine.
namespace tamis::engine {

struct AccumulateLoops {
  void (*add_scaled)(float* y, const float* x, float factor, std::int64_t n);  ///< y += factor x
  double (*sum)(const float* x, std::int64_t n);
  double (*sum_of_squares)(const float* x, std::int64_t n);
  /// totals[c] += the sum over rows of x[row stride + c], c < columns.
  void (*add_rows)(double* totals, const float* x, std::int64_t rows, std::int64_t stride, std::int64_t columns);
  /// False if any of them is NaN or infinite.
  bool (*all_finite)(const float* x, std::int64_t n);
};
const AccumulateLoops& accumulate_loops();

}  // namespace tamis::engine
