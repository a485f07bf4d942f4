#include "tamis/vectors/cluster/mini_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tamis/base/error.h"
#include "tamis/base/random.h"
#include "tamis/vectors/cluster/assign.h"

namespace tamis::cluster {

namespace {

std::vector<std::size_t> shuffled(std::size_t n, Stream stream) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = 0; i + 1 < n; ++i) std::swap(order[i], order[i + stream.below(n - i)]);
  return order;
}

std::vector<float> gathered(std::span<const float> rows, std::size_t C, std::span<const std::size_t> places) {
  std::vector<float> some;
  some.reserve(places.size() * C);
  for (const std::size_t i : places) some.insert(some.end(), rows.data() + i * C, rows.data() + (i + 1) * C);
  return some;
}

/// Centres that no row came to since `before` are set on rows of the batch, the farthest from its centre first.
std::int64_t restart_unused(MiniBatch& made, std::span<const std::int64_t> before, std::span<const float> batch,
                            std::size_t C) {
  std::vector<std::size_t> unused;
  for (std::size_t j = 0; j < before.size(); ++j) {
    if (made.counts()[j] == before[j]) unused.push_back(j);
  }
  if (unused.empty()) return 0;
  const std::vector<float> centres = made.centres();
  Assignment found;
  Assigner(batch, C, Distance::euclidean).assign(centres, found);
  const std::vector<double> far = distances_to(batch, C, centres, found.nearest, Distance::euclidean).each;
  std::vector<std::size_t> order(far.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return far[a] > far[b]; });
  const std::size_t count = std::min(unused.size(), order.size());
  for (std::size_t e = 0; e < count; ++e) made.restart(unused[e], batch.subspan(order[e] * C, C));
  return static_cast<std::int64_t>(count);
}

double farthest_move(const std::vector<float>& before, const std::vector<float>& after, std::size_t C) {
  double most = 0;
  for (std::size_t j = 0; j < before.size(); j += C)
    most = std::max(most, distance_of(before.data() + j, after.data() + j, C, Distance::euclidean));
  return std::sqrt(most);
}

}  // namespace

MiniBatch::MiniBatch(std::span<const float> centres, std::int64_t dimensions)
    : C_(static_cast<std::size_t>(std::max<std::int64_t>(dimensions, 1))),
      centres_(centres.begin(), centres.end()),
      counts_(centres.size() / C_) {
  if (dimensions < 1 || centres.empty() || centres.size() % C_ != 0)
    fail_caller("mini-batch", fmt::format("{} numbers are no centres of {} dimensions", centres.size(), dimensions));
}

double MiniBatch::update(std::span<const float> rows) {
  if (rows.size() % C_ != 0)
    fail_caller("mini-batch", fmt::format("{} numbers are no rows of {} dimensions", rows.size(), C_));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!std::isfinite(rows[i])) fail_world(fmt::format("row {}", i / C_), "has a component that is not finite");
  }
  if (rows.empty()) return 0;
  const std::vector<float> before = centres();
  Assignment found;
  Assigner(rows, C_, Distance::euclidean).assign(before, found);
  for (std::size_t j = 0; j < counts_.size(); ++j) {
    if (found.sizes[j] == 0) continue;
    const auto had = static_cast<double>(counts_[j]);
    counts_[j] += found.sizes[j];
    for (std::size_t c = j * C_; c < (j + 1) * C_; ++c)
      centres_[c] = (had * centres_[c] + found.sums[c]) / static_cast<double>(counts_[j]);
  }
  return distances_to(rows, C_, before, found.nearest, Distance::euclidean).sum;
}

void MiniBatch::restart(std::size_t centre, std::span<const float> row) {
  std::copy(row.begin(), row.end(), centres_.begin() + static_cast<std::ptrdiff_t>(centre * C_));
  counts_[centre] = 1;
}

Clusters mini_batch_kmeans(std::span<const float> rows, std::int64_t dimensions, const KMeansOptions& options,
                           std::int64_t batch, const std::function<void()>& progress) {
  if (batch < 1) fail_caller("kmeans", fmt::format("batches of {} rows: 1 or more are needed", batch));
  if (options.distance != Distance::euclidean)
    fail_caller("kmeans", "mini-batches are of Euclidean distance; Manhattan's medians need all rows at once");
  const auto C = static_cast<std::size_t>(dimensions);
  const std::size_t n = rows.size() / C, size = std::min(n, static_cast<std::size_t>(batch));
  check_kmeans(rows, dimensions, options);
  Clusters best;
  for (int start = 0; start < options.starts; ++start) {
    const auto run = static_cast<std::uint64_t>(start);
    const std::size_t first = std::min(n, std::max(size, static_cast<std::size_t>(3 * options.clusters)));
    const std::vector<std::size_t> sample = shuffled(n, Stream(options.seed, "mini-batch.first", run));
    const std::vector<float> begin = gathered(rows, C, std::span(sample).first(first));
    MiniBatch made(first_centres(begin, dimensions, options, start), dimensions);
    Clusters clusters;
    while (clusters.iterations < options.iterations && !clusters.converged) {
      const std::vector<float> before = made.centres();
      const std::vector<std::int64_t> counts = made.counts();
      const std::string purpose = fmt::format("mini-batch.pass.{}", clusters.iterations);
      const std::vector<std::size_t> order = shuffled(n, Stream(options.seed, purpose, run));
      std::vector<float> rows_now;
      for (std::size_t at = 0; at < n; at += size) {
        rows_now = gathered(rows, C, std::span(order).subspan(at, std::min(size, n - at)));
        made.update(rows_now);
      }
      const std::int64_t restarted = restart_unused(made, counts, rows_now, C);
      clusters.reseeded += restarted;
      ++clusters.iterations;
      clusters.converged =
          options.shift > 0 && restarted == 0 && farthest_move(before, made.centres(), C) <= options.shift;
      if (progress) progress();
    }
    clusters.centres = made.centres();
    Assignment found;
    Assigner(rows, C, Distance::euclidean).assign(clusters.centres, found);
    clusters.inertia = distances_to(rows, C, clusters.centres, found.nearest, Distance::euclidean).sum;
    clusters.assigned = std::move(found.nearest);
    clusters.sizes = std::move(found.sizes);
    if (start == 0 || clusters.inertia < best.inertia) best = std::move(clusters);
  }
  return best;
}

}  // namespace tamis::cluster
