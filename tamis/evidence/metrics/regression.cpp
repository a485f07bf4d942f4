#include "tamis/evidence/metrics/regression.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tamis/base/error.h"

namespace tamis::metrics {

ZeroTargets parse_zero_targets(std::string_view text) {
  if (text == "null") return ZeroTargets::undefined;
  if (text == "leave-out") return ZeroTargets::leave_out;
  if (text == "epsilon") return ZeroTargets::epsilon;
  fail_caller("zero targets", fmt::format("\"{}\" is not accepted; null, leave-out or epsilon is", text));
}

void Regression::update(double truth, double predicted, double weight) {
  if (!std::isfinite(truth) || !std::isfinite(predicted))
    fail_caller("metrics", fmt::format("target {} predicted as {}; finite numbers are needed", truth, predicted));
  if (!(weight >= 0) || !std::isfinite(weight))
    fail_caller("metrics", fmt::format("the weight is {}; a finite number from 0 is needed", weight));
  ++rows_;
  if (weight == 0) return;
  const double error = truth - predicted;
  weight_.add(weight);
  squares_.add(weight * error * error);
  (error >= 0 ? above_ : below_).add(weight * std::abs(error));
  if (truth == 0) {
    ++zero_targets_;
    zero_weight_.add(weight);
    zero_error_.add(weight * std::abs(error));
  } else {
    relative_.add(weight * std::abs(error / truth));
  }
  lowest_ = target_weight_ == 0 ? truth : std::min(lowest_, truth);
  highest_ = target_weight_ == 0 ? truth : std::max(highest_, truth);
  const double away = truth - target_mean_;
  target_weight_ += weight;
  target_mean_ += away * weight / target_weight_;
  target_m2_ += weight * away * (truth - target_mean_);
}

void Regression::merge(const Regression& other) {
  rows_ += other.rows_;
  zero_targets_ += other.zero_targets_;
  weight_.merge(other.weight_);
  squares_.merge(other.squares_);
  above_.merge(other.above_);
  below_.merge(other.below_);
  relative_.merge(other.relative_);
  zero_weight_.merge(other.zero_weight_);
  zero_error_.merge(other.zero_error_);
  if (other.target_weight_ == 0) return;
  lowest_ = target_weight_ == 0 ? other.lowest_ : std::min(lowest_, other.lowest_);
  highest_ = target_weight_ == 0 ? other.highest_ : std::max(highest_, other.highest_);
  const double away = other.target_mean_ - target_mean_;
  const double weight = target_weight_ + other.target_weight_;
  target_m2_ += other.target_m2_ + away * away * target_weight_ * other.target_weight_ / weight;
  target_mean_ += away * other.target_weight_ / weight;
  target_weight_ = weight;
}

MetricValue Regression::mean(double sum) const {
  if (weight_.value() == 0) return undefined("there are no rows of a weight above 0");
  return {sum / weight_.value(), {}};
}

MetricValue Regression::rmse() const {
  const MetricValue squared = mean(squares_.value());
  return squared.value ? MetricValue{std::sqrt(*squared.value), {}} : squared;
}

MetricValue Regression::mae() const {
  return mean(above_.value() + below_.value());
}

MetricValue Regression::mape(ZeroTargets zero_targets) const {
  if (zero_targets_ == 0) return mean(relative_.value());
  if (zero_targets == ZeroTargets::undefined) return undefined(fmt::format("{} targets are 0", zero_targets_));
  if (zero_targets == ZeroTargets::epsilon)
    return mean(relative_.value() + zero_error_.value() / std::numeric_limits<double>::epsilon());
  const double weight = weight_.value() - zero_weight_.value();
  if (zero_targets_ == rows_ || !(weight > 0)) return undefined("all targets are 0");
  return {relative_.value() / weight, {}};
}

MetricValue Regression::r2() const {
  if (weight_.value() == 0) return mean(0);
  if (lowest_ == highest_) return undefined(rows_ == 1 ? "there is one row" : "all targets are equal");
  return {1 - squares_.value() / target_m2_, {}};
}

MetricValue Regression::quantile_loss(double q) const {
  if (!(q > 0) || !(q < 1)) fail_caller("quantile loss", fmt::format("quantile {}; between 0 and 1 is needed", q));
  return mean(q * above_.value() + (1 - q) * below_.value());
}

}  // namespace tamis::metrics
