#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "tamis/base/random.h"

namespace tamis::reference {

/// The sorted means of resamples, one unit drawn after the other.
inline std::vector<double> bootstrap_means(const std::vector<double>& values, int resamples, std::uint64_t seed) {
  std::vector<double> means;
  for (int r = 0; r < resamples; ++r) {
    Stream stream(seed, "bootstrap", static_cast<std::uint64_t>(r));
    double total = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double place = static_cast<double>(stream.next32()) / 4294967296.0 * static_cast<double>(values.size());
      total += values[static_cast<std::size_t>(place)];
    }
    means.push_back(total / static_cast<double>(values.size()));
  }
  std::sort(means.begin(), means.end());
  return means;
}

/// Quantile of sorted numbers, type 7 of Hyndman & Fan (1996): linear between the order statistics at (n - 1) q.
inline double quantile(const std::vector<double>& sorted, double q) {
  const double place = q * static_cast<double>(sorted.size() - 1);
  const double low = sorted[static_cast<std::size_t>(std::floor(place))];
  const double high = sorted[static_cast<std::size_t>(std::ceil(place))];
  return low + (place - std::floor(place)) * (high - low);
}

}  // namespace tamis::reference
