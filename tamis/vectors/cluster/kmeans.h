#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace tamis::cluster {

/// What a row's distance to a centre is, and with it what a centre is: Euclidean (squared; centres are means) or
/// Manhattan (centres are medians, component by component, of an even number the lower one).
enum class Distance : std::uint8_t { euclidean, manhattan };
/// k-means++ (Arthur and Vassilvitskii, "k-means++: The Advantages of Careful Seeding", 2007, section 2.2; of
/// 2 + floor(ln k) draws the one that lowers the sum most), or k different rows at random.
enum class Start : std::uint8_t { plus_plus, random };

struct KMeansOptions {
  std::int64_t clusters = 8;
  Start start = Start::plus_plus;
  Distance distance = Distance::euclidean;
  int iterations = 100;  ///< at most
  int starts = 1;        ///< runs from other starts; the one of least inertia is kept, of equals the first
  double shift = 0;      ///< stop where no centre has moved farther (Euclidean distance); 0: where no row has changed
  std::uint64_t seed = 0;
};

struct Clusters {
  std::vector<float> centres;          ///< [k, C]
  std::vector<std::int32_t> assigned;  ///< [n], the nearest centre, of equals the first
  std::vector<std::int64_t> sizes;     ///< [k]
  double inertia = 0;                  ///< sum of distances (squared, if Euclidean) to the nearest centre, in f64
  int iterations = 0;                  ///< updates of the centres
  std::int64_t reseeded = 0;           ///< centres that lost all rows and were set on the row farthest from its own
  bool converged = false;
};

/// Lloyd's algorithm ("Least squares quantization in PCM", 1982) on rows [n, C]. The same bits at any number of
/// threads. Throws invalid_argument for fewer rows than clusters, clusters or a number of runs below 1, a negative
/// shift; runtime_error, by its row, for a component that is not finite, and where there are fewer different rows than
/// clusters. `progress`, if given, is told of every iteration.
Clusters kmeans(std::span<const float> rows, std::int64_t dimensions, const KMeansOptions& options,
                const std::function<void()>& progress = {});

/// The same from given centres [k, C]; one run.
Clusters kmeans_from(std::span<const float> rows, std::int64_t dimensions, std::vector<float> centres,
                     const KMeansOptions& options, const std::function<void()>& progress = {});

}  // namespace tamis::cluster
