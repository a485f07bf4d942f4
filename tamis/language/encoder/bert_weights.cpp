#include <fmt/format.h>

#include <array>

#include "tamis/base/error.h"
#include "tamis/language/encoder/bert.h"

namespace tamis::encoder {

namespace {

/// How one kind of checkpoint calls the parts of a layer and what stands around them.
struct Names {
  const char* layer;  ///< before the number of a layer
  const char *query, *key, *value, *attention_output, *attention_norm, *up, *down, *output_norm;
};

constexpr Names kBert = {"encoder.layer.",       "attention.self.query",   "attention.self.key",
                         "attention.self.value", "attention.output.dense", "attention.output.LayerNorm",
                         "intermediate.dense",   "output.dense",           "output.LayerNorm"};
constexpr Names kDistilBert = {"transformer.layer.", "attention.q_lin",   "attention.k_lin",
                               "attention.v_lin",    "attention.out_lin", "sa_layer_norm",
                               "ffn.lin1",           "ffn.lin2",          "output_layer_norm"};

constexpr std::string_view kWord = "embeddings.word_embeddings.weight";

class Finder {
 public:
  explicit Finder(const WeightFile& file) : file_(file) {
    for (const char* prefix : {"", "bert.", "distilbert.", "model.", "0.auto_model.", "auto_model."}) {
      if (!file.has(prefix + std::string(kWord))) continue;
      prefix_ = prefix;
      return;
    }
  }
  bool has(const std::string& name) const { return file_.has(prefix_ + name); }
  Floats get(const std::string& name, const std::vector<std::int64_t>& shape) const {
    return file_.floats(prefix_ + name, shape);
  }
  BertWeights::Affine linear(const std::string& name, std::int64_t out, std::int64_t in) const {
    return {get(name + ".weight", {out, in}), get(name + ".bias", {out})};
  }
  /// Checkpoints that began in TensorFlow call a norm's weight and bias gamma and beta.
  BertWeights::Affine norm(const std::string& name, std::int64_t width) const {
    const bool old = !has(name + ".weight") && has(name + ".gamma");
    return {get(name + (old ? ".gamma" : ".weight"), {width}), get(name + (old ? ".beta" : ".bias"), {width})};
  }

 private:
  const WeightFile& file_;
  std::string prefix_;
};

}  // namespace

BertWeights bert_weights(const WeightFile& file, const BertConfig& config) {
  const Finder find(file);
  const Names& names = config.architecture == "distilbert" ? kDistilBert : kBert;
  const std::int64_t C = config.width;
  BertWeights weights;
  weights.word = find.get(std::string(kWord), {config.vocabulary, C});
  weights.position = find.get("embeddings.position_embeddings.weight", {config.positions, C});
  if (config.types > 0) weights.type = find.get("embeddings.token_type_embeddings.weight", {config.types, C});
  weights.embedding_norm = find.norm("embeddings.LayerNorm", C);
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const std::string at = fmt::format("{}{}.", names.layer, i);
    weights.layers.push_back(
        {find.linear(at + names.query, C, C), find.linear(at + names.key, C, C), find.linear(at + names.value, C, C),
         find.linear(at + names.attention_output, C, C), find.norm(at + names.attention_norm, C),
         find.linear(at + names.up, config.feed_forward, C), find.linear(at + names.down, C, config.feed_forward),
         find.norm(at + names.output_norm, C)});
  }
  if (find.has("pooler.dense.weight")) weights.pooler = find.linear("pooler.dense", C, C);
  return weights;
}

}  // namespace tamis::encoder
