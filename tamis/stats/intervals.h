#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "tamis/base/random.h"
#include "tamis/stats/tests.h"

namespace tamis::stats {

/// The percentile bootstrap of the mean over units (users): the sorted means of `resamples` resamples with replacement.
/// Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
class Bootstrap {
 public:
  /// `values`: one finite value per unit, at least 2; resamples >= 1 (invalid_argument else). Resample r draws from the
  /// stream (seed, "bootstrap", r), so two calls with the same seed and number of units use the same resamples. Each
  /// draw scales a 32-bit word to 0 .. units - 1: no unit's chance is off by more than units / 2^32 of itself.
  /// Parallel; the same bits at any number of threads.
  Bootstrap(std::span<const double> values, int resamples, std::uint64_t seed);

  double estimate() const { return estimate_; }
  /// The alpha/2 and 1 - alpha/2 quantiles (type 7, interpolated) of the resampled means. Throws invalid_argument
  /// unless alpha is in (0, 1).
  Interval interval(double alpha) const;
  /// Two-sided p-value of mean = 0: 2 min(share <= 0, share >= 0), each counted with the sample itself
  /// ((c + 1) / (resamples + 1)), at most 1.
  double p() const;

 private:
  friend std::vector<Bootstrap> bootstrap_all(std::span<const std::span<const double>>, int, std::uint64_t);
  Bootstrap(double estimate, std::vector<double> means) : estimate_(estimate), means_(std::move(means)) {}

  double estimate_ = 0;
  std::vector<double> means_;
};

/// Bootstraps of several rows of values over the same units with the same resamples, for the cost of drawing once.
/// Same bits as Bootstrap on each row. Holds a copy of the rows while it runs (8 bytes a value). Throws
/// invalid_argument as Bootstrap does, and if rows differ in length.
std::vector<Bootstrap> bootstrap_all(std::span<const std::span<const double>> rows, int resamples, std::uint64_t seed);

/// Draws with replacement from 0 .. drawn.size() - 1, as Bootstrap does.
void draw_with_replacement(Stream& stream, std::span<std::uint32_t> drawn);
/// The alpha/2 and 1 - alpha/2 quantiles (type 7, interpolated) of values in ascending order, at least one. Throws
/// invalid_argument unless alpha is in (0, 1).
Interval percentile_interval(std::span<const double> sorted, double alpha);

}  // namespace tamis::stats
