#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tamis::encoder {

/// How the vectors of a text's tokens become one vector. All tokens count, [CLS] and [SEP] among them, as in
/// sentence-transformers.
enum class Pooling : std::uint8_t {
  cls,             ///< the first token's
  cls_pooler,      ///< tanh(W first + b), the pooler that BERT was trained with
  mean,            ///< over tokens
  max,             ///< per component
  mean_sqrt,       ///< sum over sqrt(number of tokens)
  weighted_mean,   ///< token i of n weighs i (from 1): Muennighoff, arXiv:2202.08904, equation 4
  last,            ///< the last token's
  first_last,      ///< mean over tokens of (layer 1's output + the last layer's) / 2: Su et al., arXiv:2103.15316,
                   ///< section 4.1
  embedding_last,  ///< the same with the embedding layer in the place of layer 1's output, as much published code has
                   ///< it
};

struct PoolingChoice {
  Pooling kind = Pooling::mean;
  std::int64_t layer = -1;  ///< of whose output: 0 the embeddings, 1 … layers; -1: the last
  bool operator==(const PoolingChoice&) const = default;
};

/// "mean", "cls-pooler", "first-last", …; "mean@4" is the mean over layer 4's output. Throws invalid_argument listing
/// the names, or for a layer where the kind has its own (first-last, embedding-last, cls-pooler).
PoolingChoice parse_pooling(std::string_view text);
std::string text(const PoolingChoice& choice);
/// The layer it stands for in a network of `layers`; throws invalid_argument if there is no such.
std::int64_t last_layer(const PoolingChoice& choice, std::int64_t layers);
/// True if `layer`'s output is part of it.
bool reads_layer(const PoolingChoice& choice, std::int64_t layer, std::int64_t layers);

/// Adds layer `layer`'s share for sequence tokens [n, C] (hidden, row after row) to out [C], which starts at 0. With
/// every layer for which reads_layer() holds given once, out is the pooled vector (cls_pooler: the first token's, still
/// without the pooler). Sums over tokens in f32, in token order.
void pool_layer(const PoolingChoice& choice, std::span<const float> hidden, std::int64_t C, std::span<float> out);

/// out = x / max(|x|, 1e-12); returns |x|.
float normalize(std::span<float> x);

}  // namespace tamis::encoder
