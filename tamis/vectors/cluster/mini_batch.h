#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "tamis/vectors/cluster/kmeans.h"

namespace tamis::cluster {

/// k-means of rows that come in a stream, in memory that does not grow: each centre is the mean of all rows it was
/// nearest to when they came; where it started is forgotten with its first row. Euclidean. Source: Sculley, "Web-Scale
/// K-Means Clustering" (WWW 2010), algorithm 1, whose steps with rate 1 / count make that mean. Not thread-safe; the
/// same bits at any number of threads.
class MiniBatch {
 public:
  /// centres [k, C]. Throws invalid_argument for none, or a width that does not fit.
  MiniBatch(std::span<const float> centres, std::int64_t dimensions);

  /// rows [n, C], n of any size: nearest centres are found first, then these move. Returns the sum of squared distances
  /// to the centres as they were. Throws invalid_argument for a width that does not fit; runtime_error, by its row, for
  /// a component that is not finite, and then no centre has moved.
  double update(std::span<const float> rows);

  std::vector<float> centres() const { return {centres_.begin(), centres_.end()}; }  ///< [k, C]
  const std::vector<std::int64_t>& counts() const { return counts_; }                ///< [k], rows taken
  /// Sets a centre on a row, as if that were all it ever had.
  void restart(std::size_t centre, std::span<const float> row);

 private:
  std::size_t C_;
  std::vector<double> centres_;
  std::vector<std::int64_t> counts_;
};

/// The same over rows that lie in memory: `options.iterations` passes at most, each in an order drawn from the seed, in
/// batches of `batch` rows. A centre without a row in a pass is set on a row of the last batch and counted as reseeded.
/// Stops after a pass that moved no centre farther than `options.shift`, if that is above 0. Starts from 3 k rows or
/// one batch, whichever is more. Throws what kmeans() throws, and invalid_argument for batch < 1 or Manhattan distance.
Clusters mini_batch_kmeans(std::span<const float> rows, std::int64_t dimensions, const KMeansOptions& options,
                           std::int64_t batch, const std::function<void()>& progress = {});

}  // namespace tamis::cluster
