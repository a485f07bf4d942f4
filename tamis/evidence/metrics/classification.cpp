#include "tamis/evidence/metrics/classification.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tamis/base/error.h"

namespace tamis::metrics {

namespace {

MetricValue ratio(double above, double below, ZeroDivision zero_division, const char* why) {
  if (below != 0) return {above / below, {}};
  if (zero_division == ZeroDivision::undefined) return undefined(why);
  return {zero_division == ZeroDivision::one ? 1.0 : 0.0, {}};
}

ConfusionCounts sum_over_classes(const Confusion& confusion) {
  ConfusionCounts sum;
  for (std::size_t c = 0; c < confusion.classes(); ++c) {
    const ConfusionCounts counts = confusion.counts(c);
    sum.true_positive += counts.true_positive;
    sum.false_positive += counts.false_positive;
    sum.false_negative += counts.false_negative;
    sum.true_negative += counts.true_negative;
  }
  return sum;
}

template <typename OfClass>
MetricValue averaged(const Confusion& confusion, Average average, const OfClass& of_class) {
  if (confusion.rows() == 0) return undefined("there are no rows");
  if (average == Average::micro) return of_class(sum_over_classes(confusion));
  CompensatedSum sum;
  CompensatedSum weight;
  std::string why;
  for (std::size_t c = 0; c < confusion.classes(); ++c) {
    const ConfusionCounts counts = confusion.counts(c);
    const MetricValue value = of_class(counts);
    if (!value.value) {
      why = value.why;
      continue;
    }
    const double share = average == Average::macro ? 1 : counts.true_positive + counts.false_negative;
    sum.add(share * *value.value);
    weight.add(share);
  }
  if (weight.value() == 0) return undefined(why.empty() ? "all weights are 0" : "no class has a value: " + why);
  return {sum.value() / weight.value(), {}};
}

}  // namespace

ZeroDivision parse_zero_division(std::string_view text) {
  if (text == "null") return ZeroDivision::undefined;
  if (text == "0") return ZeroDivision::zero;
  if (text == "1") return ZeroDivision::one;
  fail_caller("zero division", fmt::format("\"{}\" is not accepted; null, 0 or 1 is", text));
}

std::string_view text(ZeroDivision zero_division) {
  if (zero_division == ZeroDivision::undefined) return "null";
  return zero_division == ZeroDivision::one ? "1" : "0";
}

Confusion::Confusion(std::size_t classes) : classes_(classes), cells_(classes * classes) {
  if (classes < 2) fail_caller("metrics", fmt::format("{} classes; two or more are needed", classes));
}

void Confusion::update(std::size_t truth, std::size_t predicted, double weight) {
  if (truth >= classes_ || predicted >= classes_)
    fail_caller("metrics", fmt::format("class {} predicted as {}; classes from 0 to {} are accepted", truth, predicted,
                                       classes_ - 1));
  if (!(weight >= 0) || !std::isfinite(weight))
    fail_caller("metrics", fmt::format("the weight is {}; a finite number from 0 is needed", weight));
  cells_[truth * classes_ + predicted].add(weight);
  ++rows_;
}

void Confusion::merge(const Confusion& other) {
  if (classes_ != other.classes_)
    fail_caller("metrics", fmt::format("states of {} and {} classes cannot be merged", classes_, other.classes_));
  for (std::size_t i = 0; i < cells_.size(); ++i) cells_[i].merge(other.cells_[i]);
  rows_ += other.rows_;
}

ConfusionCounts Confusion::counts(std::size_t c) const {
  CompensatedSum false_positive;
  CompensatedSum false_negative;
  CompensatedSum true_negative;
  for (std::size_t truth = 0; truth < classes_; ++truth) {
    for (std::size_t predicted = 0; predicted < classes_; ++predicted) {
      if (truth == c && predicted == c) continue;
      auto& sum = truth == c ? false_negative : predicted == c ? false_positive : true_negative;
      sum.merge(cells_[truth * classes_ + predicted]);
    }
  }
  return {at(c, c), false_positive.value(), false_negative.value(), true_negative.value()};
}

MetricValue precision(const ConfusionCounts& counts, ZeroDivision zero_division) {
  return ratio(counts.true_positive, counts.true_positive + counts.false_positive, zero_division,
               "nothing was predicted positive");
}

MetricValue recall(const ConfusionCounts& counts, ZeroDivision zero_division) {
  return ratio(counts.true_positive, counts.true_positive + counts.false_negative, zero_division,
               "there is no positive row");
}

MetricValue specificity(const ConfusionCounts& counts, ZeroDivision zero_division) {
  return ratio(counts.true_negative, counts.true_negative + counts.false_positive, zero_division,
               "there is no negative row");
}

MetricValue f_beta(const ConfusionCounts& counts, double beta, ZeroDivision zero_division) {
  if (!(beta >= 0)) fail_caller("F-beta", fmt::format("beta is {}; a number from 0 is needed", beta));
  if (beta == 0) return precision(counts, zero_division);
  if (std::isinf(beta)) return recall(counts, zero_division);
  const double squared = beta * beta;
  const double found = (1 + squared) * counts.true_positive;
  return ratio(found, found + counts.false_positive + squared * counts.false_negative, zero_division,
               "there is no positive row and none was predicted");
}

MetricValue precision(const Confusion& confusion, Average average, ZeroDivision zero_division) {
  return averaged(confusion, average, [&](const ConfusionCounts& counts) { return precision(counts, zero_division); });
}

MetricValue recall(const Confusion& confusion, Average average, ZeroDivision zero_division) {
  return averaged(confusion, average, [&](const ConfusionCounts& counts) { return recall(counts, zero_division); });
}

MetricValue f_beta(const Confusion& confusion, Average average, double beta, ZeroDivision zero_division) {
  return averaged(confusion, average,
                  [&](const ConfusionCounts& counts) { return f_beta(counts, beta, zero_division); });
}

MetricValue accuracy(const Confusion& confusion) {
  CompensatedSum right;
  CompensatedSum all;
  for (std::size_t truth = 0; truth < confusion.classes(); ++truth) {
    for (std::size_t predicted = 0; predicted < confusion.classes(); ++predicted) {
      if (truth == predicted) right.add(confusion.at(truth, predicted));
      all.add(confusion.at(truth, predicted));
    }
  }
  return ratio(right.value(), all.value(), ZeroDivision::undefined,
               confusion.rows() == 0 ? "there are no rows" : "all weights are 0");
}

MetricValue balanced_accuracy(const Confusion& confusion) {
  return averaged(confusion, Average::macro,
                  [](const ConfusionCounts& counts) { return recall(counts, ZeroDivision::undefined); });
}

MetricValue matthews(const Confusion& confusion, ZeroDivision zero_division) {
  if (confusion.rows() == 0) return undefined("there are no rows");
  double right = 0;
  double all = 0;
  double both = 0;
  double truth_squared = 0;
  double predicted_squared = 0;
  for (std::size_t c = 0; c < confusion.classes(); ++c) {
    const ConfusionCounts counts = confusion.counts(c);
    const double truth = counts.true_positive + counts.false_negative;
    const double predicted = counts.true_positive + counts.false_positive;
    right += counts.true_positive;
    all += truth;
    both += truth * predicted;
    truth_squared += truth * truth;
    predicted_squared += predicted * predicted;
  }
  // Of one class alone the difference is 0 but for rounding: then it is decided by the classes themselves.
  std::size_t true_classes = 0;
  std::size_t predicted_classes = 0;
  for (std::size_t c = 0; c < confusion.classes(); ++c) {
    const ConfusionCounts counts = confusion.counts(c);
    true_classes += counts.true_positive + counts.false_negative > 0 ? 1 : 0;
    predicted_classes += counts.true_positive + counts.false_positive > 0 ? 1 : 0;
  }
  const bool flat = true_classes < 2 || predicted_classes < 2;
  const double spread = std::sqrt((all * all - truth_squared) * (all * all - predicted_squared));
  const MetricValue value =
      ratio(right * all - both, flat ? 0 : spread, zero_division,
            true_classes < 2 ? "all rows are of one class" : "all rows are predicted as one class");
  return value.value && !flat ? MetricValue{std::clamp(*value.value, -1.0, 1.0), {}} : value;
}

}  // namespace tamis::metrics
