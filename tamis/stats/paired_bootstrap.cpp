#include "tamis/stats/paired_bootstrap.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <numeric>

#include "tamis/base/error.h"
#include "tamis/stats/intervals.h"
#include "tamis/stats/resample.h"

namespace tamis::stats {

namespace {

const boost::math::normal kNormal;

double deviation(double share) {
  if (share <= 0) return -HUGE_VAL;
  if (share >= 1) return HUGE_VAL;
  return quantile(kNormal, share);
}

double share_below(double deviation) {
  if (std::isinf(deviation)) return deviation < 0 ? 0 : 1;
  return cdf(kNormal, deviation);
}

/// Type 7, as percentile_interval() has it, at one share.
double at_share(std::span<const double> sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

bool all_equal(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [&](double x) { return x == values.front(); });
}

/// How many replicates lie at or below 0, and at or above.
struct Sides {
  double at_most = 0;
  double at_least = 0;
};

Sides sides(std::span<const double> sorted) {
  return {static_cast<double>(std::upper_bound(sorted.begin(), sorted.end(), 0.0) - sorted.begin()),
          static_cast<double>(sorted.end() - std::lower_bound(sorted.begin(), sorted.end(), 0.0))};
}

/// Where BCa reads the quantile that the normal deviation `z` stands for.
double corrected(double z, double bias, double acceleration) {
  const double sum = bias + z;
  const double stretch = 1 - acceleration * sum;
  // Beyond the pole the formula comes back from the other side; the end is meant.
  if (stretch <= 0) return sum < 0 ? 0 : 1;
  return share_below(bias + sum / stretch);
}

/// The inverse of corrected(): the normal deviation whose quantile BCa reads at `share`.
double uncorrected(double share, double bias, double acceleration) {
  if (share <= 0 || share >= 1) return deviation(share);
  const double off = deviation(share) - bias;
  const double stretch = 1 + acceleration * off;
  if (stretch <= 0) return off < 0 ? -HUGE_VAL : HUGE_VAL;
  return off / stretch - bias;
}

}  // namespace

double bias_correction(double estimate, std::span<const double> replicates) {
  double halves = 0;
  for (const double x : replicates) halves += x < estimate ? 2 : x == estimate ? 1 : 0;
  return deviation(halves / (2 * static_cast<double>(replicates.size())));
}

double jackknife_acceleration(const Clusters& clusters) {
  const double total = std::accumulate(clusters.total.begin(), clusters.total.end(), 0.0);
  const double sizes = clusters.sizes();
  const std::size_t n = clusters.total.size();
  std::vector<double> without(n);
  for (std::size_t i = 0; i < n; ++i)
    without[i] = (total - clusters.total[i]) / (sizes - (clusters.size.empty() ? 1 : clusters.size[i]));
  const double mean = std::accumulate(without.begin(), without.end(), 0.0) / static_cast<double>(n);
  double largest = 0;
  for (const double x : without) largest = std::max(largest, std::abs(mean - x));
  // What is left of equal values by rounding has no skewness.
  if (largest <= 1e-15 * std::abs(mean)) return 0;
  double cubes = 0, squares = 0;
  for (const double x : without) {
    const double u = (mean - x) / largest;
    cubes += u * u * u;
    squares += u * u;
  }
  return cubes / (6 * std::pow(squares, 1.5));
}

PairedBootstrap paired_bootstrap(const Clusters& clusters, int replicates, std::uint64_t seed) {
  const bool sized = !clusters.size.empty();
  const std::span<const double> columns[] = {clusters.total, clusters.size};
  auto totals = resampled_totals(std::span(columns).first(sized ? 2 : 1), replicates, seed);
  PairedBootstrap result;
  result.estimate = clusters.mean();
  const auto n = static_cast<double>(clusters.total.size());
  // Sums of equal numbers round apart; their mean does not vary.
  const bool constant = all_equal(clusters.total) && (!sized || all_equal(clusters.size));
  for (std::size_t r = 0; r < totals[0].size(); ++r)
    totals[0][r] = constant ? result.estimate : totals[0][r] / (sized ? totals[1][r] : n);
  result.replicates = std::move(totals[0]);
  result.bias = bias_correction(result.estimate, result.replicates);
  result.acceleration = constant ? 0 : jackknife_acceleration(clusters);
  std::sort(result.replicates.begin(), result.replicates.end());
  return result;
}

Interval PairedBootstrap::percentile(double alpha) const {
  return percentile_interval(replicates, alpha);
}

double PairedBootstrap::percentile_p() const {
  const Sides at = sides(replicates);
  const auto all = static_cast<double>(replicates.size() + 1);
  return std::min(1.0, 2 * (std::min(at.at_most, at.at_least) + 1) / all);
}

Interval PairedBootstrap::bca(double alpha) const {
  if (!(alpha > 0 && alpha < 1)) fail_caller("bootstrap", fmt::format("alpha {} is not in (0, 1)", alpha));
  if (std::isinf(bias)) return {replicates.front(), replicates.back()};
  const double z = quantile(kNormal, alpha / 2);
  return {at_share(replicates, corrected(z, bias, acceleration)),
          at_share(replicates, corrected(-z, bias, acceleration))};
}

double PairedBootstrap::bca_p() const {
  const Sides at = sides(replicates);
  const auto all = static_cast<double>(replicates.size() + 1);
  if (std::isinf(bias)) return percentile_p();
  const double low = share_below(uncorrected((at.at_most + 1) / all, bias, acceleration));
  const double high = share_below(-uncorrected(1 - (at.at_least + 1) / all, bias, acceleration));
  return std::min(1.0, 2 * std::min(low, high));
}

}  // namespace tamis::stats
