#include "tamis/stats/corrections.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tamis/base/error.h"

namespace tamis::stats {

namespace {

void check(std::span<const double> p) {
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (!(p[i] >= 0 && p[i] <= 1))
      fail_caller("corrections", fmt::format("p-value {} is {}; it must lie in [0, 1]", i + 1, p[i]));
  }
}

std::vector<std::size_t> ascending(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  return order;
}

std::vector<double> bonferroni(std::span<const double> p) {
  std::vector<double> adjusted;
  for (const double x : p) adjusted.push_back(std::min(1.0, static_cast<double>(p.size()) * x));
  return adjusted;
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<double> adjusted(p.size());
  double highest = 0;
  auto left = static_cast<double>(p.size());
  for (const std::size_t i : ascending(p)) {
    highest = std::max(highest, std::min(1.0, left * p[i]));
    adjusted[i] = highest;
    --left;
  }
  return adjusted;
}

std::vector<double> benjamini_hochberg(std::span<const double> p) {
  std::vector<double> adjusted(p.size());
  const auto order = ascending(p);
  const auto m = static_cast<double>(p.size());
  double lowest = 1;
  for (std::size_t rank = order.size(); rank > 0; --rank) {
    const std::size_t i = order[rank - 1];
    // m p / m may round below p.
    lowest = std::min(lowest, std::max(p[i], m * p[i] / static_cast<double>(rank)));
    adjusted[i] = lowest;
  }
  return adjusted;
}

}  // namespace

std::vector<double> adjust(std::span<const double> p, Correction correction) {
  check(p);
  switch (correction) {
    case Correction::bonferroni:
      return bonferroni(p);
    case Correction::holm:
      return holm(p);
    case Correction::benjamini_hochberg:
      return benjamini_hochberg(p);
    case Correction::none:
      break;
  }
  return {p.begin(), p.end()};
}

std::vector<double> interval_levels(std::span<const double> p, Correction correction, double alpha) {
  if (!(alpha > 0 && alpha < 1)) fail_caller("corrections", fmt::format("alpha {} is not in (0, 1)", alpha));
  const std::vector<double> adjusted = adjust(p, correction);
  const auto m = static_cast<double>(p.size());
  const auto rejected =
      static_cast<double>(std::count_if(adjusted.begin(), adjusted.end(), [&](double q) { return q < alpha; }));
  std::vector<double> levels(p.size(), alpha);
  double place = 0;
  for (const std::size_t i : ascending(p)) {
    if (correction == Correction::bonferroni) levels[i] = alpha / m;
    if (correction == Correction::holm) levels[i] = alpha / (m - std::min(place, rejected));
    if (correction == Correction::benjamini_hochberg) levels[i] = std::max(1.0, rejected) * alpha / m;
    // k p < alpha and p < alpha / k may round apart by one unit; the corrected test has the last word.
    levels[i] = adjusted[i] < alpha ? std::max(levels[i], std::nextafter(p[i], 1.0)) : std::min(levels[i], p[i]);
    ++place;
  }
  return levels;
}

}  // namespace tamis::stats
