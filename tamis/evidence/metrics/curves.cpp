#include "tamis/evidence/metrics/curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tamis/base/error.h"
#include "tamis/evidence/metrics/auc.h"
#include "tamis/evidence/metrics/auc_sort.h"

namespace tamis::metrics {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Totals {
  double positive = 0;
  double negative = 0;
};

Totals totals(std::span<const ScoreStep> steps) {
  CompensatedSum positive;
  CompensatedSum negative;
  for (const ScoreStep& step : steps) {
    positive.add(step.positive);
    negative.add(step.negative);
  }
  return {positive.value(), negative.value()};
}

template <typename Key>
std::vector<ScoreStep> counted_steps(const SortedClasses<Key>& sorted) {
  std::vector<ScoreStep> steps;
  visit_ties(sorted.positive(), sorted.negative(), [&](Key key, const TiedRows& tied) {
    steps.push_back(
        {static_cast<double>(score_of(key)), static_cast<double>(tied.positives), static_cast<double>(tied.negatives)});
  });
  std::reverse(steps.begin(), steps.end());
  return steps;
}

std::vector<ScoreStep> weighed_steps(const ScoredRows& rows) {
  const auto scores = rows.scores();
  const auto weights = rows.weights();
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : weights[a] < weights[b];
  });
  std::vector<ScoreStep> steps;
  for (std::size_t i = 0; i < order.size();) {
    CompensatedSum positive;
    CompensatedSum negative;
    const double score = scores[order[i]];
    for (; i < order.size() && scores[order[i]] == score; ++i)
      (rows.labels()[order[i]] != 0 ? positive : negative).add(weights[order[i]]);
    steps.push_back({score + 0.0, positive.value(), negative.value()});
  }
  return steps;
}

std::string missing(const Totals& all) {
  if (all.positive == 0 && all.negative == 0) return "there are no rows";
  return all.positive == 0 ? "all labels are negative" : "all labels are positive";
}

}  // namespace

void ScoredRows::reserve(std::size_t rows) {
  scores_.reserve(rows);
  labels_.reserve(rows);
}

void ScoredRows::add_weights() {
  if (weights_.empty()) weights_.assign(scores_.size(), 1);
}

void ScoredRows::update(double score, bool positive, double weight) {
  if (!std::isfinite(score)) fail_caller("metrics", fmt::format("the score is {}; a finite number is needed", score));
  if (!(weight >= 0) || !std::isfinite(weight))
    fail_caller("metrics", fmt::format("the weight is {}; a finite number from 0 is needed", weight));
  if (weight == 0) return;
  if (weight != 1) add_weights();
  scores_.push_back(score);
  labels_.push_back(positive ? 1 : 0);
  if (weighted() || weight != 1) weights_.push_back(weight);
}

void ScoredRows::merge(const ScoredRows& other) {
  if (other.weighted()) add_weights();
  const bool with_weights = weighted() || other.weighted();
  scores_.insert(scores_.end(), other.scores_.begin(), other.scores_.end());
  labels_.insert(labels_.end(), other.labels_.begin(), other.labels_.end());
  if (!with_weights) return;
  weights_.insert(weights_.end(), other.weights_.begin(), other.weights_.end());
  weights_.resize(scores_.size(), 1);
}

std::vector<ScoreStep> ScoredRows::steps() const {
  if (weighted()) return weighed_steps(*this);
  if (are_floats(scores_)) return counted_steps(SortedClasses<std::uint32_t>::sort<double>(scores_, labels_));
  return counted_steps(SortedClasses<std::uint64_t>::sort<double>(scores_, labels_));
}

std::vector<CurvePoint> roc(std::span<const ScoreStep> steps) {
  const Totals all = totals(steps);
  if (all.positive == 0 || all.negative == 0) return {};
  std::vector<CurvePoint> points{{kInfinity, 0, 0}};
  points.reserve(steps.size() + 1);
  CompensatedSum positive;
  CompensatedSum negative;
  for (const ScoreStep& step : steps) {
    positive.add(step.positive);
    negative.add(step.negative);
    points.push_back({step.threshold, std::min(1.0, negative.value() / all.negative),
                      std::min(1.0, positive.value() / all.positive)});
  }
  return points;
}

std::vector<CurvePoint> precision_recall(std::span<const ScoreStep> steps) {
  const Totals all = totals(steps);
  if (all.positive == 0) return {};
  std::vector<CurvePoint> points{{kInfinity, 0, 1}};
  points.reserve(steps.size() + 1);
  CompensatedSum positive;
  CompensatedSum negative;
  for (const ScoreStep& step : steps) {
    positive.add(step.positive);
    negative.add(step.negative);
    const double found = positive.value();
    points.push_back({step.threshold, std::min(1.0, found / all.positive), found / (found + negative.value())});
  }
  return points;
}

std::vector<CurvePoint> precision_recall_at(std::span<const std::uint8_t> relevant, std::uint64_t total_relevant) {
  std::uint64_t found = 0;
  std::vector<CurvePoint> points;
  for (std::size_t i = 0; i < relevant.size(); ++i) {
    found += relevant[i] != 0;
    if (total_relevant == 0) continue;
    const auto places = static_cast<double>(i + 1);
    points.push_back({places, static_cast<double>(found) / static_cast<double>(total_relevant),
                      static_cast<double>(found) / places});
  }
  if (found > total_relevant)
    fail_caller("metrics", fmt::format("the list has {} relevant places, more than {} in all", found, total_relevant));
  return points;
}

double trapezoid(std::span<const CurvePoint> points) {
  CompensatedSum area;
  for (std::size_t i = 1; i < points.size(); ++i)
    area.add((points[i].x - points[i - 1].x) * (points[i].y + points[i - 1].y) / 2);
  return area.value();
}

double average_precision(std::span<const CurvePoint> points) {
  CompensatedSum area;
  double recall = 0;
  for (const CurvePoint& point : points) {
    area.add((point.x - recall) * point.y);
    recall = point.x;
  }
  return area.value();
}

double partial_auc(std::span<const CurvePoint> points, double max_fpr) {
  if (!(max_fpr > 0) || !(max_fpr <= 1))
    fail_caller("partial AUC",
                fmt::format("the largest false-positive rate is {}; above 0 up to 1 is needed", max_fpr));
  if (points.size() < 2) fail_caller("partial AUC", "the curve has no points; rows of both classes are needed");
  if (max_fpr == 1) return trapezoid(points);
  const auto beyond =
      std::upper_bound(points.begin(), points.end(), max_fpr, [](double x, const CurvePoint& p) { return x < p.x; });
  std::vector<CurvePoint> left(points.begin(), beyond);
  const CurvePoint& from = left.back();
  const double share = (max_fpr - from.x) / (beyond->x - from.x);
  left.push_back({beyond->threshold, max_fpr, from.y + share * (beyond->y - from.y)});
  const double least = max_fpr * max_fpr / 2;
  return (1 + (trapezoid(left) - least) / (max_fpr - least)) / 2;
}

MetricValue auc(const ScoredRows& rows) {
  if (!rows.weighted()) {
    const auto value = auc(rows.scores(), rows.labels());
    if (value) return {value, {}};
  }
  const auto steps = rows.steps();
  const Totals all = totals(steps);
  if (all.positive == 0 || all.negative == 0) return undefined(missing(all));
  // The pairs themselves, for the differences of rates would lose digits.
  CompensatedSum right;
  CompensatedSum above;
  for (const ScoreStep& step : steps) {
    right.add(step.negative * (above.value() + step.positive / 2));
    above.add(step.positive);
  }
  return {std::clamp(right.value() / (all.positive * all.negative), 0.0, 1.0), {}};
}

MetricValue partial_auc(const ScoredRows& rows, double max_fpr) {
  const auto steps = rows.steps();
  const auto points = roc(steps);
  if (points.empty()) return undefined(missing(totals(steps)));
  return {partial_auc(points, max_fpr), {}};
}

MetricValue average_precision(const ScoredRows& rows) {
  const auto steps = rows.steps();
  const auto points = precision_recall(steps);
  if (points.empty()) return undefined(missing(totals(steps)));
  return {average_precision(points), {}};
}

MetricValue precision_recall_area(const ScoredRows& rows) {
  const auto steps = rows.steps();
  const auto points = precision_recall(steps);
  if (points.empty()) return undefined(missing(totals(steps)));
  return {trapezoid(points), {}};
}

std::vector<CurvePoint> thin(std::span<const CurvePoint> points, std::size_t count) {
  if (count < 2) fail_caller("curve", fmt::format("{} points; two or more are needed", count));
  if (points.size() <= count) return {points.begin(), points.end()};
  const auto step = [&](std::size_t i) {
    return std::abs(points[i].x - points[i - 1].x) + std::abs(points[i].y - points[i - 1].y);
  };
  double length = 0;
  for (std::size_t i = 1; i < points.size(); ++i) length += step(i);
  std::vector<CurvePoint> kept{points.front()};
  double walked = 0;
  std::size_t next = 1;
  for (std::size_t i = 1; i + 1 < points.size() && next + 1 < count; ++i) {
    walked += step(i);
    const auto due = static_cast<double>(next) * length / static_cast<double>(count - 1);
    if (walked < due) continue;
    kept.push_back(points[i]);
    while (next + 1 < count && walked >= static_cast<double>(next) * length / static_cast<double>(count - 1)) ++next;
  }
  kept.push_back(points.back());
  return kept;
}

}  // namespace tamis::metrics
