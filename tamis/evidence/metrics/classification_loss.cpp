#include "tamis/evidence/metrics/classification_loss.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tamis/base/error.h"

namespace tamis::metrics {

namespace {

void check(double probability, double weight) {
  if (!(probability >= 0) || !(probability <= 1))
    fail_caller("metrics", fmt::format("{} is no probability; a number from 0 to 1 is needed", probability));
  if (!(weight >= 0) || !std::isfinite(weight))
    fail_caller("metrics", fmt::format("the weight is {}; a finite number from 0 is needed", weight));
}

void check(std::size_t truth, std::span<const double> probabilities, double weight) {
  if (truth >= probabilities.size()) fail_caller("metrics", fmt::format("class {} of {}", truth, probabilities.size()));
  for (const double probability : probabilities) check(probability, weight);
}

MetricValue mean(const CompensatedSum& sum, const CompensatedSum& weight) {
  if (weight.value() == 0) return undefined("there are no rows of a weight above 0");
  return {sum.value() / weight.value(), {}};
}

}  // namespace

LogLoss::LogLoss(double clip) : clip_(clip) {
  if (!(clip > 0) || !(clip < 0.5))
    fail_caller("log loss", fmt::format("probabilities clipped at {}; between 0 and 0.5 is needed", clip));
}

void LogLoss::update(bool positive, double probability, double weight) {
  check(probability, weight);
  loss_.add(-weight * std::log(std::clamp(positive ? probability : 1 - probability, clip_, 1 - clip_)));
  weight_.add(weight);
}

void LogLoss::update_class(std::size_t truth, std::span<const double> probabilities, double weight) {
  check(truth, probabilities, weight);
  loss_.add(-weight * std::log(std::clamp(probabilities[truth], clip_, 1 - clip_)));
  weight_.add(weight);
}

void LogLoss::merge(const LogLoss& other) {
  if (clip_ != other.clip_)
    fail_caller("log loss", fmt::format("states clipped at {} and {} cannot be merged", clip_, other.clip_));
  loss_.merge(other.loss_);
  weight_.merge(other.weight_);
}

MetricValue LogLoss::value() const {
  return mean(loss_, weight_);
}

void Brier::update(bool positive, double probability, double weight) {
  check(probability, weight);
  const double error = probability - (positive ? 1 : 0);
  loss_.add(weight * error * error);
  weight_.add(weight);
}

void Brier::update_class(std::size_t truth, std::span<const double> probabilities, double weight) {
  check(truth, probabilities, weight);
  double squares = 0;
  for (std::size_t c = 0; c < probabilities.size(); ++c) {
    const double error = probabilities[c] - (c == truth ? 1 : 0);
    squares += error * error;
  }
  loss_.add(weight * squares / (probabilities.size() == 2 ? 2 : 1));
  weight_.add(weight);
}

void Brier::merge(const Brier& other) {
  loss_.merge(other.loss_);
  weight_.merge(other.weight_);
}

MetricValue Brier::value() const {
  return mean(loss_, weight_);
}

}  // namespace tamis::metrics
