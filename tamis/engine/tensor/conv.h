#pragma once

#include "tamis/engine/tensor/tensor.h"

// Convolution of images, channels last: x [B, H, W, C], weight [O, kh, kw, C / groups], y [B, H', W', O]. It is the
// cross-correlation that the field calls convolution: y[b,i,j,o] = bias[o] + sum x[b, i*s + u*d - p, j*s + v*d - p, c]
// weight[o,u,v,c]. Channels last, because batch norm, bias and activation then run along memory and the kernels need no
// reordering. f32 in oneDNN, f64 in plain loops.
namespace tamis::engine {

enum class Padding { valid, same, given };

struct Conv2dOptions {
  std::int64_t stride_h = 1, stride_w = 1;
  std::int64_t dilation_h = 1, dilation_w = 1;
  std::int64_t groups = 1;
  /// valid: none. same: H' = ceil(H / stride), the odd pixel at the bottom and right. given: the four below.
  Padding padding = Padding::valid;
  std::int64_t top = 0, bottom = 0, left = 0, right = 0;
};

/// The padding in pixels, and the output's shape. Throws invalid_argument("[conv2d] …") with the shapes if they do not
/// fit, a size is below 1, or the kernel is larger than the padded image.
struct Conv2dGeometry {
  std::int64_t top, bottom, left, right, out_h, out_w;
};
Conv2dGeometry conv2d_geometry(const Shape& x, const Shape& weight, const Conv2dOptions& options, const char* op);

/// bias [O] or undefined.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options);
/// dL/dx: the transposed convolution of g with the weight.
Tensor conv2d_backward_input(const Tensor& g, const Tensor& weight, const Shape& x_shape, const Conv2dOptions& options);
/// dL/dW: the correlation of x with the (stride-dilated) g.
Tensor conv2d_backward_weight(const Tensor& g, const Tensor& x, const Shape& weight_shape,
                              const Conv2dOptions& options);

/// The transposed convolution: x [B, H, W, C], weight [C, kh, kw, O / groups] -> [B, H', W', O] with
/// H' = (H - 1) stride + dilation (kh - 1) + 1 - top - bottom + out_pad; `out_pad_h` rows (< stride) make up for what a
/// strided convolution dropped. `same` gives H' = H stride. bias [O] or undefined.
Tensor conv2d_transpose(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options,
                        std::int64_t out_pad_h = 0, std::int64_t out_pad_w = 0);
/// The shape conv2d_transpose gives; throws as it does.
Shape conv2d_transpose_shape(const Shape& x, const Shape& weight, const Conv2dOptions& options, std::int64_t out_pad_h,
                             std::int64_t out_pad_w);
/// Gradients of the transposed convolution: dx is a convolution of g; dW the correlation of g with x.
Tensor conv2d_transpose_backward_input(const Tensor& g, const Tensor& weight, const Shape& x_shape,
                                       const Conv2dOptions& options);
Tensor conv2d_transpose_backward_weight(const Tensor& g, const Tensor& x, const Shape& weight_shape,
                                        const Conv2dOptions& options);

}  // namespace tamis::engine
