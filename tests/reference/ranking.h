#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "tamis/evidence/metrics/ranking.h"

namespace tamis::reference {

/// A metric of relevance values in rank order, straight from its definition; nullopt where it is undefined.
inline std::optional<double> of_order(const metrics::Metric& metric, const std::vector<int>& order) {
  using Kind = metrics::Metric::Kind;
  const std::size_t n = order.size();
  const auto relevant = static_cast<double>(std::count(order.begin(), order.end(), 1));
  if (relevant == 0) return std::nullopt;
  const std::size_t k = metric.k == 0 ? n : metric.k;
  double hits = 0, precisions = 0, dcg = 0, ideal = 0, first = 0, right = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (i < k && static_cast<double>(i) < relevant) ideal += 1 / std::log2(static_cast<double>(i) + 2);
    if (order[i] == 0) continue;
    for (std::size_t j = i + 1; j < n; ++j) right += order[j] == 0;
    if (first == 0) first = 1 / static_cast<double>(i + 1);
    if (i >= k) continue;
    ++hits;
    precisions += hits / static_cast<double>(i + 1);
    dcg += 1 / std::log2(static_cast<double>(i) + 2);
  }
  const double pairs = relevant * (static_cast<double>(n) - relevant);
  switch (metric.kind) {
    case Kind::auc:
      return pairs > 0 ? std::optional(right / pairs) : std::nullopt;
    case Kind::mrr:
      return first;
    case Kind::map:
      return precisions / std::min(relevant, static_cast<double>(k));
    case Kind::ndcg:
      return dcg / ideal;
    case Kind::recall:
      return hits / relevant;
    case Kind::precision:
      return hits / static_cast<double>(k);
    case Kind::hit:
      break;
  }
  return hits > 0 ? 1 : 0;
}

/// The mean of a metric over every order of the candidates that the scores allow. For short lists: n! orders are tried.
inline std::optional<double> over_all_orders(const metrics::Metric& metric, std::span<const float> scores,
                                             std::span<const std::uint8_t> relevant) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  double total = 0;
  double count = 0;
  do {
    const auto falls = [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; };
    if (!std::is_sorted(order.begin(), order.end(), falls)) continue;
    std::vector<int> ranked;
    for (const std::size_t i : order) ranked.push_back(relevant[i]);
    const auto value = of_order(metric, ranked);
    if (!value) return std::nullopt;
    total += *value;
    ++count;
  } while (std::next_permutation(order.begin(), order.end()));
  return total / count;
}

/// The metric with ties in the order given.
inline std::optional<double> in_input_order(const metrics::Metric& metric, std::span<const float> scores,
                                            std::span<const std::uint8_t> relevant) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  std::vector<int> ranked;
  for (const std::size_t i : order) ranked.push_back(relevant[i]);
  return of_order(metric, ranked);
}

}  // namespace tamis::reference
