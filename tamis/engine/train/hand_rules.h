#pragma once

#include <array>
#include <cstdint>
#include <vector>

// The gradients of a convolutional network as one derives them with pencil and paper, in plain loops on f64. They share
// no code with the ops they are compared with: verified_rules.h. Throughout, g is dL/d(output), and a rule returns
// dL/d(what it names). Images are [B, H, W, C], weights of convolutions [O, kh, kw, C / groups].
namespace tamis::train::hand {

/// Numbers with up to four axes, row-major; axes that are left out have size 1.
class Array {
 public:
  using Sizes = std::array<std::int64_t, 4>;
  /// Zeros.
  explicit Array(const Sizes& sizes);
  Array(const Sizes& sizes, std::vector<double> values);
  /// Any number of axes; those after the fourth are laid end to end.
  static Sizes sizes_of(const std::vector<std::int64_t>& axes);

  double& operator()(std::int64_t a, std::int64_t b = 0, std::int64_t c = 0, std::int64_t d = 0) {
    return values_[index(a, b, c, d)];
  }
  double operator()(std::int64_t a, std::int64_t b = 0, std::int64_t c = 0, std::int64_t d = 0) const {
    return values_[index(a, b, c, d)];
  }
  std::int64_t size(std::size_t axis) const { return sizes_[axis]; }
  const Sizes& sizes() const { return sizes_; }
  const std::vector<double>& values() const { return values_; }
  /// The same numbers under other sizes.
  Array reshaped(const Sizes& sizes) const { return Array(sizes, values_); }

 private:
  std::size_t index(std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d) const {
    return static_cast<std::size_t>(((a * sizes_[1] + b) * sizes_[2] + c) * sizes_[3] + d);
  }
  Sizes sizes_;
  std::vector<double> values_;
};

/// Where a window of a convolution or pool lies: output (i, j) and window cell (u, v) meet at input
/// (i stride_h + u dilation_h - top, j stride_w + v dilation_w - left).
struct Placement {
  std::int64_t stride_h = 1, stride_w = 1;
  std::int64_t dilation_h = 1, dilation_w = 1;
  std::int64_t top = 0, left = 0;
  std::int64_t groups = 1;
};

/// g with stride - 1 zeros between neighbours, [B, (H' - 1) stride_h + 1, (W' - 1) stride_w + 1, O]: the gradient that
/// the same convolution with stride 1 would have got.
Array dilate(const Array& g, const Placement& at);
/// dL/dW[o,u,v,c] = sum over b, p, q of x[b, p + u - top, q + v - left, c] G[b, p, q, o] with G = dilate(g): the
/// correlation of the input with the dilated gradient.
Array conv_weight(const Array& g, const Array& x, const Array::Sizes& weight, const Placement& at);
/// dL/db[o] = the sum of g's channel o, over all images and pixels.
Array conv_bias(const Array& g);
/// dL/dx[b,h,w,c] = sum over o, u, v of G[b, h + top - u, w + left - v, o] W[o,u,v,c]: the transposed convolution, G
/// convolved with the kernel turned by half a circle.
Array conv_input(const Array& g, const Array& weight, const Array::Sizes& x, const Placement& at);

/// y = x W^T + b with rows x [B, I]: dL/dW[o,i] = sum over b of g[b,o] x[b,i].
Array linear_weight(const Array& g, const Array& x);
/// dL/db[o] = sum over b of g[b,o].
Array linear_bias(const Array& g);
/// dL/dx[b,i] = sum over o of g[b,o] W[o,i].
Array linear_input(const Array& g, const Array& weight);

/// dL/dz = g where z > 0, else 0; at z = 0 it is 0.
Array relu_input(const Array& g, const Array& z);

/// Each g goes to the largest input of its window, the first in row-major order among equals; the others get nothing.
Array max_pool_input(const Array& g, const Array& x, std::int64_t window_h, std::int64_t window_w, const Placement& at);

/// L = -sum over rows b of sum over k of y[b,k] log a[b,k], a = softmax(z): dL/dz = a sum over k of y[b,k] - y, times
/// `weight` (1 / B where the loss is the mean over rows). a - y where the labels of a row sum to 1.
Array softmax_cross_entropy_input(const Array& z, const Array& y, double weight);

}  // namespace tamis::train::hand
