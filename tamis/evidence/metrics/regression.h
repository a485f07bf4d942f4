#pragma once

#include <cstdint>
#include <string_view>

#include "tamis/evidence/metrics/metric_value.h"

namespace tamis::metrics {

/// What MAPE makes of a target 0, whose relative error has no value. `undefined`: there is no MAPE; `leave_out`: the
/// row is left out and counted; `epsilon`: the error is over 2.2e-16, as in scikit-learn, which makes it huge
/// (scikit-learn does so for every target nearer to 0 than that).
enum class ZeroTargets : std::uint8_t { undefined, leave_out, epsilon };

/// "null", "leave-out", "epsilon". Throws invalid_argument listing them.
ZeroTargets parse_zero_targets(std::string_view text);

/// Errors of predicted numbers; a monoid of a few sums. Each metric is a weighted mean over rows and undefined without
/// weight. Not thread-safe.
class Regression {
 public:
  /// truth, predicted: finite; weight: finite, >= 0 (invalid_argument else).
  void update(double truth, double predicted, double weight = 1);
  void merge(const Regression& other);

  std::uint64_t rows() const { return rows_; }
  std::uint64_t zero_targets() const { return zero_targets_; }
  MetricValue rmse() const;  ///< root of the mean of (y - f)²
  MetricValue mae() const;   ///< mean of |y - f|
  /// Mean of |y - f| / |y|, as a share: 0.1 is 10 %.
  MetricValue mape(ZeroTargets zero_targets) const;
  /// 1 - sum (y - f)² / sum (y - mean y)²; at most 1, negative where the mean would do better. Undefined where all
  /// targets are equal (scikit-learn: 1 if the errors are 0 too, else 0) and for one row.
  MetricValue r2() const;
  /// Mean of q (y - f) where y >= f, (1 - q) (f - y) elsewhere: the pinball loss (Koenker & Bassett 1978),
  /// least in expectation at the quantile q of y. Any q in (0, 1) of one state (invalid_argument else).
  MetricValue quantile_loss(double q) const;

 private:
  MetricValue mean(double sum) const;
  std::uint64_t rows_ = 0;
  std::uint64_t zero_targets_ = 0;
  CompensatedSum weight_, squares_, above_, below_, relative_, zero_weight_, zero_error_;
  // Weighted mean of the targets and their squared deviations from it (Chan, Golub & LeVeque 1979).
  double target_weight_ = 0;
  double target_mean_ = 0;
  double target_m2_ = 0;
  double lowest_ = 0, highest_ = 0;  ///< of the targets with weight
};

}  // namespace tamis::metrics
