#include "tamis/language/encoder/fused_bert.h"

#include <algorithm>
#include <cassert>
#include <memory>
#include <optional>

#include "tamis/base/parallel.h"
#include "tamis/engine/tensor/attention_fused.h"
#include "tamis/engine/tensor/norm_f32.h"
#include "tamis/engine/tensor/storage.h"

namespace tamis::encoder {

namespace {

using engine::Epilogue;
using engine::PackedLinear;

/// Rows whose wide activations are made and used up at once, so that they stay near the core.
constexpr std::int64_t kFeedForwardRows = 128;

/// Memory that is only scratch: pooled, aligned to 64.
class Scratch {
 public:
  explicit Scratch(std::int64_t floats) : held_(engine::allocate(static_cast<std::size_t>(floats) * sizeof(float))) {}
  float* get() const { return static_cast<float*>(held_.get()); }

 private:
  std::shared_ptr<void> held_;
};

/// body(i) for i < n: on this thread, or shared out if the caller asked for more than one.
void share_out(std::size_t n, int threads, const std::function<void(std::size_t)>& body) {
  if (threads > 1) return parallel_for(n, body, 0);
  for (std::size_t i = 0; i < n; ++i) body(i);
}

void norm_rows(float* x, std::int64_t rows, std::int64_t C, std::span<const float> weight, std::span<const float> bias,
               double epsilon) {
  const engine::NormLoops& loops = engine::norm_loops();
  float mean = 0, scale = 0;
  for (std::int64_t r = 0; r < rows; ++r) {
    loops.layer_norm(x + r * C, weight.data(), bias.data(), epsilon, x + r * C, C, &mean, &scale);
  }
}

/// The rows of `parts` one after the other.
std::vector<float> joined(std::initializer_list<const Floats*> parts) {
  std::vector<float> all;
  for (const Floats* part : parts) all.insert(all.end(), part->values.begin(), part->values.end());
  return all;
}

}  // namespace

FusedBert::Layer FusedBert::pack(const BertConfig& config, const BertWeights::Layer& layer,
                                 engine::WeightPrecision precision) {
  const std::int64_t C = config.width;
  const auto linear = [&](const BertWeights::Affine& of, std::int64_t in, std::int64_t out, Epilogue epilogue) {
    return PackedLinear(of.weight.values, of.bias.values, in, out, epilogue, precision);
  };
  const Epilogue activation = config.gelu == engine::Gelu::exact ? Epilogue::gelu : Epilogue::gelu_tanh;
  return {PackedLinear(joined({&layer.query.weight, &layer.key.weight, &layer.value.weight}),
                       joined({&layer.query.bias, &layer.key.bias, &layer.value.bias}), C, 3 * C, Epilogue::store,
                       precision),
          linear(layer.attention_output, C, C, Epilogue::add),
          linear(layer.up, C, config.feed_forward, activation),
          linear(layer.down, config.feed_forward, C, Epilogue::add),
          layer.attention_norm.weight.values,
          layer.attention_norm.bias.values,
          layer.output_norm.weight.values,
          layer.output_norm.bias.values};
}

FusedBert::FusedBert(const BertConfig& config, const BertWeights& weights, engine::WeightPrecision precision)
    : config_(config), weights_(weights) {
  std::vector<std::optional<Layer>> packed(weights_.layers.size());
  parallel_for(packed.size(), [&](std::size_t i) { packed[i].emplace(pack(config_, weights_.layers[i], precision)); });
  for (auto& layer : packed) layers_.push_back(std::move(*layer));
}

std::uint64_t FusedBert::bytes() const {
  std::uint64_t sum = 0;
  for (const Layer& layer : layers_) {
    sum += layer.qkv.bytes() + layer.output.bytes() + layer.up.bytes() + layer.down.bytes();
  }
  return sum;
}

void FusedBert::embed(const PackedTokens& tokens, float* x, int threads) const {
  const std::int64_t C = config_.width;
  const float* const type = weights_.type.empty() ? nullptr : weights_.type.values.data();
  share_out(tokens.offsets.size() - 1, threads, [&](std::size_t b) {
    const std::int64_t begin = tokens.offsets[b];
    const std::int64_t count = tokens.offsets[b + 1] - begin;
    assert(count <= config_.positions);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int32_t id = tokens.ids[static_cast<std::size_t>(begin + i)];
      assert(id >= 0 && id < config_.vocabulary);
      const float* const word = weights_.word.values.data() + id * C;
      const float* const place = weights_.position.values.data() + i * C;
      float* const row = x + (begin + i) * C;
      if (type != nullptr) {
        for (std::int64_t c = 0; c < C; ++c) row[c] = (word[c] + type[c]) + place[c];
      } else {
        for (std::int64_t c = 0; c < C; ++c) row[c] = word[c] + place[c];
      }
    }
    norm_rows(x + begin * C, count, C, weights_.embedding_norm.weight.values, weights_.embedding_norm.bias.values,
              config_.epsilon);
  });
}

void FusedBert::attend(const PackedTokens& tokens, const float* qkv, float* y, int threads) const {
  const std::int64_t C = config_.width;
  const std::int64_t width = C / config_.heads;
  const std::size_t sequences = tokens.offsets.size() - 1;
  // Heads of a sequence are pieces of work of their own only where threads would else stand idle.
  const std::int64_t pieces = threads > 1 ? config_.heads : 1;
  std::int64_t longest = 0;
  for (std::size_t b = 0; b < sequences; ++b) {
    longest = std::max<std::int64_t>(longest, tokens.offsets[b + 1] - tokens.offsets[b]);
  }
  const std::int64_t scratch_size = engine::attention_scratch(longest, width);
  const std::optional<Scratch> shared = threads > 1 ? std::nullopt : std::optional<Scratch>(scratch_size);
  share_out(sequences * static_cast<std::size_t>(pieces), threads, [&](std::size_t i) {
    const std::optional<Scratch> own = shared ? std::nullopt : std::optional<Scratch>(scratch_size);
    const std::size_t b = i / static_cast<std::size_t>(pieces);
    const auto piece = static_cast<std::int64_t>(i) % pieces;
    const std::int64_t begin = tokens.offsets[b];
    engine::attention_fused(qkv + begin * 3 * C, tokens.offsets[b + 1] - begin, config_.heads, width,
                            config_.heads * piece / pieces, config_.heads * (piece + 1) / pieces, y + begin * C,
                            (shared ? *shared : *own).get());
  });
}

void FusedBert::feed_forward(const Layer& layer, float* x, std::int64_t rows, int threads) const {
  const std::int64_t C = config_.width;
  const Scratch wide(std::min(rows, kFeedForwardRows) * config_.feed_forward);
  for (std::int64_t r = 0; r < rows; r += kFeedForwardRows) {
    const std::int64_t count = std::min(kFeedForwardRows, rows - r);
    norm_rows(x + r * C, count, C, layer.attention_weight, layer.attention_bias, config_.epsilon);
    layer.up.run(x + r * C, wide.get(), count, threads);
    layer.down.run(wide.get(), x + r * C, count, threads);
    norm_rows(x + r * C, count, C, layer.output_weight, layer.output_bias, config_.epsilon);
  }
}

void FusedBert::run(const PackedTokens& tokens, std::int64_t last, int threads,
                    const std::function<void(std::int64_t, std::span<const float>)>& after) const {
  const std::int64_t C = config_.width;
  const auto T = static_cast<std::int64_t>(tokens.ids.size());
  const Scratch x(T * C), qkv(T * 3 * C), mixed(T * C);
  const std::span<const float> hidden(x.get(), static_cast<std::size_t>(T * C));
  embed(tokens, x.get(), threads);
  after(0, hidden);
  for (std::int64_t i = 0; i < last; ++i) {
    const Layer& layer = layers_[static_cast<std::size_t>(i)];
    layer.qkv.run(x.get(), qkv.get(), T, threads);
    attend(tokens, qkv.get(), mixed.get(), threads);
    layer.output.run(mixed.get(), x.get(), T, threads);
    feed_forward(layer, x.get(), T, threads);
    after(i + 1, hidden);
  }
}

}  // namespace tamis::encoder
