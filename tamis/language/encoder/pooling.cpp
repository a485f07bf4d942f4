#include "tamis/language/encoder/pooling.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <utility>
#include <vector>

#include "tamis/base/error.h"
#include "tamis/base/number.h"

namespace tamis::encoder {

namespace {

constexpr std::array<std::pair<std::string_view, Pooling>, 9> kNames = {{
    {"cls", Pooling::cls},
    {"cls-pooler", Pooling::cls_pooler},
    {"mean", Pooling::mean},
    {"max", Pooling::max},
    {"mean-sqrt", Pooling::mean_sqrt},
    {"weighted-mean", Pooling::weighted_mean},
    {"last", Pooling::last},
    {"first-last", Pooling::first_last},
    {"embedding-last", Pooling::embedding_last},
}};

bool has_own_layers(Pooling kind) {
  return kind == Pooling::cls_pooler || kind == Pooling::first_last || kind == Pooling::embedding_last;
}

[[noreturn]] void refuse(std::string_view text) {
  std::string names;
  for (const auto& [name, kind] : kNames) names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
  fail_caller("pooling", fmt::format("\"{}\" is none; accepted: {}; and most at a layer, as mean@4", text, names));
}

/// Adds factor times row to out.
void add_row(std::span<const float> row, float factor, std::span<float> out) {
  for (std::size_t c = 0; c < out.size(); ++c) out[c] += factor * row[c];
}

}  // namespace

PoolingChoice parse_pooling(std::string_view text) {
  const std::size_t at = text.find('@');
  const std::string_view name = text.substr(0, at);
  const auto found = std::find_if(kNames.begin(), kNames.end(), [&](const auto& known) { return known.first == name; });
  if (found == kNames.end()) refuse(text);
  PoolingChoice choice{found->second, -1};
  if (at == std::string_view::npos) return choice;
  std::int64_t layer = 0;
  if (has_own_layers(choice.kind) || !parse_integer(text.substr(at + 1), layer) || layer < 0) refuse(text);
  choice.layer = layer;
  return choice;
}

std::string text(const PoolingChoice& choice) {
  const auto found =
      std::find_if(kNames.begin(), kNames.end(), [&](const auto& known) { return known.second == choice.kind; });
  return choice.layer < 0 ? std::string(found->first) : fmt::format("{}@{}", found->first, choice.layer);
}

std::int64_t last_layer(const PoolingChoice& choice, std::int64_t layers) {
  if (choice.layer > layers) {
    fail_caller("pooling", fmt::format("{}: the network has layers 0 (embeddings) to {}", text(choice), layers));
  }
  return choice.layer < 0 ? layers : choice.layer;
}

bool reads_layer(const PoolingChoice& choice, std::int64_t layer, std::int64_t layers) {
  if (layer == last_layer(choice, layers)) return true;
  if (choice.kind == Pooling::first_last) return layer == 1;
  return choice.kind == Pooling::embedding_last && layer == 0;
}

void pool_layer(const PoolingChoice& choice, std::span<const float> hidden, std::int64_t C, std::span<float> out) {
  const auto width = static_cast<std::size_t>(C);
  assert(out.size() == width && !hidden.empty() && hidden.size() % width == 0);
  const std::size_t n = hidden.size() / width;
  const auto row = [&](std::size_t i) { return hidden.subspan(i * width, width); };
  const auto count = static_cast<float>(n);
  switch (choice.kind) {
    case Pooling::cls:
    case Pooling::cls_pooler:
      std::copy_n(hidden.begin(), width, out.begin());
      return;
    case Pooling::last:
      std::copy_n(row(n - 1).begin(), width, out.begin());
      return;
    case Pooling::max:
      std::copy_n(hidden.begin(), width, out.begin());
      for (std::size_t i = 1; i < n; ++i) {
        // A NaN stays one, wherever it stands.
        for (std::size_t c = 0; c < width; ++c)
          out[c] = row(i)[c] > out[c] || row(i)[c] != row(i)[c] ? row(i)[c] : out[c];
      }
      return;
    case Pooling::weighted_mean:
      for (std::size_t i = 0; i < n; ++i) add_row(row(i), static_cast<float>(i + 1), out);
      for (float& sum : out) sum /= count * (count + 1) / 2;
      return;
    case Pooling::first_last:
    case Pooling::embedding_last: {
      std::vector<float> sum(width);
      for (std::size_t i = 0; i < n; ++i) add_row(row(i), 1, sum);
      add_row(sum, 1 / (2 * count), out);
      return;
    }
    case Pooling::mean:
    case Pooling::mean_sqrt:
      for (std::size_t i = 0; i < n; ++i) add_row(row(i), 1, out);
      for (float& sum : out) sum /= choice.kind == Pooling::mean ? count : std::sqrt(count);
      return;
  }
}

float normalize(std::span<float> x) {
  double squares = 0;
  for (const float value : x) squares += static_cast<double>(value) * value;
  const double length = std::sqrt(squares);
  const double factor = 1 / std::max(length, 1e-12);
  for (float& value : x) value = static_cast<float>(value * factor);
  return static_cast<float>(length);
}

}  // namespace tamis::encoder
