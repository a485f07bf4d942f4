#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>

#include "bench/encode.h"
#include "tamis/base/error.h"
#include "tamis/base/random.h"
#include "tamis/engine/tensor/attention.h"
#include "tamis/engine/tensor/attention_fused.h"
#include "tamis/engine/tensor/elementwise.h"
#include "tamis/engine/tensor/index.h"
#include "tamis/engine/tensor/matmul.h"
#include "tamis/engine/tensor/norm.h"
#include "tamis/engine/tensor/norm_f32.h"
#include "tamis/engine/tensor/packed_linear.h"
#include "tamis/engine/tensor/storage.h"

namespace tamis::bench {

namespace {

using engine::Epilogue;
using engine::PackedLinear;
using engine::Tensor;
using engine::WeightPrecision;

// One layer of a MiniLM over 64 texts of 13 tokens and 2 of 96.
constexpr std::int64_t kWidth = 384, kHeads = 12, kWide = 1536;
constexpr std::int64_t kShort = 64, kShortTokens = 13, kLong = 2, kLongTokens = 96;
constexpr std::int64_t kTokens = kShort * kShortTokens + kLong * kLongTokens;
constexpr double kEpsilon = 1e-12;

Tensor drawn(std::string_view purpose, const engine::Shape& shape, double scale) {
  Stream stream(1, purpose);
  std::vector<float> values(static_cast<std::size_t>(shape.elements()));
  for (float& value : values) value = static_cast<float>(scale * stream.normal());
  return Tensor::from(values, shape);
}

Tensor offsets() {
  std::vector<std::int32_t> places{0};
  for (std::int64_t i = 0; i < kShort + kLong; ++i) {
    places.push_back(places.back() + static_cast<std::int32_t>(i < kShort ? kShortTokens : kLongTokens));
  }
  return Tensor::from(places, {kShort + kLong + 1});
}

/// Times both ways after comparing what they give: `fused` writes into the span, `composite` returns it.
EncodeStep step(const std::string& name, double seconds, const std::function<Tensor()>& composite,
                const std::function<void(std::span<float>)>& fused) {
  const Tensor expected = composite();
  std::vector<float> result(static_cast<std::size_t>(expected.elements()));
  fused(result);
  double worst = 0;
  const auto values = expected.span<float>();
  for (std::size_t i = 0; i < result.size(); ++i) worst = std::max<double>(worst, std::fabs(result[i] - values[i]));
  if (!(worst < 1e-4)) fail_world("bench encode", fmt::format("{} differs by {:.1e} from its composite", name, worst));
  return {name, best_seconds([&] { composite(); }, 5, seconds), best_seconds([&] { fused(result); }, 5, seconds),
          worst};
}

PackedLinear packed(const Tensor& weight, const Tensor& bias, Epilogue epilogue) {
  return {weight.span<float>(), bias.span<float>(), weight.size(1), weight.size(0), epilogue, WeightPrecision::f32};
}

EncodeStep qkv_step(const Tensor& x, double seconds) {
  const Tensor weight = drawn("qkv", {3 * kWidth, kWidth}, 0.05);
  const Tensor bias = drawn("qkv bias", {3 * kWidth}, 0.1);
  const PackedLinear once = packed(weight, bias, Epilogue::store);
  const auto third = [&](std::int64_t i) {
    return linear(x, weight.slice(0, i * kWidth, (i + 1) * kWidth), bias.slice(0, i * kWidth, (i + 1) * kWidth));
  };
  return step(
      "query, key, value", seconds,
      [&] {
        return engine::concat({third(0), third(1), third(2)}, 1);
      },
      [&](std::span<float> y) { once.run(x.span<float>().data(), y.data(), kTokens); });
}

EncodeStep attention_step(double seconds) {
  const Tensor qkv = drawn("attention", {kTokens, 3 * kWidth}, 1);
  const Tensor places = offsets();
  constexpr std::int64_t width = kWidth / kHeads;
  const auto scratch =
      engine::allocate(static_cast<std::size_t>(engine::attention_scratch(kLongTokens, width)) * sizeof(float));
  return step(
      "attention", seconds, [&] { return engine::attention(qkv, places, kHeads, {}).y; },
      [&](std::span<float> y) {
        const auto at = places.span<std::int32_t>();
        for (std::size_t b = 0; b + 1 < at.size(); ++b) {
          engine::attention_fused(qkv.span<float>().data() + at[b] * 3 * kWidth, at[b + 1] - at[b], kHeads, width, 0,
                                  kHeads, y.data() + at[b] * kWidth, static_cast<float*>(scratch.get()));
        }
      });
}

EncodeStep up_step(const Tensor& x, double seconds) {
  const Tensor weight = drawn("up", {kWide, kWidth}, 0.05);
  const Tensor bias = drawn("up bias", {kWide}, 0.1);
  const PackedLinear once = packed(weight, bias, Epilogue::gelu);
  return step(
      "up, bias, GELU", seconds, [&] { return gelu(linear(x, weight, bias)); },
      [&](std::span<float> y) { once.run(x.span<float>().data(), y.data(), kTokens); });
}

EncodeStep down_step(const Tensor& residual, double seconds) {
  const Tensor x = drawn("wide", {kTokens, kWide}, 1);
  const Tensor weight = drawn("down", {kWidth, kWide}, 0.05);
  const Tensor bias = drawn("down bias", {kWidth}, 0.1);
  const Tensor gamma = drawn("gamma", {kWidth}, 1);
  const Tensor beta = drawn("beta", {kWidth}, 1);
  const PackedLinear once = packed(weight, bias, Epilogue::add);
  const auto norm = engine::norm_loops().layer_norm;
  return step(
      "down, bias, residual, norm", seconds,
      [&] { return layer_norm(add(residual, linear(x, weight, bias)), gamma, beta, kEpsilon).y; },
      [&](std::span<float> y) {
        const auto before = residual.span<float>();
        std::copy(before.begin(), before.end(), y.begin());
        once.run(x.span<float>().data(), y.data(), kTokens);
        float mean = 0, scale = 0;
        for (std::int64_t r = 0; r < kTokens; ++r) {
          float* const row = y.data() + r * kWidth;
          norm(row, gamma.span<float>().data(), beta.span<float>().data(), kEpsilon, row, kWidth, &mean, &scale);
        }
      });
}

}  // namespace

std::vector<EncodeStep> time_steps(double seconds) {
  const Tensor x = drawn("x", {kTokens, kWidth}, 1);
  return {qkv_step(x, seconds), attention_step(seconds), up_step(x, seconds), down_step(x, seconds)};
}

}  // namespace tamis::bench
