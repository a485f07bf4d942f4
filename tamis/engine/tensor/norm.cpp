#include "tamis/engine/tensor/norm.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tamis/engine/tensor/channels.h"
#include "tamis/engine/tensor/norm_f32.h"

namespace tamis::engine {

namespace {

void layer_norm_row(const double* x, const double* gamma, const double* beta, double epsilon, double* y, std::int64_t C,
                    double* mean, double* invstd) {
  double sum = 0;
  for (std::int64_t c = 0; c < C; ++c) sum += x[c];
  *mean = sum / static_cast<double>(C);
  double squares = 0;
  for (std::int64_t c = 0; c < C; ++c) squares += (x[c] - *mean) * (x[c] - *mean);
  *invstd = 1 / std::sqrt(squares / static_cast<double>(C) + epsilon);
  for (std::int64_t c = 0; c < C; ++c) y[c] = (x[c] - *mean) * *invstd * gamma[c] + beta[c];
}

void layer_norm_backward_row(const double* g, const double* x, double mean, double invstd, const double* gamma,
                             std::int64_t C, double* dx, double* gamma_sums, double* beta_sums) {
  double sum = 0;
  double product = 0;
  for (std::int64_t c = 0; c < C; ++c) {
    const double normal = (x[c] - mean) * invstd;
    gamma_sums[c] += g[c] * normal;
    beta_sums[c] += g[c];
    sum += g[c] * gamma[c];
    product += g[c] * gamma[c] * normal;
  }
  sum /= static_cast<double>(C);
  product /= static_cast<double>(C);
  for (std::int64_t c = 0; c < C; ++c) dx[c] = invstd * (g[c] * gamma[c] - sum - (x[c] - mean) * invstd * product);
}

/// In f32, 32 rows at a time: their sums for gamma and beta are added in f64, so that many rows lose no digits.
void layer_norm_backward_f32(const Tensor& g, const Tensor& x, const Tensor& mean, const Tensor& invstd,
                             const Tensor& gamma, LayerNormGradients& result) {
  constexpr std::int64_t kRows = 32;
  const std::int64_t C = x.size(-1);
  const std::int64_t rows = x.elements() / C;
  std::vector<float> sums(static_cast<std::size_t>(2 * C));
  std::vector<double> totals(sums.size());
  for (std::int64_t row = 0; row < rows; row += kRows) {
    std::ranges::fill(sums, 0.0F);
    norm_loops().layer_norm_backward(
        {g.data<float>() + row * C, x.data<float>() + row * C, mean.data<float>() + row, invstd.data<float>() + row,
         gamma.data<float>(), result.x.data<float>() + row * C, sums.data(), sums.data() + C},
        std::min(kRows, rows - row), C);
    for (std::size_t i = 0; i < sums.size(); ++i) totals[i] += sums[i];
  }
  for (std::int64_t c = 0; c < C; ++c) {
    result.gamma.data<float>()[c] = static_cast<float>(totals[static_cast<std::size_t>(c)]);
    result.beta.data<float>()[c] = static_cast<float>(totals[static_cast<std::size_t>(C + c)]);
  }
}

}  // namespace

LayerNormed layer_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon) {
  require_channels(x, {{"gamma", gamma}, {"beta", beta}}, "layer_norm");
  const Tensor from = x.packed(), scale = gamma.packed(), shift = beta.packed();
  const std::int64_t C = x.size(-1);
  const std::int64_t rows = x.elements() / C;
  LayerNormed result{Tensor(x.shape(), x.dtype()), Tensor({rows}, x.dtype()), Tensor({rows}, x.dtype())};
  visit_real(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto normalize = [] {
      if constexpr (std::is_same_v<T, float>) {
        return norm_loops().layer_norm;
      } else {
        return layer_norm_row;
      }
    }();
    for (std::int64_t row = 0; row < rows; ++row) {
      normalize(from.data<T>() + row * C, scale.data<T>(), shift.data<T>(), epsilon,
                result.y.template data<T>() + row * C, C, result.mean.template data<T>() + row,
                result.invstd.template data<T>() + row);
    }
  });
  return result;
}

LayerNormGradients layer_norm_backward(const Tensor& g, const Tensor& x, const Tensor& mean, const Tensor& invstd,
                                       const Tensor& gamma) {
  require_channels(x, {{"gamma", gamma}}, "layer_norm_backward");
  require_same_rows(g, x, "layer_norm_backward");
  const std::int64_t C = x.size(-1);
  const std::int64_t rows = x.elements() / C;
  require_vector(x, "mean", mean, rows, "layer_norm_backward");
  require_vector(x, "invstd", invstd, rows, "layer_norm_backward");
  const Tensor slopes = g.packed(), from = x.packed(), means = mean.packed(), factors = invstd.packed(),
               scale = gamma.packed();
  LayerNormGradients result{Tensor(x.shape(), x.dtype()), Tensor::zeros({C}, x.dtype()), Tensor::zeros({C}, x.dtype())};
  if (x.dtype() == DType::f32) {
    layer_norm_backward_f32(slopes, from, means, factors, scale, result);
    return result;
  }
  for (std::int64_t row = 0; row < rows; ++row) {
    layer_norm_backward_row(slopes.data<double>() + row * C, from.data<double>() + row * C, means.data<double>()[row],
                            factors.data<double>()[row], scale.data<double>(), C, result.x.data<double>() + row * C,
                            result.gamma.data<double>(), result.beta.data<double>());
  }
  return result;
}

}  // namespace tamis::engine
