#include "tamis/evidence/metrics/auc_multiclass.h"

#include <fmt/format.h>

#include <cmath>

#include "tamis/base/error.h"
#include "tamis/evidence/metrics/auc.h"
#include "tamis/evidence/metrics/curves.h"

namespace tamis::metrics {

MulticlassScores::MulticlassScores(std::size_t classes) : columns_(classes) {
  if (classes < 2) fail_caller("metrics", fmt::format("{} classes; two or more are needed", classes));
}

void MulticlassScores::update(std::size_t truth, std::span<const double> scores, double weight) {
  if (truth >= classes() || scores.size() != classes())
    fail_caller("metrics", fmt::format("class {} with {} scores; a class from 0 to {} and {} scores are needed", truth,
                                       scores.size(), classes() - 1, classes()));
  for (const double score : scores)
    if (!std::isfinite(score)) fail_caller("metrics", fmt::format("a score is {}; a finite number is needed", score));
  if (!(weight >= 0) || !std::isfinite(weight))
    fail_caller("metrics", fmt::format("the weight is {}; a finite number from 0 is needed", weight));
  if (weight == 0) return;
  if (weight != 1 && weights_.empty()) weights_.assign(size(), 1);
  if (weight != 1 || !weights_.empty()) weights_.push_back(weight);
  truth_.push_back(static_cast<std::uint32_t>(truth));
  for (std::size_t c = 0; c < classes(); ++c) columns_[c].push_back(scores[c]);
}

void MulticlassScores::merge(const MulticlassScores& other) {
  if (classes() != other.classes())
    fail_caller("metrics", fmt::format("states of {} and {} classes cannot be merged", classes(), other.classes()));
  const bool weighted = !weights_.empty() || !other.weights_.empty();
  if (weighted) weights_.resize(size(), 1);
  truth_.insert(truth_.end(), other.truth_.begin(), other.truth_.end());
  for (std::size_t c = 0; c < classes(); ++c)
    columns_[c].insert(columns_[c].end(), other.columns_[c].begin(), other.columns_[c].end());
  weights_.insert(weights_.end(), other.weights_.begin(), other.weights_.end());
  if (weighted) weights_.resize(size(), 1);
}

MetricValue MulticlassScores::one_vs_rest(std::size_t c) const {
  if (weights_.empty()) {
    std::vector<std::uint8_t> labels(size());
    for (std::size_t i = 0; i < size(); ++i) labels[i] = truth_[i] == c ? 1 : 0;
    const auto value = auc(std::span<const double>(columns_[c]), std::span<const std::uint8_t>(labels));
    if (value) return {value, {}};
  }
  ScoredRows rows;
  rows.reserve(size());
  for (std::size_t i = 0; i < size(); ++i)
    rows.update(columns_[c][i], truth_[i] == c, weights_.empty() ? 1 : weights_[i]);
  MetricValue value = auc(rows);
  if (!value.value && size() > 0)
    value.why = rows.labels().front() != 0 ? fmt::format("all rows are of class {}", c + 1)
                                           : fmt::format("class {} has no rows", c + 1);
  return value;
}

MetricValue MulticlassScores::one_vs_rest(ClassAverage average) const {
  std::vector<CompensatedSum> weight(classes());
  for (std::size_t i = 0; i < size(); ++i) weight[truth_[i]].add(weights_.empty() ? 1 : weights_[i]);
  CompensatedSum sum;
  CompensatedSum all;
  for (std::size_t c = 0; c < classes(); ++c) {
    MetricValue value = one_vs_rest(c);
    if (!value.value) return value;
    const double counts = average == ClassAverage::weighted ? weight[c].value() : 1;
    sum.add(counts * *value.value);
    all.add(counts);
  }
  return {sum.value() / all.value(), {}};
}

MetricValue MulticlassScores::one_vs_one(ClassAverage average) const {
  if (!weights_.empty()) return undefined("one against one is not defined for weighted rows");
  std::vector<std::vector<std::size_t>> rows(classes());
  for (std::size_t i = 0; i < size(); ++i) rows[truth_[i]].push_back(i);
  for (std::size_t c = 0; c < classes(); ++c)
    if (rows[c].empty())
      return undefined(size() == 0 ? "there are no rows" : fmt::format("class {} has no rows", c + 1));
  CompensatedSum sum;
  CompensatedSum all;
  std::vector<double> scores;
  std::vector<std::uint8_t> labels;
  for (std::size_t a = 0; a < classes(); ++a) {
    for (std::size_t b = a + 1; b < classes(); ++b) {
      double both = 0;
      for (const std::size_t positive : {a, b}) {
        scores.clear();
        labels.clear();
        for (const std::size_t c : {a, b}) {
          for (const std::size_t row : rows[c]) scores.push_back(columns_[positive][row]);
          labels.insert(labels.end(), rows[c].size(), c == positive ? 1 : 0);
        }
        both += *auc(std::span<const double>(scores), std::span<const std::uint8_t>(labels));
      }
      const double counts = average == ClassAverage::weighted ? static_cast<double>(labels.size()) : 1;
      sum.add(counts * both / 2);
      all.add(counts);
    }
  }
  return {sum.value() / all.value(), {}};
}

}  // namespace tamis::metrics
