#include "tamis/vectors/cluster/kmeans.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/vectors/cluster/assign.h"

namespace tamis::cluster {

namespace {

const float* row(std::span<const float> rows, std::size_t C, std::size_t i) {
  return rows.data() + i * C;
}

/// Distances of all rows to row `centre`, where smaller than `least`.
void shrink(std::span<const float> rows, std::size_t C, std::size_t centre, Distance distance,
            std::span<const double> least, std::span<double> out) {
  constexpr std::size_t kPiece = 4096;
  parallel_for((least.size() + kPiece - 1) / kPiece, [&](std::size_t p) {
    for (std::size_t i = p * kPiece; i < std::min(least.size(), (p + 1) * kPiece); ++i) {
      out[i] = std::min(least[i], distance_of(row(rows, C, i), row(rows, C, centre), C, distance));
    }
  });
}

/// A row drawn with probability in proportion to its weight; weights must not all be 0.
std::size_t drawn(std::span<const double> weights, double total, Stream& stream) {
  double left = stream.uniform() * total;
  std::size_t last = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] <= 0) continue;
    last = i;
    left -= weights[i];
    if (left < 0) return i;
  }
  return last;
}

std::vector<std::size_t> plus_plus(std::span<const float> rows, std::size_t C, const KMeansOptions& options,
                                   Stream& stream) {
  const std::size_t n = rows.size() / C;
  const int draws = 2 + static_cast<int>(std::log(static_cast<double>(options.clusters)));
  std::vector<std::size_t> chosen{stream.below(n)};
  std::vector<double> least(n, INFINITY), trial(n), best(n);
  shrink(rows, C, chosen[0], options.distance, least, best);
  least = best;
  while (static_cast<std::int64_t>(chosen.size()) < options.clusters) {
    const double total = std::accumulate(least.begin(), least.end(), 0.0);
    if (!(total > 0)) {
      fail_world("kmeans", fmt::format("there are only {} different rows, and {} clusters are asked for", chosen.size(),
                                       options.clusters));
    }
    double lowest = INFINITY;
    std::size_t taken = 0;
    for (int draw = 0; draw < draws; ++draw) {
      const std::size_t candidate = drawn(least, total, stream);
      shrink(rows, C, candidate, options.distance, least, trial);
      const double sum = std::accumulate(trial.begin(), trial.end(), 0.0);
      if (sum < lowest) {
        lowest = sum;
        taken = candidate;
        best.swap(trial);
      }
    }
    chosen.push_back(taken);
    least.swap(best);
  }
  return chosen;
}

/// k different rows, each as likely as any.
std::vector<std::size_t> at_random(std::span<const float> rows, std::size_t C, const KMeansOptions& options,
                                   Stream& stream) {
  const std::size_t n = rows.size() / C;
  std::vector<std::size_t> order(n), chosen;
  std::iota(order.begin(), order.end(), 0);
  std::set<std::vector<float>> seen;
  for (std::size_t i = 0; i < n && static_cast<std::int64_t>(chosen.size()) < options.clusters; ++i) {
    std::swap(order[i], order[i + stream.below(n - i)]);
    const float* x = row(rows, C, order[i]);
    if (seen.insert({x, x + C}).second) chosen.push_back(order[i]);
  }
  if (static_cast<std::int64_t>(chosen.size()) < options.clusters) {
    fail_world("kmeans", fmt::format("there are only {} different rows, and {} clusters are asked for", chosen.size(),
                                     options.clusters));
  }
  return chosen;
}

/// Medians of each centre's rows, component by component.
void set_medians(std::span<const float> rows, std::size_t C, const Assignment& found, std::vector<float>& centres) {
  std::vector<std::vector<std::size_t>> members(found.sizes.size());
  for (std::size_t i = 0; i < found.nearest.size(); ++i)
    members[static_cast<std::size_t>(found.nearest[i])].push_back(i);
  parallel_for(members.size(), [&](std::size_t j) {
    if (members[j].empty()) return;
    std::vector<float> values(members[j].size());
    for (std::size_t c = 0; c < C; ++c) {
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = rows[members[j][i] * C + c];
      const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
      std::nth_element(values.begin(), middle, values.end());
      centres[j * C + c] = *middle;
    }
  });
}

/// Gives each centre without rows the row that lies farthest from its own; returns how many there were.
std::int64_t reseed(std::span<const float> rows, std::size_t C, std::span<const float> centres, Distance distance,
                    Assignment& found) {
  std::vector<std::size_t> empty;
  for (std::size_t j = 0; j < found.sizes.size(); ++j) {
    if (found.sizes[j] == 0) empty.push_back(j);
  }
  if (empty.empty()) return 0;
  const std::vector<double> distances = distances_to(rows, C, centres, found.nearest, distance).each;
  std::vector<std::size_t> order(distances.size());
  std::iota(order.begin(), order.end(), 0);
  std::partial_sort(
      order.begin(), order.begin() + static_cast<std::ptrdiff_t>(empty.size()), order.end(),
      [&](std::size_t a, std::size_t b) { return distances[a] != distances[b] ? distances[a] > distances[b] : a < b; });
  for (std::size_t e = 0; e < empty.size(); ++e) {
    const std::size_t to = empty[e], from = static_cast<std::size_t>(found.nearest[order[e]]);
    --found.sizes[from];
    ++found.sizes[to];
    found.nearest[order[e]] = static_cast<std::int32_t>(to);
    if (found.sums.empty()) continue;
    for (std::size_t c = 0; c < C; ++c) {
      const double x = rows[order[e] * C + c];
      found.sums[from * C + c] -= x;
      found.sums[to * C + c] += x;
    }
  }
  return static_cast<std::int64_t>(empty.size());
}

double farthest_move(const std::vector<float>& before, const std::vector<float>& after, std::size_t C) {
  double most = 0;
  for (std::size_t j = 0; j < before.size(); j += C) {
    most = std::max(most, distance_of(before.data() + j, after.data() + j, C, Distance::euclidean));
  }
  return std::sqrt(most);
}

Clusters run(std::span<const float> rows, std::size_t C, std::vector<float> centres, const KMeansOptions& options,
             const std::function<void()>& progress) {
  Clusters made;
  Assignment found;
  Assigner assigner(rows, C, options.distance);
  assigner.assign(centres, found);
  while (made.iterations < options.iterations) {
    const std::vector<float> before = centres;
    const std::int64_t moved = reseed(rows, C, centres, options.distance, found);
    if (moved > 0) assigner.forget();
    for (std::size_t c = 0; c < found.sums.size(); ++c) {
      const std::int64_t size = found.sizes[c / C];
      if (size > 0) centres[c] = static_cast<float>(found.sums[c] / static_cast<double>(size));
    }
    if (options.distance == Distance::manhattan) set_medians(rows, C, found, centres);
    made.reseeded += moved;
    ++made.iterations;
    assigner.assign(centres, found);
    if (progress) progress();
    const bool still = options.shift > 0 && farthest_move(before, centres, C) <= options.shift;
    made.converged = moved == 0 && (still || found.changed == 0);
    if (made.converged) break;
  }
  made.inertia = distances_to(rows, C, centres, found.nearest, options.distance).sum;
  made.centres = std::move(centres);
  made.assigned = std::move(found.nearest);
  made.sizes = std::move(found.sizes);
  return made;
}

}  // namespace

void check_kmeans(std::span<const float> rows, std::int64_t dimensions, const KMeansOptions& options) {
  const auto C = static_cast<std::size_t>(dimensions);
  const auto n = static_cast<std::int64_t>(rows.size() / C);
  if (options.clusters < 1 || options.clusters > n) {
    fail_caller("kmeans", fmt::format("{} clusters of {} rows: must be 1 to {}", options.clusters, n, n));
  }
  if (options.starts < 1 || options.iterations < 1) {
    fail_caller("kmeans", fmt::format("{} starts of {} iterations: 1 or more of each are needed", options.starts,
                                      options.iterations));
  }
  if (!(options.shift >= 0)) fail_caller("kmeans", fmt::format("shift {}: must be 0 or more", options.shift));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!std::isfinite(rows[i])) fail_world(fmt::format("row {}", i / C), "has a component that is not finite");
  }
}

std::vector<float> first_centres(std::span<const float> rows, std::int64_t dimensions, const KMeansOptions& options,
                                 int start) {
  const auto C = static_cast<std::size_t>(dimensions);
  Stream stream(options.seed, "kmeans.start", static_cast<std::uint64_t>(start));
  const std::vector<std::size_t> chosen =
      options.start == Start::random ? at_random(rows, C, options, stream) : plus_plus(rows, C, options, stream);
  std::vector<float> centres;
  for (const std::size_t i : chosen) centres.insert(centres.end(), row(rows, C, i), row(rows, C, i) + C);
  return centres;
}

Clusters kmeans(std::span<const float> rows, std::int64_t dimensions, const KMeansOptions& options,
                const std::function<void()>& progress) {
  const auto C = static_cast<std::size_t>(dimensions);
  check_kmeans(rows, dimensions, options);
  Clusters best;
  for (int start = 0; start < options.starts; ++start) {
    std::vector<float> centres = first_centres(rows, dimensions, options, start);
    Clusters made = run(rows, C, std::move(centres), options, progress);
    if (start == 0 || made.inertia < best.inertia) best = std::move(made);
  }
  return best;
}

Clusters kmeans_from(std::span<const float> rows, std::int64_t dimensions, std::vector<float> centres,
                     const KMeansOptions& options, const std::function<void()>& progress) {
  const auto C = static_cast<std::size_t>(dimensions);
  KMeansOptions own = options;
  own.clusters = static_cast<std::int64_t>(centres.size() / C);
  check_kmeans(rows, dimensions, own);
  return run(rows, C, std::move(centres), own, progress);
}

}  // namespace tamis::cluster
