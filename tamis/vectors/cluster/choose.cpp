#include "tamis/vectors/cluster/choose.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/engine/tensor/matmul.h"

namespace tamis::cluster {

namespace {

using engine::Tensor;

constexpr std::size_t kTile = 512;

/// Rows that are looked at, and their clusters.
struct Sample {
  std::vector<float> rows;
  std::vector<std::int32_t> assigned;
  std::vector<double> squares;
};

Sample sample_of(std::span<const float> rows, std::size_t C, std::span<const std::int32_t> assigned,
                 std::uint64_t seed) {
  std::vector<std::size_t> order(assigned.size());
  std::iota(order.begin(), order.end(), 0);
  if (order.size() > kSilhouetteRows) {
    Stream stream(seed, "silhouette");
    for (std::size_t i = 0; i < kSilhouetteRows; ++i) std::swap(order[i], order[i + stream.below(order.size() - i)]);
    order.resize(kSilhouetteRows);
    std::sort(order.begin(), order.end());
  }
  Sample sample;
  for (const std::size_t i : order) {
    const float* row = rows.data() + i * C;
    sample.rows.insert(sample.rows.end(), row, row + C);
    sample.assigned.push_back(assigned[i]);
    double square = 0;
    for (std::size_t c = 0; c < C; ++c) square += static_cast<double>(row[c]) * row[c];
    sample.squares.push_back(square);
  }
  return sample;
}

/// The silhouette of one row from its sums of distances to each cluster.
double silhouette_of(std::span<const double> sums, std::span<const double> sizes, std::size_t own) {
  if (sizes[own] < 2) return 0;
  const double a = sums[own] / (sizes[own] - 1);
  double b = INFINITY;
  for (std::size_t j = 0; j < sums.size(); ++j) {
    if (j != own && sizes[j] > 0) b = std::min(b, sums[j] / sizes[j]);
  }
  return std::max(a, b) > 0 ? (b - a) / std::max(a, b) : 0;
}

}  // namespace

Silhouette silhouette(std::span<const float> rows, std::int64_t dimensions, std::span<const std::int32_t> assigned,
                      std::uint64_t seed) {
  const auto C = static_cast<std::size_t>(dimensions);
  const Sample sample = sample_of(rows, C, assigned, seed);
  const std::size_t n = sample.assigned.size();
  const std::int32_t last = n > 0 ? *std::max_element(sample.assigned.begin(), sample.assigned.end()) : 0;
  std::vector<double> sizes(static_cast<std::size_t>(last) + 1);
  for (const std::int32_t own : sample.assigned) ++sizes[static_cast<std::size_t>(own)];
  if (std::count_if(sizes.begin(), sizes.end(), [](double size) { return size > 0; }) < 2)
    fail_caller("silhouette", "needs two clusters with rows, or more");
  const auto tile = [&](std::size_t begin) {
    const std::size_t count = std::min(kTile, n - begin);
    return Tensor::from(std::span<const float>(sample.rows).subspan(begin * C, count * C),
                        {static_cast<std::int64_t>(count), dimensions});
  };
  std::vector<double> values(n);
  parallel_for((n + kTile - 1) / kTile, [&](std::size_t t) {
    const std::size_t first = t * kTile, count = std::min(kTile, n - first);
    const Tensor a = tile(first);
    std::vector<double> sums(count * sizes.size());
    for (std::size_t begin = 0; begin < n; begin += kTile) {
      const Tensor products = engine::matmul(a, tile(begin), false, true).packed();
      const auto wide = static_cast<std::size_t>(products.size(1));
      for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = 0; j < wide; ++j) {
          if (first + i == begin + j) continue;
          const double square = sample.squares[first + i] + sample.squares[begin + j] -
                                2.0 * static_cast<double>(products.data<float>()[i * wide + j]);
          sums[i * sizes.size() + static_cast<std::size_t>(sample.assigned[begin + j])] +=
              std::sqrt(std::max(0.0, square));
        }
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      values[first + i] = silhouette_of(std::span(sums).subspan(i * sizes.size(), sizes.size()), sizes,
                                        static_cast<std::size_t>(sample.assigned[first + i]));
    }
  });
  Silhouette made;
  double squares = 0;
  for (const double value : values) {
    made.mean += value / static_cast<double>(n);
    squares += value * value / static_cast<double>(n);
  }
  if (n < assigned.size())
    made.standard_error = std::sqrt(std::max(0.0, squares - made.mean * made.mean) / static_cast<double>(n));
  return made;
}

std::vector<Tried> try_clusters(std::span<const float> rows, std::int64_t dimensions,
                                std::span<const std::int64_t> counts, const KMeansOptions& options,
                                const std::function<void()>& progress) {
  std::vector<Tried> tried;
  for (const std::int64_t count : counts) {
    KMeansOptions own = options;
    own.clusters = count;
    const Clusters made = kmeans(rows, dimensions, own);
    tried.push_back({count, made.inertia, silhouette(rows, dimensions, made.assigned, options.seed), made.iterations,
                     made.converged});
    if (progress) progress();
  }
  return tried;
}

std::size_t elbow(std::span<const Tried> tried) {
  if (tried.size() < 3) return 0;
  const double wide = static_cast<double>(tried.back().clusters - tried.front().clusters);
  const double high = tried.front().inertia - tried.back().inertia;
  std::size_t best = 0;
  double farthest = 0;
  for (std::size_t i = 0; i < tried.size() && high > 0; ++i) {
    const double x = static_cast<double>(tried[i].clusters - tried.front().clusters) / wide;
    const double y = (tried[i].inertia - tried.back().inertia) / high;
    if (1 - x - y > farthest) {
      farthest = 1 - x - y;
      best = i;
    }
  }
  return best;
}

}  // namespace tamis::cluster
