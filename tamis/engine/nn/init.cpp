#include "tamis/engine/nn/init.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>
#include <string>
#include <vector>

#include "tamis/base/error.h"
#include "tamis/base/random.h"

namespace tamis::nn {

namespace {

using Kind = Init::Kind;

constexpr std::string_view kNames[] = {"constant",      "normal",     "truncated_normal", "xavier_uniform",
                                       "xavier_normal", "he_uniform", "he_normal",        "orthogonal"};

struct Fans {
  double in, out;
};

Fans fans_of(const engine::Shape& shape, Kind kind) {
  if (shape.rank() < 2) {
    fail_caller("initialize", fmt::format("{} of {}: fans need 2 axes or more", name(kind), shape.text()));
  }
  const double elements = static_cast<double>(shape.elements());
  return {elements / static_cast<double>(shape[0]), elements / static_cast<double>(shape[-1])};
}

double drawn_within(Stream& stream, double limit) {
  double z = stream.normal();
  while (std::abs(z) > limit) z = stream.normal();
  return z;
}

/// Gram-Schmidt on rows, in place; each row twice, which is enough for orthogonality to the last bits. Source: Giraud,
/// Langou and Rozloznik, "The loss of orthogonality in the Gram-Schmidt orthogonalization process" (2005).
void orthonormalize(std::vector<double>& rows, std::int64_t count, std::int64_t length) {
  for (std::int64_t i = 0; i < count; ++i) {
    double* row = rows.data() + i * length;
    for (int round = 0; round < 2; ++round) {
      for (std::int64_t j = 0; j < i; ++j) {
        const double* before = rows.data() + j * length;
        double dot = 0;
        for (std::int64_t k = 0; k < length; ++k) dot += row[k] * before[k];
        for (std::int64_t k = 0; k < length; ++k) row[k] -= dot * before[k];
      }
    }
    double square = 0;
    for (std::int64_t k = 0; k < length; ++k) square += row[k] * row[k];
    for (std::int64_t k = 0; k < length; ++k) row[k] /= std::sqrt(square);
  }
}

std::vector<double> orthogonal(const engine::Shape& shape, double gain, Stream& stream) {
  const std::int64_t height = shape[0], width = shape.elements() / height;
  const std::int64_t count = std::min(height, width), length = std::max(height, width);
  std::vector<double> rows(static_cast<std::size_t>(height * width));
  for (double& x : rows) x = stream.normal();
  orthonormalize(rows, count, length);
  std::vector<double> result(rows.size());
  for (std::int64_t i = 0; i < height; ++i) {
    for (std::int64_t j = 0; j < width; ++j) {
      const std::int64_t from = height <= width ? i * length + j : j * length + i;
      result[static_cast<std::size_t>(i * width + j)] = gain * rows[static_cast<std::size_t>(from)];
    }
  }
  return result;
}

std::vector<double> drawn(const engine::Shape& shape, const Init& init, Stream& stream) {
  if (init.kind == Kind::orthogonal) {
    fans_of(shape, init.kind);
    return orthogonal(shape, init.gain, stream);
  }
  std::vector<double> values(static_cast<std::size_t>(shape.elements()));
  const auto fill = [&](auto draw) {
    for (double& value : values) value = draw();
  };
  const auto fill_normal = [&](double deviation) { fill([&] { return deviation * stream.normal(); }); };
  const auto fill_uniform = [&](double bound) { fill([&] { return bound * (2 * stream.uniform() - 1); }); };
  switch (init.kind) {
    case Kind::normal:
      fill_normal(init.deviation);
      break;
    case Kind::truncated_normal:
      fill([&] { return init.deviation * drawn_within(stream, 2); });
      break;
    case Kind::xavier_uniform:
    case Kind::xavier_normal: {
      const Fans fans = fans_of(shape, init.kind);
      const double deviation = init.gain * std::sqrt(2 / (fans.in + fans.out));
      init.kind == Kind::xavier_normal ? fill_normal(deviation) : fill_uniform(deviation * std::numbers::sqrt3);
      break;
    }
    case Kind::he_uniform:
    case Kind::he_normal: {
      const double deviation = init.gain / std::sqrt(fans_of(shape, init.kind).in);
      init.kind == Kind::he_normal ? fill_normal(deviation) : fill_uniform(deviation * std::numbers::sqrt3);
      break;
    }
    case Kind::constant:
    case Kind::orthogonal:
      fill([&] { return init.value; });
  }
  return values;
}

void require_positive(const char* what, double x) {
  if (!(x > 0) || !std::isfinite(x)) fail_caller("initialize", fmt::format("{} {}: must be above 0", what, x));
}

}  // namespace

std::string_view name(Init::Kind kind) {
  return kNames[static_cast<std::size_t>(kind)];
}

Init::Kind init_named(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == name) return static_cast<Kind>(i);
  }
  fail_caller("initialize", fmt::format("unknown \"{}\": expected one of {}", name, fmt::join(kNames, ", ")));
}

double activation_gain(std::string_view activation, double slope) {
  if (activation == "linear" || activation == "sigmoid") return 1;
  if (activation == "relu" || activation == "gelu") return std::numbers::sqrt2;
  if (activation == "leaky_relu") return std::sqrt(2 / (1 + slope * slope));
  if (activation == "tanh") return 5.0 / 3;
  fail_caller("activation_gain",
              fmt::format("unknown \"{}\": expected one of linear, sigmoid, relu, leaky_relu, tanh, gelu", activation));
}

void initialize(engine::Tensor& tensor, const Init& init, std::uint64_t seed, std::string_view name) {
  engine::require_real(tensor, "initialize");
  require_positive("deviation", init.deviation);
  require_positive("gain", init.gain);
  if (init.kind == Kind::constant) {
    tensor.fill(init.value);
    return;
  }
  Stream stream(seed, "init." + std::string(name));
  tensor.assign(engine::Tensor::from(drawn(tensor.shape(), init, stream), tensor.shape()));
}

}  // namespace tamis::nn
