#include "tamis/vectors/transform/flow.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/engine/autograd/ops.h"

namespace tamis::transform {

namespace {

constexpr std::int64_t kRows = 256;  ///< go through the map together when it is applied

/// Columns as `order` [C] says: y[i][c] = x[i][order[c]].
Variable picked(const Variable& x, const Tensor& order) {
  const std::int64_t n = x.shape()[0], C = x.shape()[1];
  return engine::gather(x, 1, order.reshape({1, C}).broadcast_to({n, C}).packed());
}

Tensor inverted(const Tensor& order) {
  Tensor back(order.shape(), order.dtype());
  for (std::int32_t c = 0; c < order.elements(); ++c) back.data<std::int32_t>()[order.data<std::int32_t>()[c]] = c;
  return back;
}

}  // namespace

ColumnSpread column_spread(std::span<const float> rows, std::int64_t dimensions) {
  const auto C = static_cast<std::size_t>(dimensions);
  const double share = 1 / static_cast<double>(rows.size() / C);
  ColumnSpread spread{std::vector<double>(C), std::vector<double>(C), 0};
  for (std::size_t i = 0; i < rows.size(); ++i) spread.mean[i % C] += share * rows[i];
  for (std::size_t i = 0; i < rows.size(); ++i)
    spread.deviation[i % C] += share * std::pow(static_cast<double>(rows[i]) - spread.mean[i % C], 2);
  for (double& deviation : spread.deviation) {
    deviation = std::sqrt(deviation);
    spread.largest = std::max(spread.largest, deviation);
  }
  return spread;
}

FlowStep::FlowStep(std::int64_t C, const FlowOptions& options)
    : C_(C),
      half_(C / 2),
      coupling_(options.coupling),
      bias_(own("bias", {C}, nn::Init::zeros(), false)),
      log_scale_(own("log_scale", {C}, nn::Init::zeros(), false)),
      order_(own_buffer("order", Tensor::range(C, engine::DType::i32))) {
  const std::int64_t hidden = options.hidden > 0 ? options.hidden : C;
  const std::int64_t changed = (C - half_) * (coupling_ == Coupling::affine ? 2 : 1);
  in_ = std::make_unique<nn::Linear>(half_, hidden, nn::LinearOptions{.weight = nn::Init::he_normal()});
  mid_ = std::make_unique<nn::Linear>(hidden, hidden, nn::LinearOptions{.weight = nn::Init::he_normal()});
  out_ = std::make_unique<nn::Linear>(hidden, changed, nn::LinearOptions{.weight = nn::Init::zeros()});
  adopt("in", *in_);
  adopt("mid", *mid_);
  adopt("out", *out_);
}

Variable FlowStep::shift_and_scale(const Variable& half, Variable& log_scale, nn::Pass& pass) {
  const Variable inner = engine::relu(in_->forward(half, pass));
  const Variable made = out_->forward(engine::relu(mid_->forward(inner, pass)), pass);
  if (coupling_ == Coupling::additive) return made;
  // Factors between 1/e and e: a step that is bounded cannot blow a row up.
  log_scale = engine::tanh(engine::slice(made, 1, C_ - half_, 2 * (C_ - half_)));
  return engine::slice(made, 1, 0, C_ - half_);
}

Variable FlowStep::forward(const Variable& x, Variable& log_determinants, nn::Pass& pass) {
  const Variable normed = engine::mul(engine::add(x, bias_), engine::exp(log_scale_));
  log_determinants = engine::add(log_determinants, engine::sum(log_scale_));
  const Variable mixed = picked(normed, order_);
  const Variable kept = engine::slice(mixed, 1, 0, half_);
  Variable changed = engine::slice(mixed, 1, half_, C_), log_scale;
  const Variable shift = shift_and_scale(kept, log_scale, pass);
  if (log_scale.defined()) {
    changed = engine::mul(changed, engine::exp(log_scale));
    log_determinants = engine::add(log_determinants, engine::sum(log_scale, 1, true));
  }
  return engine::concat({kept, engine::add(changed, shift)}, 1);
}

Variable FlowStep::inverse(const Variable& y, nn::Pass& pass) {
  const Variable kept = engine::slice(y, 1, 0, half_);
  Variable log_scale;
  const Variable shift = shift_and_scale(kept, log_scale, pass);
  Variable changed = engine::sub(engine::slice(y, 1, half_, C_), shift);
  if (log_scale.defined()) changed = engine::mul(changed, engine::exp(engine::neg(log_scale)));
  const Variable normed = picked(engine::concat({kept, changed}, 1), inverted(order_));
  return engine::sub(engine::mul(normed, engine::exp(engine::neg(log_scale_))), bias_);
}

void FlowStep::start(const Tensor& rows) {
  const ColumnSpread spread = column_spread(rows.span<float>(), C_);
  for (std::size_t c = 0; c < static_cast<std::size_t>(C_); ++c) {
    // A column without variance keeps the others' scale: its noise is not blown up.
    const double deviation = spread.flat(c) ? spread.largest : spread.deviation[c];
    bias_.leaf_value().data<float>()[c] = static_cast<float>(-spread.mean[c]);
    log_scale_.leaf_value().data<float>()[c] = static_cast<float>(-std::log(deviation));
  }
}

void FlowStep::shuffle(std::uint64_t seed) {
  std::int32_t* order = order_.data<std::int32_t>();
  std::iota(order, order + C_, 0);
  Stream stream(seed, "flow.order." + path());
  for (std::int64_t c = C_ - 1; c > 0; --c) std::swap(order[c], order[stream.below(static_cast<std::uint64_t>(c) + 1)]);
}

Flow::Flow(std::int64_t dimensions, const FlowOptions& options) : dimensions_(dimensions), options_(options) {
  if (options.levels < 1 || options.steps < 1 || options.hidden < 0)
    fail_caller("flow", fmt::format("{} levels of {} steps, hidden width {}: levels and steps must be 1 or more, the "
                                    "width 0 or more",
                                    options.levels, options.steps, options.hidden));
  std::int64_t C = dimensions;
  for (int level = 0; level < options.levels; ++level) {
    if (C < 2)
      fail_caller("flow",
                  fmt::format("{} dimensions leave {} for level {}; 2 or more are needed", dimensions, C, level + 1));
    widths_.push_back(C);
    for (int step = 0; step < options.steps; ++step) {
      steps_.emplace_back(C, options);
      adopt(fmt::format("level.{}.step.{}", level, step), steps_.back());
    }
    C -= C / 2;
  }
}

Variable Flow::forward(const Variable& x, Variable& log_determinants, nn::Pass& pass) {
  const std::int64_t n = x.shape()[0];
  log_determinants = Variable(Tensor::zeros({n, 1}, x.dtype()));
  std::vector<Variable> done;
  Variable left = x;
  for (std::size_t level = 0; level < widths_.size(); ++level) {
    const std::int64_t C = widths_[level];
    for (int s = 0; s < options_.steps; ++s) {
      left = steps_[level * static_cast<std::size_t>(options_.steps) + static_cast<std::size_t>(s)].forward(
          left, log_determinants, pass);
    }
    if (level + 1 == widths_.size()) break;
    done.push_back(engine::slice(left, 1, 0, C / 2));
    left = engine::slice(left, 1, C / 2, C);
  }
  done.push_back(left);
  return engine::concat(done, 1);
}

Variable Flow::inverse(const Variable& z, nn::Pass& pass) {
  std::vector<Variable> done;
  std::int64_t begin = 0;
  for (std::size_t level = 0; level + 1 < widths_.size(); ++level) {
    done.push_back(engine::slice(z, 1, begin, begin + widths_[level] / 2));
    begin += widths_[level] / 2;
  }
  Variable left = engine::slice(z, 1, begin, dimensions_);
  for (std::size_t level = widths_.size(); level-- > 0;) {
    if (level + 1 < widths_.size()) left = engine::concat({done[level], left}, 1);
    for (int s = options_.steps; s-- > 0;)
      left = steps_[level * static_cast<std::size_t>(options_.steps) + static_cast<std::size_t>(s)].inverse(left, pass);
  }
  return left;
}

void Flow::shuffle(std::uint64_t seed) {
  for (FlowStep& step : steps_) step.shuffle(seed);
}

void Flow::start(const Tensor& rows, std::uint64_t seed) {
  const engine::NoGradient nothing_recorded;
  initialize(seed);
  shuffle(seed);
  nn::Pass pass;
  Variable left(rows), unused(Tensor::zeros({rows.size(0), 1}));
  for (std::size_t level = 0; level < widths_.size(); ++level) {
    for (int s = 0; s < options_.steps; ++s) {
      FlowStep& step = steps_[level * static_cast<std::size_t>(options_.steps) + static_cast<std::size_t>(s)];
      step.start(left.value().packed());
      left = step.forward(left, unused, pass);
    }
    if (level + 1 < widths_.size()) left = engine::slice(left, 1, widths_[level] / 2, widths_[level]);
  }
}

void Flow::apply(std::span<const float> rows, std::span<float> out) {
  const auto C = static_cast<std::size_t>(dimensions_);
  const std::size_t n = rows.size() / C, block = static_cast<std::size_t>(kRows);
  // Blocks always have kRows rows, the last one filled up, so that a row's bits do not depend on how many there are.
  parallel_for((n + block - 1) / block, [&](std::size_t b) {
    const engine::NoGradient nothing_recorded;
    const std::size_t begin = b * block, count = std::min(block, n - begin);
    Tensor x = Tensor::zeros({kRows, dimensions_});
    std::copy_n(rows.data() + begin * C, count * C, x.data<float>());
    nn::Pass pass;
    Variable unused;
    const Tensor z = forward(Variable(x), unused, pass).value().packed();
    std::copy_n(z.data<float>(), count * C, out.data() + begin * C);
  });
}

}  // namespace tamis::transform
