#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tamis/evidence/metrics/metric_value.h"

namespace tamis::metrics {

/// How values of classes, or of pairs of classes, become one: their mean, or weighted by their rows.
enum class ClassAverage : std::uint8_t { macro, weighted };

/// Rows with a score per class, kept whole: 8 K + 4 bytes a row, 8 more from the first weight other than 1 on. Rows of
/// weight 0 are not kept.
class MulticlassScores {
 public:
  /// classes: K >= 2 (invalid_argument else).
  explicit MulticlassScores(std::size_t classes);
  /// truth: 0 .. K - 1; scores: K finite numbers; weight: finite, >= 0 (invalid_argument else).
  void update(std::size_t truth, std::span<const double> scores, double weight = 1);
  /// Throws invalid_argument for another number of classes.
  void merge(const MulticlassScores& other);

  std::size_t classes() const { return columns_.size(); }
  std::size_t size() const { return truth_.size(); }
  /// AUC of class c's scores, its rows against all others. Undefined where a side has no rows.
  MetricValue one_vs_rest(std::size_t c) const;
  /// Mean of these AUCs over all classes; `weighted`: by the weight of each class's rows (Provost & Domingos 2000).
  /// Undefined where one of them is: the reason names its class by number from 1.
  MetricValue one_vs_rest(ClassAverage average) const;
  /// Mean over pairs of classes {i, j} of (A(i|j) + A(j|i)) / 2, where A(i|j) is the AUC of i's scores on the rows of
  /// these two alone: Hand & Till (2001), equation 7; `weighted`: by the rows of the pair, as in scikit-learn.
  /// Undefined where a class has no rows, and for weighted rows, for which scikit-learn has none either.
  MetricValue one_vs_one(ClassAverage average) const;

 private:
  std::vector<std::vector<double>> columns_;  ///< [K][rows]
  std::vector<std::uint32_t> truth_;
  std::vector<double> weights_;
};

}  // namespace tamis::metrics
