#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tamis/vectors/cluster/kmeans.h"

namespace tamis::cluster {

inline constexpr std::size_t kSilhouetteRows = 10'000;  ///< beyond, a sample of so many is compared with itself

/// Mean silhouette of rows [n, C] in k clusters: (b - a) / max(a, b), a a row's mean Euclidean distance to the others
/// of its cluster, b the least mean distance to those of another; 0 for a row alone in its cluster. In [-1, 1], better
/// when larger. Of more rows than kSilhouetteRows a sample drawn from the seed, with the standard error of its mean.
/// Source: Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis" (1987),
/// equation 1. Throws invalid_argument for fewer than two clusters with rows.
struct Silhouette {
  double mean = 0;
  double standard_error = 0;  ///< 0: of all rows
};
Silhouette silhouette(std::span<const float> rows, std::int64_t dimensions, std::span<const std::int32_t> assigned,
                      std::uint64_t seed = 0);

/// k-means with one number of clusters.
struct Tried {
  std::int64_t clusters = 0;
  double inertia = 0;
  Silhouette silhouette;
  int iterations = 0;
  bool converged = false;
};
/// Every number of clusters in `counts` (2 or more, ascending), all else as `options` says; `progress` is told of each.
/// Throws what kmeans() and silhouette() throw.
std::vector<Tried> try_clusters(std::span<const float> rows, std::int64_t dimensions,
                                std::span<const std::int64_t> counts, const KMeansOptions& options,
                                const std::function<void()>& progress = {});
/// The place in `tried` of the elbow: the point farthest below the straight line from the first inertia to the last,
/// both axes scaled to 0 .. 1 (Satopää et al., "Finding a 'Kneedle' in a Haystack", 2011, with no smoothing). 0 for
/// fewer than three.
std::size_t elbow(std::span<const Tried> tried);

/// One page that opens offline: inertia and silhouette by the number of clusters.
std::string choice_page(std::span<const Tried> tried, const std::string& title);

}  // namespace tamis::cluster
