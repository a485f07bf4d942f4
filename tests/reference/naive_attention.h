#pragma once

#include <cmath>

#include "tamis/engine/tensor/attention.h"

namespace tamis::reference {

/// Attention by equation 1 of arXiv:1706.03762, one query at a time; `factor` is the dropout of element (b, h, i, j),
/// 0 or 1 / (1 - rate).
template <typename Factor>
engine::Tensor naive_attention(const engine::Tensor& qkv, const std::vector<std::int32_t>& offsets, std::int64_t heads,
                               const Factor& factor) {
  const std::int64_t channels = qkv.size(1) / 3;
  const std::int64_t width = channels / heads;
  const auto at = [&](std::int64_t token, std::int64_t part, std::int64_t head, std::int64_t c) {
    return qkv.at(token * 3 * channels + part * channels + head * width + c);
  };
  engine::Tensor y = engine::Tensor::zeros({qkv.size(0), channels}, engine::DType::f64);
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    for (std::int64_t h = 0; h < heads; ++h) {
      for (std::int64_t i = offsets[b]; i < offsets[b + 1]; ++i) {
        std::vector<double> weights;
        double sum = 0;
        for (std::int64_t j = offsets[b]; j < offsets[b + 1]; ++j) {
          double score = 0;
          for (std::int64_t c = 0; c < width; ++c) score += at(i, 0, h, c) * at(j, 1, h, c);
          weights.push_back(std::exp(score / std::sqrt(static_cast<double>(width))));
          sum += weights.back();
        }
        for (std::int64_t j = offsets[b]; j < offsets[b + 1]; ++j) {
          const double weight = weights[static_cast<std::size_t>(j - offsets[b])] / sum *
                                factor(static_cast<std::int64_t>(b), h, i - offsets[b], j - offsets[b]);
          for (std::int64_t c = 0; c < width; ++c) {
            y.data<double>()[i * channels + h * width + c] += weight * at(j, 2, h, c);
          }
        }
      }
    }
  }
  return y;
}

}  // namespace tamis::reference
