#pragma once

#include "tamis/engine/tensor/dropout.h"
#include "tamis/engine/tensor/tensor.h"

// Multi-head self-attention over packed sequences: tokens end to end, no padding, no mask.
namespace tamis::engine {

struct Attended {
  Tensor y;              ///< [T, C]
  Tensor probabilities;  ///< after softmax, before dropout: H blocks of n x n for each sequence of n tokens, end to end
};
/// qkv [T, 3 C]: queries, keys and values of all heads side by side (head h holds columns h C/H .. of each third);
/// offsets [B + 1] i32: sequence b is tokens offsets[b] .. offsets[b + 1] - 1, offsets[0] = 0, offsets[B] = T, none
/// empty. y = softmax(q k^T / sqrt(C / H)) v for each sequence and head. `dropout` falls on the probabilities; here
/// `dropout.first` counts sequences: element (b, h, i, j) has position ((first + b) << 32) + (h n + i) n + j.
/// Throws invalid_argument if C is not divisible by heads or the offsets are not as said. Source: Vaswani et al.,
/// arXiv:1706.03762, equation 1.
Attended attention(const Tensor& qkv, const Tensor& offsets, std::int64_t heads, const Dropout& dropout);
/// dL/dqkv.
Tensor attention_backward(const Tensor& g, const Tensor& qkv, const Tensor& offsets, std::int64_t heads,
                          const Tensor& probabilities, const Dropout& dropout);

}  // namespace tamis::engine
