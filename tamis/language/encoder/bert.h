#pragma once

#include <memory>
#include <vector>

#include "tamis/engine/nn/embedding.h"
#include "tamis/engine/nn/transformer.h"
#include "tamis/language/encoder/config.h"
#include "tamis/language/encoder/weights.h"

namespace tamis::encoder {

/// A network's weights by their role, whatever the file calls them. Matrices are [out, in], row-major.
struct BertWeights {
  struct Affine {
    Floats weight, bias;
  };
  struct Layer {
    Affine query, key, value, attention_output, attention_norm, up, down, output_norm;
  };
  Floats word, position, type;  ///< [V, C], [positions, C], [types, C]; type empty if there are none
  Affine embedding_norm;
  std::vector<Layer> layers;
  Affine pooler;  ///< empty if the file has none
};
/// Finds each under the names that BERT and DistilBERT checkpoints use, with or without a prefix ("bert.",
/// "distilbert.", "model.", "0.auto_model."), gamma and beta for weight and bias of norms. Throws runtime_error naming
/// what is missing or has another shape.
BertWeights bert_weights(const WeightFile& file, const BertConfig& config);

/// BERT (Devlin et al., arXiv:1810.04805) over packed sequences: [T] ids -> [T, C]. What training uses; fused_bert.h is
/// the same network for inference. Parts: embeddings {word, position, type, norm}, layer.0 …, pooler.
class Bert : public nn::Module {
 public:
  /// Weights are 0 until initialize() or load(). `pooler`: whether it has one.
  Bert(const BertConfig& config, double dropout, bool pooler);
  ~Bert() override;
  /// Copies; throws invalid_argument if the weights are of another shape.
  void load(const BertWeights& weights);

  /// Outputs of the embedding layer (0) and every layer (1 …), each [T, C]. ids, types [T] i32, end to end;
  /// pass.offsets [B + 1] says where sequences begin. Throws invalid_argument for a sequence longer than the position
  /// table, or an id outside the vocabulary.
  std::vector<nn::Variable> forward(const nn::Tensor& ids, const nn::Tensor& types, nn::Pass& pass);
  /// tanh(W first + b), [B, C], of the last layer's output. Throws invalid_argument without a pooler.
  nn::Variable pool(const nn::Variable& last, nn::Pass& pass);
  /// [V, C]: the rows that ids stand for.
  const nn::Variable& word_embeddings() const;
  const BertConfig& config() const { return config_; }

 private:
  struct Embeddings;
  BertConfig config_;
  std::unique_ptr<Embeddings> embeddings_;
  std::vector<std::unique_ptr<nn::TransformerEncoderLayer>> layers_;
  std::unique_ptr<nn::Linear> pooler_;
};

}  // namespace tamis::encoder
