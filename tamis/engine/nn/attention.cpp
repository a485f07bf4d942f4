#include "tamis/engine/nn/attention.h"

#include <fmt/format.h>

#include <algorithm>

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

/// Bytes of one head's probabilities: of all sequences, and of the longest.
struct PairBytes {
  std::int64_t all = 0, largest = 0;
};

PairBytes pair_bytes(const Extent& x) {
  PairBytes bytes;
  const auto add = [&](std::int64_t length) {
    bytes.all += 4 * length * length;
    bytes.largest = std::max(bytes.largest, 4 * length * length);
  };
  if (!x.offsets.defined()) {
    add(x.shape[0]);
    return bytes;
  }
  const auto offsets = x.offsets.span<std::int32_t>();
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) add(offsets[b + 1] - offsets[b]);
  return bytes;
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
  const PairBytes pairs = pair_bytes(x);
  (training ? heads.kept : heads.transient) += heads_ * pairs.all;
  if (training) {
    // One head at a time: its probabilities after dropout and, in the walk, their gradient.
    const std::int64_t dropped = dropout_ > 0 ? pairs.largest : 0;
    heads.transient += dropped;
    heads.walk += dropped + pairs.largest;
  }
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
