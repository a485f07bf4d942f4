#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "tamis/engine/nn/linear.h"
#include "tamis/engine/train/sequence_mean.h"
#include "tamis/language/embedding/token_texts.h"
#include "tamis/language/encoder/bert.h"
#include "tamis/language/encoder/pooling.h"

namespace tamis::embedding {

using engine::Variable;

/// A layer tanh(W x + b) on the pooled vector, as Gao et al., arXiv:2104.08821, section 6.1 have it: none; in training
/// alone ("mlp_only_train"); or kept.
enum class Head : std::uint8_t { none, train, keep };

struct SentenceNetworkOptions {
  encoder::PoolingChoice pooling;  ///< cls, mean, max, first_last or embedding_last
  Head head = Head::none;          ///< keep: with cls pooling alone, whose folder then is used with cls-pooler
  double dropout = 0.1;
  std::int64_t chunk = 0;  ///< sequences whose inner values are kept at once; 0: all. See represent().
};

/// BERT, a pooling and perhaps a head, to be trained: packed texts to vectors [B, C]. Parts: bert, head.
class SentenceNetwork : public nn::Module {
 public:
  /// Throws invalid_argument for a pooling that is not trained with, or a head that a folder could not keep.
  SentenceNetwork(const encoder::BertConfig& config, const SentenceNetworkOptions& options);

  /// Vectors of some texts. With a chunk, pieces of so many texts are run without keeping what lies inside, and once
  /// more, with the same dropout masks, when the loss of the whole batch has its gradient: gradient caching (Gao et
  /// al., arXiv:2101.06983), whose gradient is that of the whole batch at once.
  Variable represent(const TokenTexts& texts, std::span<const std::int64_t> chosen, nn::Pass& pass);
  /// The same of texts that are no longer those of a TokenTexts.
  Variable represent(const Packed& packed, nn::Pass& pass);

  /// All texts, without dropout, on threads(): [texts, C].
  std::vector<float> encode(const TokenTexts& texts);
  std::int64_t width() const { return bert_.config().width; }
  encoder::Bert& bert() { return bert_; }
  const SentenceNetworkOptions& options() const { return options_; }
  /// What a folder of the trained network holds, under Hugging Face's names.
  std::vector<nn::Buffer> published() const;

 private:
  Variable pooled(const std::vector<Variable>& hidden, nn::Pass& pass);

  SentenceNetworkOptions options_;
  encoder::Bert bert_;
  train::SequenceMean mean_;  ///< of the poolings that are means
  std::unique_ptr<nn::Linear> head_;
};

/// The largest of each packed sequence's rows, component by component: [T, C] -> [B, C]. The gradient goes to the first
/// of equals.
Variable sequence_max(const Variable& x, const Tensor& offsets);

}  // namespace tamis::embedding
