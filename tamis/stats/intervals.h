#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tamis/stats/tests.h"

namespace tamis::stats {

/// The percentile bootstrap of the mean over units (users): the sorted means of `resamples` resamples with replacement.
/// Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
class Bootstrap {
 public:
  /// `values`: one value per unit, at least 2 (invalid_argument else). Resample r draws from the stream
  /// (seed, "bootstrap", r), so two calls with the same seed and number of units use the same resamples. Parallel.
  Bootstrap(std::span<const double> values, int resamples, std::uint64_t seed);

  double estimate() const { return estimate_; }
  /// The alpha/2 and 1 - alpha/2 quantiles (type 7, interpolated) of the resampled means, alpha in (0, 1).
  Interval interval(double alpha) const;
  /// Two-sided p-value of mean = 0: 2 min(share <= 0, share >= 0), each counted with the sample itself
  /// ((c + 1) / (resamples + 1)), at most 1.
  double p() const;

 private:
  double estimate_ = 0;
  std::vector<double> means_;
};

/// Bootstraps of several rows of values over the same units with the same resamples, for the cost of drawing once.
/// Same result as Bootstrap on each row.
std::vector<Bootstrap> bootstrap_all(std::span<const std::span<const double>> rows, int resamples, std::uint64_t seed);

}  // namespace tamis::stats
