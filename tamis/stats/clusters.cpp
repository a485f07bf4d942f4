#include "tamis/stats/clusters.h"

#include <fmt/format.h>

#include <numeric>

#include "tamis/base/error.h"

namespace tamis::stats {

double Clusters::sizes() const {
  return size.empty() ? static_cast<double>(total.size()) : std::accumulate(size.begin(), size.end(), 0.0);
}

double Clusters::mean() const {
  return std::accumulate(total.begin(), total.end(), 0.0) / sizes();
}

Clusters separate(std::span<const double> differences) {
  return {{differences.begin(), differences.end()}, {}};
}

Clusters by_cluster(std::span<const double> differences, std::span<const std::uint32_t> cluster) {
  if (differences.size() != cluster.size())
    fail_caller("clusters",
                fmt::format("{} differences, of which {} have a cluster", differences.size(), cluster.size()));
  Clusters all;
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    if (cluster[i] >= all.total.size()) {
      all.total.resize(std::size_t{cluster[i]} + 1);
      all.size.resize(std::size_t{cluster[i]} + 1);
    }
    all.total[cluster[i]] += differences[i];
    ++all.size[cluster[i]];
  }
  Clusters clusters;
  for (std::size_t c = 0; c < all.total.size(); ++c) {
    if (all.size[c] == 0) continue;
    clusters.total.push_back(all.total[c]);
    clusters.size.push_back(all.size[c]);
  }
  return clusters;
}

}  // namespace tamis::stats
