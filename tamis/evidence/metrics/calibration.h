#pragma once

#include <span>
#include <vector>

#include "tamis/evidence/metrics/curves.h"
#include "tamis/evidence/metrics/metric_value.h"

namespace tamis::metrics {

/// The rows whose probability lies in (low, high]; the first bin has its low end too.
struct CalibrationBin {
  double low = 0;
  double high = 1;
  double weight = 0;       ///< sum of weights
  double probability = 0;  ///< weighted mean of the probabilities; 0 in an empty bin
  double positives = 0;    ///< weighted share of positive rows; 0 in an empty bin
};

/// Bins between given edges; a monoid. Equal widths need no more than these sums.
class CalibrationBins {
 public:
  /// `count` bins of equal width on [0, 1]; count >= 1 (invalid_argument else).
  explicit CalibrationBins(std::size_t count);
  /// Bins between ascending inner edges.
  explicit CalibrationBins(std::vector<double> inner_edges);
  /// probability: in [0, 1]; weight: finite, >= 0 (invalid_argument else).
  void update(double probability, bool positive, double weight = 1);
  /// Throws invalid_argument for other edges.
  void merge(const CalibrationBins& other);
  std::vector<CalibrationBin> bins() const;

 private:
  struct Sums {
    CompensatedSum weight, probability, positives;
  };
  std::vector<double> edges_;  ///< inner ones
  std::vector<Sums> sums_;
};

/// Bins of about equal numbers of rows: the edges are the rows' quantiles (numpy's linear ones, rows not weighted), so
/// that equal probabilities share a bin and a bin may be empty. Throws invalid_argument as CalibrationBins.
std::vector<CalibrationBin> equal_mass_bins(const ScoredRows& rows, std::size_t count);

/// Expected calibration error: sum over bins of their share of the weight times |probability - positives|, in [0, 1]
/// (Naeini, Cooper & Hauskrecht 2015); it depends on the bins. Undefined without weight.
MetricValue expected_calibration_error(std::span<const CalibrationBin> bins);

}  // namespace tamis::metrics
