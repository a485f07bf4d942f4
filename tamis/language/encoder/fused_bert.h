#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "tamis/engine/tensor/packed_linear.h"
#include "tamis/language/encoder/bert.h"

namespace tamis::encoder {

/// Sequences end to end: sequence b is tokens offsets[b] .. offsets[b + 1] - 1; none is empty.
struct PackedTokens {
  std::span<const std::int32_t> ids;      ///< [T]
  std::span<const std::int32_t> offsets;  ///< [B + 1]
};

/// The network of bert.h for inference: weights packed for the CPU's kernels, query, key and value in one product, bias
/// and activation in it, residual sums in it, attention without kept probabilities. Each sequence is the first of its
/// text (token type 0). Constant once made; any number of threads may run it.
class FusedBert {
 public:
  /// The embedding tables are read where they lie: `weights` keeps them alive. Packs on threads() threads. Throws
  /// invalid_argument if this CPU lacks the precision.
  FusedBert(const BertConfig& config, const BertWeights& weights, engine::WeightPrecision precision);

  /// Calls `after(layer, hidden)` with the embeddings (0) and the output of every layer up to `last` (1 …), each [T,
  /// C], row after row, valid until it returns. On the calling thread alone, or with `threads` > 1 on so many threads
  /// that share every step out. In f32 a token's numbers are the same, bit for bit, whatever else is packed with its
  /// sequence. ids must lie in the vocabulary and sequences within the position table (assert).
  void run(const PackedTokens& tokens, std::int64_t last, int threads,
           const std::function<void(std::int64_t layer, std::span<const float> hidden)>& after) const;
  std::uint64_t bytes() const;  ///< of packed weights

 private:
  struct Layer {
    engine::PackedLinear qkv, output, up, down;
    std::span<const float> attention_weight, attention_bias, output_weight, output_bias;
  };
  static Layer pack(const BertConfig& config, const BertWeights::Layer& layer, engine::WeightPrecision precision);
  void embed(const PackedTokens& tokens, float* x, int threads) const;
  void attend(const PackedTokens& tokens, const float* qkv, float* y, int threads) const;
  void feed_forward(const Layer& layer, float* x, std::int64_t rows, int threads) const;

  BertConfig config_;
  BertWeights weights_;
  std::vector<Layer> layers_;
};

}  // namespace tamis::encoder
