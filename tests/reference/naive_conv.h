#pragma once

#include "tamis/engine/tensor/conv.h"

namespace tamis::reference {

/// The convolution by the formula of conv.h, one output element at a time. Padding is looked up in `geometry`.
inline engine::Tensor naive_conv2d(const engine::Tensor& x, const engine::Tensor& weight, const engine::Tensor& bias,
                                   const engine::Conv2dOptions& options, const engine::Conv2dGeometry& geometry) {
  const auto at = [](const engine::Tensor& t, std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d) {
    return t.at(((a * t.size(1) + b) * t.size(2) + c) * t.size(3) + d);
  };
  const std::int64_t filters = weight.size(0);
  std::vector<double> out;
  for (std::int64_t b = 0; b < x.size(0); ++b) {
    for (std::int64_t i = 0; i < geometry.out_h; ++i) {
      for (std::int64_t j = 0; j < geometry.out_w; ++j) {
        for (std::int64_t o = 0; o < filters; ++o) {
          const std::int64_t first_channel = o / (filters / options.groups) * weight.size(3);
          double sum = bias.defined() ? bias.at(o) : 0;
          for (std::int64_t u = 0; u < weight.size(1); ++u) {
            for (std::int64_t v = 0; v < weight.size(2); ++v) {
              const std::int64_t row = i * options.stride_h + u * options.dilation_h - geometry.top;
              const std::int64_t column = j * options.stride_w + v * options.dilation_w - geometry.left;
              if (row < 0 || column < 0 || row >= x.size(1) || column >= x.size(2)) continue;
              for (std::int64_t c = 0; c < weight.size(3); ++c) {
                sum += at(x, b, row, column, first_channel + c) * at(weight, o, u, v, c);
              }
            }
          }
          out.push_back(sum);
        }
      }
    }
  }
  return engine::Tensor::from(out, {x.size(0), geometry.out_h, geometry.out_w, filters});
}

}  // namespace tamis::reference
