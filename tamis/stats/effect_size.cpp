#include "tamis/stats/effect_size.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <vector>

#include "tamis/base/error.h"

namespace tamis::stats {

std::optional<double> cohens_dz(const Summary& differences) {
  const double variance = differences.variance();
  if (!(variance > 0)) return std::nullopt;
  return differences.mean / std::sqrt(variance);
}

std::optional<double> cohens_d(const Summary& a, const Summary& b) {
  if (a.count == 0 || b.count == 0 || a.count + b.count < 3) return std::nullopt;
  const double pooled = (a.m2 + b.m2) / static_cast<double>(a.count + b.count - 2);
  if (!(pooled > 0)) return std::nullopt;
  return (a.mean - b.mean) / std::sqrt(pooled);
}

double hedges_correction(double degrees) {
  if (!(degrees > 1))
    fail_caller("hedges_correction", fmt::format("{} degrees of freedom; more than 1 are needed", degrees));
  // Gamma((m - 1) / 2) / Gamma(m / 2) in one, without the overflow of either.
  return 1 / (std::sqrt(degrees / 2) * boost::math::tgamma_delta_ratio((degrees - 1) / 2, 0.5));
}

std::optional<double> cliffs_delta(std::span<const double> a, std::span<const double> b) {
  for (const auto side : {a, b}) {
    if (std::any_of(side.begin(), side.end(), [](double x) { return std::isnan(x); }))
      fail_caller("cliffs_delta", "a value is not a number");
  }
  if (a.empty() || b.empty()) return std::nullopt;
  std::vector<double> sorted(b.begin(), b.end());
  std::sort(sorted.begin(), sorted.end());
  double sum = 0;
  for (const double x : a) {
    const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), x);
    sum += static_cast<double>(first - sorted.begin()) - static_cast<double>(sorted.end() - last);
  }
  return sum / (static_cast<double>(a.size()) * static_cast<double>(b.size()));
}

}  // namespace tamis::stats
