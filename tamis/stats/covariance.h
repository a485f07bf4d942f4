#pragma once

#include <cstdint>

#include "tamis/stats/summary.h"

namespace tamis::stats {

/// Count, means, sums of squared deviations and of products of deviations of pairs (x, y); a monoid (update, merge).
/// Pébay 2008, "Formulas for Robust, One-Pass Parallel Computation of Covariances and Arbitrary-Order
/// Statistical Moments".
struct Covariance {
  std::uint64_t count = 0;
  double mean_x = 0, mean_y = 0;
  double m2_x = 0, m2_y = 0;
  double products = 0;

  void update(double x, double y);
  void merge(const Covariance& other);
  /// Unbiased; 0 for fewer than two pairs.
  double covariance() const;
  Summary x() const { return {count, mean_x, m2_x}; }
  Summary y() const { return {count, mean_y, m2_y}; }
};

}  // namespace tamis::stats
