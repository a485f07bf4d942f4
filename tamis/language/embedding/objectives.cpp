#include "tamis/language/embedding/objectives.h"

#include <fmt/format.h>

#include <cmath>

#include "tamis/base/error.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/loss.h"

namespace tamis::embedding {

namespace {

/// Anchors `a` (rows first .. of the half `own` of both halves) against all 2B rows but themselves.
Variable against_both(const Variable& a, const Variable& all, std::int64_t own, std::int64_t positive,
                      double temperature) {
  const std::int64_t n = a.shape()[0], m = all.shape()[0];
  const Variable cosines = engine::matmul(engine::mul(a, 1 / temperature), all, false, true);
  // A row's likeness to itself must not count, whatever its size.
  Tensor self = Tensor::zeros({n, m}, engine::DType::boolean);
  Tensor labels({n}, engine::DType::i64);
  for (std::int64_t i = 0; i < n; ++i) {
    self.data<bool>()[i * m + own + i] = true;
    labels.data<std::int64_t>()[i] = positive + i;
  }
  const Variable nothing(Tensor::scalar(-1e30, a.dtype()));
  return nn::cross_entropy(engine::where(self, nothing, cosines), labels, 0, nn::Reduction::sum);
}

}  // namespace

Variable contrast_loss(const ContrastViews& views, ContrastForm form, double temperature) {
  const std::int64_t B = views.all_b.shape()[0];
  if (!(temperature > 0) || !std::isfinite(temperature)) {
    fail_caller("contrast", fmt::format("temperature {}: must be above 0", temperature));
  }
  if (B < 2 && !views.negatives.defined()) {
    fail_caller("contrast", "a batch of 1 has nothing to tell apart; 2 examples at least, or hard negatives");
  }
  if (form == ContrastForm::one_side) {
    const Variable all = views.negatives.defined() ? engine::concat({views.all_b, views.negatives}, 0) : views.all_b;
    return nn::info_nce(views.a, all, {.temperature = temperature, .normalize = true, .first_positive = views.first},
                        nn::Reduction::sum);
  }
  std::vector<Variable> rows = {views.all_a, views.all_b};
  if (views.negatives.defined()) rows.push_back(views.negatives);
  const Variable all = nn::unit_rows(engine::concat(rows, 0));
  const Variable there = against_both(nn::unit_rows(views.a), all, views.first, B + views.first, temperature);
  const Variable back = against_both(nn::unit_rows(views.b), all, B + views.first, views.first, temperature);
  return engine::mul(engine::add(there, back), 0.5);
}

Variable classification_loss(const Variable& u, const Variable& v, const Variable& weight, const Tensor& labels) {
  const Variable joined = engine::concat({u, v, engine::abs(engine::sub(u, v))}, 1);
  return nn::cross_entropy(engine::linear(joined, weight, {}), labels, 0, nn::Reduction::sum);
}

Variable regression_loss(const Variable& u, const Variable& v, const Tensor& targets) {
  return nn::mse(nn::cosine_similarity(u, v), Variable(targets), nn::Reduction::sum);
}

}  // namespace tamis::embedding
