#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tamis/vectors/cluster/kmeans.h"

namespace tamis::cluster {

/// What one pass over all rows gives. `sums` are of the Euclidean case alone.
struct Assignment {
  std::vector<std::int32_t> nearest;  ///< [n]
  std::vector<double> distances;      ///< [n], to the nearest; in f64
  std::vector<double> sums;           ///< [k, C], of each centre's rows
  std::vector<std::int64_t> sizes;    ///< [k]
  double inertia = 0;
};

/// Finds each row's nearest centre by tiles of products, which f32 rounds: of centres that lie as near to within
/// rounding either may be taken. Fixed pieces of the rows, summed in their order.
void assign_rows(std::span<const float> rows, std::size_t C, std::span<const float> centres, Distance distance,
                 Assignment& out);

/// |a - b|^2 or |a - b|_1 of two rows, in f64.
double distance_of(const float* a, const float* b, std::size_t C, Distance distance);

}  // namespace tamis::cluster
