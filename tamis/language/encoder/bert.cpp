#include "tamis/language/encoder/bert.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "tamis/base/error.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/dropout.h"

namespace tamis::encoder {

namespace {

nn::TransformerOptions layer_options(const BertConfig& config, double dropout) {
  nn::TransformerOptions options;
  options.width = config.width;
  options.heads = config.heads;
  options.feed_forward = config.feed_forward;
  options.layers = config.layers;
  options.gelu = config.gelu;
  options.dropout = dropout;
  options.attention_dropout = dropout;
  options.epsilon = config.epsilon;
  return options;
}

/// The parameters of a network by name, to be filled.
class Filler {
 public:
  explicit Filler(const nn::Module& module) {
    for (const nn::Parameter& parameter : module.parameters()) targets_.emplace(parameter.name, parameter.variable);
  }
  /// Fills part `part` of the `parts` equal ones, end to end, that make up the parameter.
  void fill(const std::string& name, const Floats& from, std::int64_t part = 0, std::int64_t parts = 1) {
    const auto found = targets_.find(name);
    if (found == targets_.end()) fail_caller("bert", fmt::format("this network has no {}", name));
    nn::Tensor target = found->second.value();
    const auto count = static_cast<std::int64_t>(from.values.size());
    if (count * parts != target.elements()) {
      fail_caller("bert",
                  fmt::format("{} is {}; {} numbers do not fill a part of {}", name, target.text(), count, parts));
    }
    nn::Tensor place = target.reshape({target.elements()}).slice(0, part * count, (part + 1) * count);
    place.assign(nn::Tensor::from(from.values, {count}).to(target.dtype()));
  }
  void fill(const std::string& name, const BertWeights::Affine& from, std::int64_t part = 0, std::int64_t parts = 1) {
    fill(name + ".weight", from.weight, part, parts);
    fill(name + ".bias", from.bias, part, parts);
  }

 private:
  std::map<std::string, nn::Variable> targets_;
};

}  // namespace

struct Bert::Embeddings : nn::Module {
  Embeddings(const BertConfig& config, double rate)
      : word(config.vocabulary, config.width),
        position(config.positions, config.width),
        norm(config.width, config.epsilon),
        dropout(rate) {
    adopt("word", word);
    adopt("position", position);
    if (config.types > 0) {
      type = std::make_unique<nn::Embedding>(config.types, config.width);
      adopt("type", *type);
    }
    adopt("norm", norm);
    adopt("dropout", dropout);
  }

  nn::Embedding word, position;
  std::unique_ptr<nn::Embedding> type;
  nn::LayerNorm norm;
  nn::Dropout dropout;
};

Bert::Bert(const BertConfig& config, double dropout, bool pooler)
    : config_(config), embeddings_(std::make_unique<Embeddings>(config, dropout)) {
  adopt("embeddings", *embeddings_);
  for (std::int64_t i = 0; i < config.layers; ++i) {
    layers_.push_back(std::make_unique<nn::TransformerEncoderLayer>(layer_options(config, dropout)));
    adopt(fmt::format("layer.{}", i), *layers_.back());
  }
  if (!pooler) return;
  pooler_ = std::make_unique<nn::Linear>(config.width, config.width);
  adopt("pooler", *pooler_);
}

Bert::~Bert() = default;

const nn::Variable& Bert::word_embeddings() const {
  return embeddings_->word.weight();
}

void Bert::load(const BertWeights& weights) {
  Filler filler(*this);
  filler.fill("embeddings.word.weight", weights.word);
  filler.fill("embeddings.position.weight", weights.position);
  if (config_.types > 0) filler.fill("embeddings.type.weight", weights.type);
  filler.fill("embeddings.norm", weights.embedding_norm);
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    const BertWeights::Layer& from = weights.layers[i];
    const std::string at = fmt::format("layer.{}.", i);
    filler.fill(at + "attention.qkv", from.query, 0, 3);
    filler.fill(at + "attention.qkv", from.key, 1, 3);
    filler.fill(at + "attention.qkv", from.value, 2, 3);
    filler.fill(at + "attention.output", from.attention_output);
    filler.fill(at + "attention_norm", from.attention_norm);
    filler.fill(at + "up", from.up);
    filler.fill(at + "down", from.down);
    filler.fill(at + "output_norm", from.output_norm);
  }
  if (!pooler_) return;
  if (weights.pooler.weight.empty()) fail_caller("bert", "these weights have no pooler, and the network has one");
  filler.fill("pooler", weights.pooler);
}

std::vector<nn::Variable> Bert::forward(const nn::Tensor& ids, const nn::Tensor& types, nn::Pass& pass) {
  if (!pass.offsets.defined()) fail_caller("bert", "needs the offsets of its sequences (Pass::offsets)");
  std::vector<std::int32_t> places(static_cast<std::size_t>(ids.elements()));
  const auto offsets = pass.offsets.span<std::int32_t>();
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    for (std::int32_t t = offsets[b]; t < offsets[b + 1]; ++t) places[static_cast<std::size_t>(t)] = t - offsets[b];
    if (offsets[b + 1] - offsets[b] > config_.positions) {
      fail_caller("bert", fmt::format("sequence {} has {} tokens; the network has {} positions", b,
                                      offsets[b + 1] - offsets[b], config_.positions));
    }
  }
  const nn::Variable positions(nn::Tensor::from(places, {ids.elements()}));
  nn::Variable x = embeddings_->word.forward(nn::Variable(ids), pass);
  if (embeddings_->type) x = engine::add(x, embeddings_->type->forward(nn::Variable(types), pass));
  x = engine::add(x, embeddings_->position.forward(positions, pass));
  x = embeddings_->dropout.forward(embeddings_->norm.forward(x, pass), pass);
  std::vector<nn::Variable> hidden{x};
  for (const auto& layer : layers_) hidden.push_back(layer->forward(hidden.back(), pass));
  return hidden;
}

nn::Variable Bert::pool(const nn::Variable& last, nn::Pass& pass) {
  if (!pooler_) fail_caller("bert", "this network has no pooler");
  const nn::Tensor first = pass.offsets.slice(0, 0, pass.offsets.size(0) - 1);
  return engine::tanh(pooler_->forward(engine::gather_rows(last, first), pass));
}

}  // namespace tamis::encoder
