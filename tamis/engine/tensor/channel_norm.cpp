#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "tamis/base/error.h"
#include "tamis/engine/tensor/accumulate_f32.h"
#include "tamis/engine/tensor/channels.h"
#include "tamis/engine/tensor/norm.h"
#include "tamis/engine/tensor/norm_f32.h"

namespace tamis::engine {

void require_vector(const Tensor& x, const char* name, const Tensor& vector, std::int64_t n, const char* op) {
  if (!vector.defined() || vector.dtype() != x.dtype() || vector.shape() != Shape{n}) {
    fail_caller(op,
                fmt::format("x {}, {} {}: must be {}[{}]", x.text(), name, vector.text(), engine::name(x.dtype()), n));
  }
}

void require_channels(const Tensor& x, std::initializer_list<NamedTensor> vectors, const char* op) {
  require_real(x, op);
  if (x.rank() == 0) fail_caller(op, x.text() + ": a scalar has no channels");
  for (const auto& [name, tensor] : vectors) require_vector(x, name, tensor, x.size(-1), op);
}

void require_same_rows(const Tensor& g, const Tensor& x, const char* op) {
  require_same_dtype(g, x, op);
  if (g.shape() != x.shape()) fail_caller(op, fmt::format("g {}, x {}: shapes differ", g.text(), x.text()));
}

namespace {

using Doubles = std::vector<double>;

Doubles doubles(const Tensor& vector) {
  Doubles result(static_cast<std::size_t>(vector.elements()));
  visit_real(vector.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::size_t i = 0; i < result.size(); ++i)
      result[i] = vector.data<T>()[static_cast<std::int64_t>(i) * vector.stride(0)];
  });
  return result;
}

Tensor vector_of(const Doubles& values, DType dtype) {
  return Tensor::from(values, {static_cast<std::int64_t>(values.size())}).to(dtype);
}

/// Count, mean and squared deviations of some rows, per channel, in f64.
struct State {
  double count = 0;
  Doubles mean, deviations;

  void merge(double more, const Doubles& mean_of_more, const Doubles& deviations_of_more) {
    const double total = count + more;
    for (std::size_t c = 0; c < mean.size(); ++c) {
      const double difference = mean_of_more[c] - mean[c];
      mean[c] += difference * more / total;
      deviations[c] += deviations_of_more[c] + difference * difference * count * more / total;
    }
    count = total;
  }
};

/// Two passes over few rows, which the second finds in a cache.
void block_moments(const float* x, std::int64_t rows, std::int64_t C, Doubles& mean, Doubles& deviations) {
  std::ranges::fill(mean, 0.0);
  std::ranges::fill(deviations, 0.0);
  accumulate_loops().add_rows(mean.data(), x, rows, C, C);
  std::vector<float> center(mean.size());
  for (std::size_t c = 0; c < mean.size(); ++c) center[c] = static_cast<float>(mean[c] / static_cast<double>(rows));
  norm_loops().add_square_deviations(deviations.data(), x, center.data(), rows, C);
  for (std::size_t c = 0; c < mean.size(); ++c) {
    mean[c] /= static_cast<double>(rows);
    const double rounded = mean[c] - center[c];  // the deviations were taken from the mean as f32 has it
    deviations[c] = std::max(0.0, deviations[c] - static_cast<double>(rows) * rounded * rounded);
  }
}

void block_moments(const double* x, std::int64_t rows, std::int64_t C, Doubles& mean, Doubles& deviations) {
  std::ranges::fill(mean, 0.0);
  std::ranges::fill(deviations, 0.0);
  for (std::int64_t i = 0; i < rows * C; ++i) mean[static_cast<std::size_t>(i % C)] += x[i];
  for (double& m : mean) m /= static_cast<double>(rows);
  for (std::int64_t i = 0; i < rows * C; ++i) {
    const auto c = static_cast<std::size_t>(i % C);
    deviations[c] += (x[i] - mean[c]) * (x[i] - mean[c]);
  }
}

Tensor scaled(const Tensor& x, const Tensor& mean, const Doubles& scale, const Tensor& shift) {
  Tensor y(x.shape(), x.dtype());
  const std::int64_t C = x.size(-1);
  if (x.dtype() == DType::f32) {
    const Tensor factors = vector_of(scale, DType::f32);
    norm_loops().scale_channels(x.data<float>(), mean.data<float>(), factors.data<float>(), shift.data<float>(),
                                y.data<float>(), x.elements() / C, C);
    return y;
  }
  for (std::int64_t i = 0; i < x.elements(); ++i) {
    const std::int64_t c = i % C;
    y.data<double>()[i] =
        (x.data<double>()[i] - mean.data<double>()[c]) * scale[static_cast<std::size_t>(c)] + shift.data<double>()[c];
  }
  return y;
}

}  // namespace

Moments channel_moments(const Tensor& x) {
  require_channels(x, {}, "channel_moments");
  const Tensor from = x.packed();
  const std::int64_t C = x.size(-1);
  const std::int64_t rows = x.elements() / C;
  const std::int64_t block = std::max<std::int64_t>(64, 32768 / C);  // 128 KiB of f32: within the second cache
  State state{0, Doubles(static_cast<std::size_t>(C)), Doubles(static_cast<std::size_t>(C))};
  Doubles mean = state.mean;
  Doubles deviations = state.mean;
  visit_real(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t row = 0; row < rows; row += block) {
      const std::int64_t count = std::min(block, rows - row);
      block_moments(from.data<T>() + row * C, count, C, mean, deviations);
      state.merge(static_cast<double>(count), mean, deviations);
    }
  });
  return {state.count, vector_of(state.mean, x.dtype()), vector_of(state.deviations, x.dtype())};
}

Moments merge(const Moments& a, const Moments& b) {
  require_same_dtype(a.mean, b.mean, "merge");
  require_channels(a.mean, {{"deviations", a.deviations}, {"mean", b.mean}, {"deviations", b.deviations}}, "merge");
  if (a.count + b.count <= 0) return a;
  State state{a.count, doubles(a.mean), doubles(a.deviations)};
  state.merge(b.count, doubles(b.mean), doubles(b.deviations));
  return {state.count, vector_of(state.mean, a.mean.dtype()), vector_of(state.deviations, a.mean.dtype())};
}

Tensor normalize_channels(const Tensor& x, const Tensor& mean, const Tensor& invstd, const Tensor& gamma,
                          const Tensor& beta) {
  require_channels(x, {{"mean", mean}, {"invstd", invstd}, {"gamma", gamma}, {"beta", beta}}, "normalize_channels");
  Doubles scale = doubles(gamma);
  const Doubles factors = doubles(invstd);
  for (std::size_t c = 0; c < scale.size(); ++c) scale[c] *= factors[c];
  return scaled(x.packed(), mean.packed(), scale, beta.packed());
}

Tensor batch_norm_sums(const Tensor& g, const Tensor& x, const Tensor& mean, const Tensor& invstd) {
  require_channels(x, {{"mean", mean}, {"invstd", invstd}}, "batch_norm_sums");
  require_same_rows(g, x, "batch_norm_sums");
  const Tensor slopes = g.packed(), from = x.packed(), center = mean.packed();
  const std::int64_t C = x.size(-1);
  const auto size = static_cast<std::size_t>(C);
  Doubles sums(2 * size);
  if (x.dtype() == DType::f32) {
    norm_loops().add_products(sums.data(), sums.data() + C, slopes.data<float>(), from.data<float>(),
                              center.data<float>(), x.elements() / C, C);
  } else {
    for (std::int64_t i = 0; i < x.elements(); ++i) {
      const double slope = slopes.data<double>()[i];
      const auto c = static_cast<std::size_t>(i % C);
      sums[c] += slope;
      sums[size + c] += slope * (from.data<double>()[i] - center.data<double>()[i % C]);
    }
  }
  const Doubles factors = doubles(invstd);
  for (std::size_t c = 0; c < size; ++c) sums[size + c] *= factors[c];
  return vector_of(sums, x.dtype()).reshape({2, C});
}

Tensor batch_norm_backward(const Tensor& g, const Tensor& x, const Tensor& mean, const Tensor& invstd,
                           const Tensor& gamma, const Tensor& sums, double n) {
  require_channels(x, {{"mean", mean}, {"invstd", invstd}, {"gamma", gamma}}, "batch_norm_backward");
  require_same_rows(g, x, "batch_norm_backward");
  const std::int64_t C = x.size(-1);
  if (!sums.defined() || sums.dtype() != x.dtype() || sums.shape() != Shape{2, C} || !(n > 0)) {
    fail_caller("batch_norm_backward",
                fmt::format("x {}: sums {} must be [2, {}] of n = {} > 0 rows", x.text(), sums.text(), C, n));
  }
  // dx = a g + b (x - mean) + shift, per channel.
  Doubles a = doubles(gamma), b = doubles(sums.row(1)), shift = doubles(sums.row(0));
  const Doubles factors = doubles(invstd);
  for (std::size_t c = 0; c < a.size(); ++c) {
    a[c] *= factors[c];
    b[c] *= -a[c] * factors[c] / n;
    shift[c] *= -a[c] / n;
  }
  const Tensor slopes = g.packed(), from = x.packed(), center = mean.packed();
  Tensor dx(x.shape(), x.dtype());
  if (x.dtype() == DType::f32) {
    const Tensor of_g = vector_of(a, DType::f32), of_x = vector_of(b, DType::f32), rest = vector_of(shift, DType::f32);
    norm_loops().mix_channels(slopes.data<float>(), from.data<float>(), center.data<float>(), of_g.data<float>(),
                              of_x.data<float>(), rest.data<float>(), dx.data<float>(), x.elements() / C, C);
    return dx;
  }
  for (std::int64_t i = 0; i < x.elements(); ++i) {
    const auto c = static_cast<std::size_t>(i % C);
    const double deviation = from.data<double>()[i] - center.data<double>()[i % C];
    dx.data<double>()[i] = slopes.data<double>()[i] * a[c] + deviation * b[c] + shift[c];
  }
  return dx;
}

}  // namespace tamis::engine
