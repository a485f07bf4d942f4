#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tamis::stats {

/// What a paired test takes as independent: differences by themselves, or summed over whole clusters (a user's queries,
/// a day's). The mean is the sum of totals over the sum of sizes.
struct Clusters {
  std::vector<double> total;
  std::vector<double> size;  ///< differences in each; empty: 1 in each
  double mean() const;
  double sizes() const;  ///< sum of the sizes
};

/// Each difference by itself.
Clusters separate(std::span<const double> differences);

/// Differences summed by cluster; cluster[i] is a number from 0, those without a difference are left out. Throws
/// invalid_argument for unequal lengths.
Clusters by_cluster(std::span<const double> differences, std::span<const std::uint32_t> cluster);

}  // namespace tamis::stats
