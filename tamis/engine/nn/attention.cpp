#include "tamis/engine/nn/attention.h"

#include <fmt/format.h>

#include "tamis/base/error.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/dropout.h"
#include "tamis/engine/nn/memory_chain.h"

namespace tamis::nn {

namespace {

std::int64_t checked_width(std::int64_t width, std::int64_t heads) {
  if (width < 1 || heads < 1 || width % heads != 0) {
    fail_caller("attention", fmt::format("width {}, heads {}: heads must divide the width", width, heads));
  }
  return width;
}

/// Probabilities of one head: the sum of squared sequence lengths.
std::int64_t pairs(const Extent& x) {
  if (!x.offsets.defined()) return x.shape[0] * x.shape[0];
  const auto offsets = x.offsets.span<std::int32_t>();
  std::int64_t sum = 0;
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    const std::int64_t length = offsets[b + 1] - offsets[b];
    sum += length * length;
  }
  return sum;
}

}  // namespace

MultiHeadAttention::MultiHeadAttention(std::int64_t width, const AttentionOptions& options)
    : heads_(options.heads),
      dropout_(options.dropout),
      qkv_(checked_width(width, options.heads), 3 * width, {options.bias, options.weight}),
      output_(width, width, {options.bias, options.weight}) {
  require_rate(dropout_);
  adopt("qkv", qkv_);
  adopt("output", output_);
}

engine::Shape MultiHeadAttention::output_shape(const engine::Shape& x) const {
  if (x.rank() != 2) fail_caller("attention", fmt::format("x {}: needs packed tokens [T, C]", x.text()));
  return output_.output_shape(qkv_.output_shape(x).with(-1, x[-1]));
}

Layer::Memory MultiHeadAttention::memory(const Extent& x, bool training) const {
  output_shape(x.shape);
  MemoryChain chain;
  chain.then(qkv_.memory(x, training));
  Memory heads = plain_memory(qkv_.output_shape(x.shape), x.shape, training, Holds::input);
  (training ? heads.kept : heads.transient) += 4 * heads_ * pairs(x);
  chain.then(heads);
  chain.then(output_.memory(x, training));
  return chain.total();
}

Variable MultiHeadAttention::compute(const Variable& x, Pass& pass) {
  output_shape(x.shape());
  if (!pass.offsets.defined()) {
    fail_caller("attention", fmt::format("x {}: needs the offsets of its sequences (Pass::offsets)", x.shape().text()));
  }
  const auto dropout = dropout_of(pass, path(), dropout_, static_cast<std::uint64_t>(pass.first_sequence));
  return output_.forward(engine::attention(qkv_.forward(x, pass), pass.offsets, heads_, dropout), pass);
}

}  // namespace tamis::nn
