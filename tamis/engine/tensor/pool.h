#pragma once

#include "tamis/engine/tensor/conv.h"

// Pooling of images [B, H, W, C] -> [B, H', W', C].
namespace tamis::engine {

struct PoolOptions {
  std::int64_t window_h = 2, window_w = 2;
  std::int64_t stride_h = 2, stride_w = 2;
  Padding padding = Padding::valid;
  std::int64_t top = 0, bottom = 0, left = 0, right = 0;
};

/// The padding and the output's shape: a pool lies on an image as a convolution's kernel does. Throws
/// invalid_argument("[op] …") as conv2d_geometry does, and if the padding could hold a whole window.
Conv2dGeometry pool2d_geometry(const Shape& x, const PoolOptions& options, const char* op);

struct MaxPooled {
  Tensor y;
  Tensor at;  ///< i32, y's shape: where in the window the maximum is (row * window_w + column)
};
/// Padding counts as minus infinity. Of equal values the first in row-major order wins and takes the whole gradient.
MaxPooled max_pool2d(const Tensor& x, const PoolOptions& options);
/// Sends each gradient to its argmax; `at` is max_pool2d's.
Tensor max_pool2d_backward(const Tensor& g, const Tensor& at, const Shape& x_shape, const PoolOptions& options);

/// The mean of the pixels inside the image; padding is not counted.
Tensor avg_pool2d(const Tensor& x, const PoolOptions& options);
Tensor avg_pool2d_backward(const Tensor& g, const Shape& x_shape, const PoolOptions& options);

}  // namespace tamis::engine
