#pragma once

#include <cstdint>

// The f32 rows of softmax.h, for the instruction set of this machine: one row of n numbers each.
namespace tamis::engine {

struct SoftmaxRows {
  void (*softmax)(const float* x, float* y, std::int64_t n);
  void (*log_softmax)(const float* x, float* y, std::int64_t n);
  void (*softmax_backward)(const float* g, const float* y, float* dx, std::int64_t n);
  void (*log_softmax_backward)(const float* g, const float* y, float* dx, std::int64_t n);
};
const SoftmaxRows& softmax_rows();

}  // namespace tamis::engine
