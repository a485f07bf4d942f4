#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tamis/evidence/metrics/ranking_order.h"

namespace tamis::reference {

/// A document in its place; no grade: not judged.
using Place = std::optional<int>;

inline double gain(int grade, metrics::Gain how) {
  if (grade <= 0) return 0;
  return how == metrics::Gain::linear ? grade : std::pow(2.0, grade) - 1;
}

inline double discounted(const std::vector<double>& gains, std::size_t k) {
  double sum = 0;
  for (std::size_t i = 0; i < std::min(k, gains.size()); ++i) sum += gains[i] / std::log2(static_cast<double>(i) + 2);
  return sum;
}

/// ndcg and err: what goes by grades.
inline std::optional<double> of_grades(const metrics::Metric& metric, const std::vector<Place>& order,
                                       const std::vector<int>& judged, const metrics::RankingChoices& choices) {
  std::vector<double> gains, ideal;
  for (const Place& place : order) gains.push_back(gain(place.value_or(0), choices.gain));
  for (const int grade : judged) ideal.push_back(gain(grade, choices.gain));
  if (std::all_of(ideal.begin(), ideal.end(), [](double g) { return g == 0; })) return std::nullopt;
  if (choices.ideal == metrics::Ideal::retrieved) ideal = gains;
  std::sort(ideal.rbegin(), ideal.rend());
  const std::size_t k = metric.k == 0 ? order.size() + judged.size() : metric.k;
  if (metric.kind == metrics::Metric::Kind::ndcg) {
    const double best = discounted(ideal, k);
    return best > 0 ? discounted(gains, k) / best : 0;
  }
  double value = 0, goes_on = 1;
  for (std::size_t i = 0; i < std::min(k, order.size()); ++i) {
    const double satisfies = gain(order[i].value_or(0), metrics::Gain::exponential) / std::pow(2.0, choices.max_grade);
    value += goes_on * satisfies / static_cast<double>(i + 1);
    goes_on *= 1 - satisfies;
  }
  return value;
}

inline double bpref(const std::vector<Place>& order, const std::vector<int>& judged, int level) {
  const auto R = static_cast<double>(std::count_if(judged.begin(), judged.end(), [=](int g) { return g >= level; }));
  const auto N =
      static_cast<double>(std::count_if(judged.begin(), judged.end(), [=](int g) { return g >= 0 && g < level; }));
  double value = 0, others = 0;
  for (const Place& place : order) {
    if (!place || *place < 0) continue;
    if (*place >= level) {
      value += others == 0 ? 1 : 1 - std::min(others, R) / std::min(N, R);
    } else {
      ++others;
    }
  }
  return value / R;
}

/// A metric of an order, straight from its definition; nullopt where it is undefined. judged: all grades there are.
inline std::optional<double> of_places(const metrics::Metric& metric, const std::vector<Place>& order,
                                       const std::vector<int>& judged, const metrics::RankingChoices& choices) {
  using Kind = metrics::Metric::Kind;
  if (metric.kind == Kind::ndcg || metric.kind == Kind::err) return of_grades(metric, order, judged, choices);
  const int level = choices.level;
  const auto R = static_cast<double>(std::count_if(judged.begin(), judged.end(), [=](int g) { return g >= level; }));
  if (R == 0) return std::nullopt;
  const auto n = static_cast<double>(order.size());
  const std::size_t k = metric.k == 0 ? order.size() : metric.k;
  double hits = 0, precisions = 0, first = 0, right = 0, retrieved = 0, biased = 0, percents = 0, early = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto rank = static_cast<double>(i + 1);
    if (order[i].value_or(-1) < level) continue;
    for (std::size_t j = i + 1; j < order.size(); ++j) right += order[j].value_or(-1) < level;
    ++retrieved;
    biased += (1 - metric.p) * std::pow(metric.p, rank - 1);
    percents += order.size() > 1 ? (rank - 1) / (n - 1) : 0;
    early += rank <= R;
    if (i >= k) continue;
    if (first == 0) first = 1 / rank;
    ++hits;
    precisions += hits / rank;
  }
  const bool cut = metric.k > 0 && choices.denominator == metrics::Denominator::cutoff;
  const double pairs = retrieved * (n - retrieved);
  switch (metric.kind) {
    case Kind::auc:
      return pairs > 0 ? std::optional(right / pairs) : std::nullopt;
    case Kind::mrr:
      return first;
    case Kind::map:
      return precisions / (cut ? std::min(R, static_cast<double>(k)) : R);
    case Kind::recall:
      return hits / R;
    case Kind::precision:
      return hits / static_cast<double>(k);
    case Kind::r_precision:
      return early / R;
    case Kind::bpref:
      return bpref(order, judged, level);
    case Kind::rbp:
      return biased;
    case Kind::percentile_rank:
      return (percents + R - retrieved) / R;
    default:
      break;
  }
  return hits > 0 ? 1 : 0;
}

/// The mean of a metric over every order of the documents that the scores allow. For short lists: n! orders are tried.
inline std::optional<double> over_all_orders(const metrics::Metric& metric, std::span<const double> scores,
                                             const std::vector<Place>& documents, const std::vector<int>& judged,
                                             const metrics::RankingChoices& choices) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  double total = 0;
  double count = 0;
  do {
    const auto falls = [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; };
    if (!std::is_sorted(order.begin(), order.end(), falls)) continue;
    std::vector<Place> ranked;
    for (const std::size_t i : order) ranked.push_back(documents[i]);
    const auto value = of_places(metric, ranked, judged, choices);
    if (!value) return std::nullopt;
    total += *value;
    ++count;
  } while (std::next_permutation(order.begin(), order.end()));
  return total / count;
}

/// Where every candidate is judged 1 or 0.
inline std::optional<double> over_all_orders(const metrics::Metric& metric, std::span<const float> scores,
                                             std::span<const std::uint8_t> relevant) {
  return over_all_orders(metric, std::vector<double>(scores.begin(), scores.end()),
                         std::vector<Place>(relevant.begin(), relevant.end()),
                         std::vector<int>(relevant.begin(), relevant.end()), {});
}

/// The metric with ties in the order given.
inline std::optional<double> in_input_order(const metrics::Metric& metric, std::span<const float> scores,
                                            std::span<const std::uint8_t> relevant) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  std::vector<Place> ranked;
  for (const std::size_t i : order) ranked.emplace_back(relevant[i]);
  return of_places(metric, ranked, std::vector<int>(relevant.begin(), relevant.end()), {});
}

/// A list with its ids, owning what metrics::JudgedList views.
struct OwnedList {
  std::vector<std::string> ids;
  std::vector<double> scores;
  std::vector<Place> documents;
  std::vector<int> elsewhere;  ///< grades of judged documents that were not retrieved

  // made by finish()
  std::vector<metrics::JudgedDocument> retrieved;
  std::vector<std::int32_t> grades;
  std::vector<std::uint32_t> id_order;

  void finish() {
    retrieved.clear();
    grades.assign(elsewhere.begin(), elsewhere.end());
    for (std::size_t i = 0; i < documents.size(); ++i) {
      if (!documents[i]) continue;
      retrieved.push_back({static_cast<std::uint32_t>(i), *documents[i]});
      grades.push_back(*documents[i]);
    }
    std::sort(grades.rbegin(), grades.rend());
    id_order.clear();
    for (const std::string& id : ids)
      id_order.push_back(static_cast<std::uint32_t>(
          std::count_if(ids.begin(), ids.end(), [&](const std::string& other) { return other < id; })));
  }
  metrics::JudgedList view() const { return {"q", scores, retrieved, grades, id_order}; }
  std::vector<int> judged() const { return {grades.begin(), grades.end()}; }

  /// The documents in trec_eval's order.
  std::vector<Place> trec_order() const {
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const auto x = static_cast<float>(scores[a]), y = static_cast<float>(scores[b]);
      return x != y ? x > y : ids[a] > ids[b];
    });
    std::vector<Place> ranked;
    for (const std::size_t i : order) ranked.push_back(documents[i]);
    return ranked;
  }
};

}  // namespace tamis::reference
