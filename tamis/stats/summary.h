#pragma once

#include <cstdint>
#include <span>

namespace tamis::stats {

/// Count, mean and sum of squared deviations of numbers; a monoid (update, merge). Welford 1962; Chan et al. 1979.
struct Summary {
  std::uint64_t count = 0;
  double mean = 0;
  double m2 = 0;

  void update(double x);
  void merge(const Summary& other);
  /// Unbiased variance; 0 for fewer than two numbers.
  double variance() const;
  /// sqrt(variance / count); 0 for fewer than two numbers.
  double standard_error() const;
};

Summary summarize(std::span<const double> values);

}  // namespace tamis::stats
