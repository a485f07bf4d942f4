#pragma once

#include <cstdint>

// The three products of a convolution, on contiguous memory: f32 in oneDNN, f64 in plain loops.
namespace tamis::engine {

/// A convolution whose sizes have been checked; see conv.h.
struct ConvSizes {
  std::int64_t batch, in_h, in_w, channels;
  std::int64_t out_h, out_w, filters;
  std::int64_t kernel_h, kernel_w;
  std::int64_t stride_h, stride_w, dilation_h, dilation_w;
  std::int64_t top, bottom, left, right;
  std::int64_t groups;
};

/// y [batch, out_h, out_w, filters] from x [batch, in_h, in_w, channels], w [filters, kernel_h, kernel_w,
/// channels / groups] and bias [filters] or nullptr.
void conv_forward(const ConvSizes& sizes, const float* x, const float* w, const float* bias, float* y);
void conv_forward(const ConvSizes& sizes, const double* x, const double* w, const double* bias, double* y);
/// dL/dx from g = dL/dy.
void conv_backward_input(const ConvSizes& sizes, const float* g, const float* w, float* dx);
void conv_backward_input(const ConvSizes& sizes, const double* g, const double* w, double* dx);
/// dL/dw.
void conv_backward_weight(const ConvSizes& sizes, const float* g, const float* x, float* dw);
void conv_backward_weight(const ConvSizes& sizes, const double* g, const double* x, double* dw);

}  // namespace tamis::engine
