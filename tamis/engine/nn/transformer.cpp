#include "tamis/engine/nn/transformer.h"

#include <fmt/format.h>

#include "tamis/base/error.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/memory_chain.h"

namespace tamis::nn {

TransformerEncoderLayer::TransformerEncoderLayer(const TransformerOptions& options)
    : options_(options),
      attention_(options.width,
                 {.heads = options.heads, .dropout = options.attention_dropout, .weight = options.weight}),
      attention_norm_(options.width, options.epsilon),
      attention_dropout_(options.dropout),
      up_(options.width, options.feed_forward, {.weight = options.weight}),
      down_(options.feed_forward, options.width, {.weight = options.weight}),
      output_norm_(options.width, options.epsilon),
      output_dropout_(options.dropout) {
  adopt("attention", attention_);
  adopt("attention_dropout", attention_dropout_);
  adopt("attention_norm", attention_norm_);
  adopt("up", up_);
  adopt("down", down_);
  adopt("output_dropout", output_dropout_);
  adopt("output_norm", output_norm_);
}

engine::Shape TransformerEncoderLayer::output_shape(const engine::Shape& x) const {
  return attention_.output_shape(x);
}

Layer::Memory TransformerEncoderLayer::memory(const Extent& x, bool training) const {
  const engine::Shape wide = up_.output_shape(output_shape(x.shape));
  const Memory skip = view_memory(x.shape, training);
  MemoryChain attend, feed_forward, both;
  if (options_.pre_norm) attend.then(attention_norm_.memory(x, training));
  attend.then(attention_.memory(x, training));
  attend.then(attention_dropout_.memory(x, training));
  if (options_.pre_norm) feed_forward.then(output_norm_.memory(x, training));
  feed_forward.then(up_.memory(x, training));
  feed_forward.then(plain_memory(wide, wide, training, Holds::input));
  feed_forward.then(down_.memory(wide, training));
  feed_forward.then(output_dropout_.memory(x, training));
  both.then(sum_memory(attend.total(), skip, x.shape, x.shape, training));
  if (!options_.pre_norm) both.then(attention_norm_.memory(x, training));
  both.then(sum_memory(feed_forward.total(), skip, x.shape, x.shape, training));
  if (!options_.pre_norm) both.then(output_norm_.memory(x, training));
  return both.total();
}

Variable TransformerEncoderLayer::feed_forward(const Variable& x, Pass& pass) {
  // One variable, so that in inference each wide tensor is freed as soon as the next is there.
  Variable y = up_.forward(x, pass);
  y = engine::gelu(y, options_.gelu);
  y = down_.forward(y, pass);
  return output_dropout_.forward(y, pass);
}

Variable TransformerEncoderLayer::compute(const Variable& x, Pass& pass) {
  const auto attend = [&](const Variable& z) { return attention_dropout_.forward(attention_.forward(z, pass), pass); };
  if (options_.pre_norm) {
    const Variable a = engine::add(x, attend(attention_norm_.forward(x, pass)));
    return engine::add(a, feed_forward(output_norm_.forward(a, pass), pass));
  }
  const Variable a = attention_norm_.forward(engine::add(x, attend(x)), pass);
  return output_norm_.forward(engine::add(a, feed_forward(a, pass)), pass);
}

TransformerEncoder::TransformerEncoder(const TransformerOptions& options) {
  if (options.layers < 1) fail_caller("transformer", fmt::format("layers {}: must be at least 1", options.layers));
  for (std::int64_t i = 0; i < options.layers; ++i) layers_.add(std::make_unique<TransformerEncoderLayer>(options));
  adopt("layer", layers_);
  if (!options.pre_norm) return;
  final_norm_ = std::make_unique<LayerNorm>(options.width, options.epsilon);
  adopt("final_norm", *final_norm_);
}

Layer::Memory TransformerEncoder::memory(const Extent& x, bool training) const {
  MemoryChain chain;
  chain.then(layers_.memory(x, training));
  if (final_norm_) chain.then(final_norm_->memory(x, training));
  return chain.total();
}

Variable TransformerEncoder::compute(const Variable& x, Pass& pass) {
  const Variable y = layers_.forward(x, pass);
  return final_norm_ ? final_norm_->forward(y, pass) : y;
}

}  // namespace tamis::nn
