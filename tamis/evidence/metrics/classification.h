#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tamis/evidence/metrics/metric_value.h"

namespace tamis::metrics {

/// What a ratio with the denominator 0 is: undefined (in a mean over classes: that class is left out), 0, or 1. They
/// are scikit-learn's zero_division nan, 0 and 1; its default says 0 and warns.
enum class ZeroDivision : std::uint8_t { undefined, zero, one };

/// "null", "0", "1". Throws invalid_argument listing them.
ZeroDivision parse_zero_division(std::string_view text);
std::string_view text(ZeroDivision zero_division);

/// The four sums of one class against the rest, in weights of rows.
struct ConfusionCounts {
  double true_positive = 0;
  double false_positive = 0;
  double false_negative = 0;
  double true_negative = 0;
};

/// Weights of rows by true and by predicted class; a monoid (update, merge), exact for weights of 1. Not thread-safe.
class Confusion {
 public:
  /// classes: K >= 2 (invalid_argument else).
  explicit Confusion(std::size_t classes);
  /// truth, predicted: 0 .. K - 1; weight: finite, >= 0 (invalid_argument else).
  void update(std::size_t truth, std::size_t predicted, double weight = 1);
  /// Throws invalid_argument for another number of classes.
  void merge(const Confusion& other);

  std::size_t classes() const { return classes_; }
  std::uint64_t rows() const { return rows_; }
  /// The weight of rows of class `truth` that were predicted `predicted`.
  double at(std::size_t truth, std::size_t predicted) const { return cells_[truth * classes_ + predicted].value(); }
  /// Class c against the rest. Of two classes, c = 1 is the usual table of positives.
  ConfusionCounts counts(std::size_t c) const;

 private:
  std::size_t classes_;
  std::uint64_t rows_ = 0;
  std::vector<CompensatedSum> cells_;  ///< [K, K], a row a true class
};

// Of one class. All in [0, 1].

/// TP / (TP + FP). 0 / 0: nothing was predicted positive.
MetricValue precision(const ConfusionCounts& counts, ZeroDivision zero_division);
/// TP / (TP + FN): sensitivity. 0 / 0: no row is positive.
MetricValue recall(const ConfusionCounts& counts, ZeroDivision zero_division);
/// TN / (TN + FP): recall of the negatives. 0 / 0: no row is negative.
MetricValue specificity(const ConfusionCounts& counts, ZeroDivision zero_division);
/// (1 + β²) TP / ((1 + β²) TP + FP + β² FN), van Rijsbergen (1979); β = 1 is F1, 0 is precision, infinite is
/// recall. 0 / 0: no row is positive and none was predicted so; else 0 where TP is. Throws invalid_argument for β < 0.
MetricValue f_beta(const ConfusionCounts& counts, double beta, ZeroDivision zero_division);

// Of all classes.

/// How classes become one figure. `micro`: the counts of all classes are added first, which for rows of one class each
/// makes precision, recall and F the accuracy; `macro`: the mean over all K classes; `weighted`: by the weight of true
/// rows. scikit-learn averages over the classes that occur unless it is given `labels`: give it all K.
enum class Average : std::uint8_t { micro, macro, weighted };

MetricValue precision(const Confusion& confusion, Average average, ZeroDivision zero_division);
MetricValue recall(const Confusion& confusion, Average average, ZeroDivision zero_division);
MetricValue f_beta(const Confusion& confusion, Average average, double beta, ZeroDivision zero_division);

/// Share of weight on the diagonal. Undefined without rows.
MetricValue accuracy(const Confusion& confusion);
/// Mean recall over the classes that have rows (Brodersen et al. 2010; as scikit-learn, not adjusted for chance).
MetricValue balanced_accuracy(const Confusion& confusion);
/// Matthews correlation of truth and prediction, in [-1, 1]; of K classes Gorodkin's R_K (2004). 0 / 0: all
/// rows are of one class, or all are predicted as one; scikit-learn says 0.
MetricValue matthews(const Confusion& confusion, ZeroDivision zero_division);

}  // namespace tamis::metrics
