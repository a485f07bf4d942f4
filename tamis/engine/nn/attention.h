#pragma once

#include "tamis/engine/nn/linear.h"

namespace tamis::nn {

struct AttentionOptions {
  std::int64_t heads = 1;
  double dropout = 0;  ///< on the probabilities
  bool bias = true;
  Init weight = Init::xavier_uniform();
};

/// Self-attention over packed sequences, [T, C] -> [T, C]: y = output(attention(qkv(x))); needs pass.offsets. Parts:
/// qkv (Linear, weight [3 C, C]: the rows of queries, keys, values), output (Linear, weight [C, C]). Source: Vaswani et
/// al., arXiv:1706.03762, section 3.2.2.
class MultiHeadAttention : public Layer {
 public:
  /// Throws invalid_argument if heads do not divide the width, or for a rate outside [0, 1).
  MultiHeadAttention(std::int64_t width, const AttentionOptions& options);
  std::string_view kind() const override { return "attention"; }
  engine::Shape output_shape(const engine::Shape& x) const override;
  Memory memory(const Extent& x, bool training) const override;

 protected:
  Variable compute(const Variable& x, Pass& pass) override;

 private:
  std::int64_t heads_;
  double dropout_;
  Linear qkv_, output_;
};

}  // namespace tamis::nn
