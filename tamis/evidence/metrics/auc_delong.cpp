#include "tamis/evidence/metrics/auc_delong.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <numeric>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/evidence/metrics/auc_sort.h"
#include "tamis/evidence/metrics/metric_value.h"

namespace tamis::metrics {

namespace {

// The rows are walked in so many parts, whatever the number of threads, for sums shall not depend on it.
constexpr std::size_t kParts = 64;

// Both classes from one key up to another: no tie is cut.
template <typename Key>
struct Stretch {
  std::span<const Key> positive, negative;
  std::size_t positives_below = 0, negatives_below = 0;
};

template <typename Key>
std::vector<Stretch<Key>> stretches(std::span<const Key> positive, std::span<const Key> negative) {
  std::vector<Stretch<Key>> result;
  std::size_t p = 0;
  std::size_t n = 0;
  for (std::size_t part = 1; part <= kParts; ++part) {
    std::size_t p_end = positive.size();
    std::size_t n_end = negative.size();
    if (part < kParts) {
      const Key key = positive[positive.size() * part / kParts];
      p_end = static_cast<std::size_t>(std::lower_bound(positive.begin(), positive.end(), key) - positive.begin());
      n_end = static_cast<std::size_t>(std::lower_bound(negative.begin(), negative.end(), key) - negative.begin());
    }
    result.push_back({positive.subspan(p, p_end - p), negative.subspan(n, n_end - n), p, n});
    p = p_end;
    n = n_end;
  }
  return result;
}

template <typename Key>
std::optional<DeLong> from_sorted(const SortedClasses<Key>& sorted) {
  const auto P = static_cast<double>(sorted.positive().size());
  const auto N = static_cast<double>(sorted.negative().size());
  if (P == 0 || N == 0) return std::nullopt;
  const auto parts = stretches(sorted.positive(), sorted.negative());
  std::vector<std::uint64_t> twice(kParts);
  parallel_for(kParts, [&](std::size_t part) {
    std::uint64_t below = parts[part].negatives_below;
    visit_ties(parts[part].positive, parts[part].negative, [&](Key, const TiedRows& tied) {
      twice[part] += tied.positives * (2 * below + tied.negatives);
      below += tied.negatives;
    });
  });
  DeLong result;
  const std::uint64_t right = std::accumulate(twice.begin(), twice.end(), std::uint64_t{0});
  result.auc = static_cast<double>(right) / (2 * P * N);
  if (P < 2 || N < 2) return result;
  // What each row of a group of ties adds, less the AUC, squared.
  std::vector<CompensatedSum> positive(kParts);
  std::vector<CompensatedSum> negative(kParts);
  parallel_for(kParts, [&](std::size_t part) {
    auto positives_below = static_cast<double>(parts[part].positives_below);
    auto negatives_below = static_cast<double>(parts[part].negatives_below);
    visit_ties(parts[part].positive, parts[part].negative, [&](Key, const TiedRows& tied) {
      const auto p = static_cast<double>(tied.positives);
      const auto n = static_cast<double>(tied.negatives);
      const double of_positive = (negatives_below + n / 2) / N - result.auc;
      const double of_negative = (P - positives_below - p / 2) / P - result.auc;
      positive[part].add(p * of_positive * of_positive);
      negative[part].add(n * of_negative * of_negative);
      positives_below += p;
      negatives_below += n;
    });
  });
  for (std::size_t part = 1; part < kParts; ++part) {
    positive[0].merge(positive[part]);
    negative[0].merge(negative[part]);
  }
  result.standard_error = std::sqrt(positive[0].value() / (P - 1) / P + negative[0].value() / (N - 1) / N);
  return result;
}

// Ranks from 1, ties sharing the mean of theirs, of the rows that `chosen` names.
void midranks(std::span<const double> scores, std::vector<std::size_t> chosen, std::span<double> rank_of_row) {
  std::sort(chosen.begin(), chosen.end(), [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  for (std::size_t begin = 0; begin < chosen.size();) {
    std::size_t end = begin;
    while (end < chosen.size() && scores[chosen[end]] == scores[chosen[begin]]) ++end;
    const double rank = static_cast<double>(begin + end + 1) / 2;
    for (std::size_t i = begin; i < end; ++i) rank_of_row[chosen[i]] = rank;
    begin = end;
  }
}

// What each row adds to the AUC: the share of the other class on its right side.
std::vector<double> placements(std::span<const double> scores, std::span<const std::uint8_t> labels) {
  std::vector<std::size_t> all(scores.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  std::vector<std::size_t> positive;
  std::vector<std::size_t> negative;
  for (const std::size_t i : all) (labels[i] != 0 ? positive : negative).push_back(i);
  std::vector<double> among_all(scores.size());
  std::vector<double> among_own(scores.size());
  const auto P = static_cast<double>(positive.size());
  const auto N = static_cast<double>(negative.size());
  midranks(scores, positive, among_own);
  midranks(scores, negative, among_own);
  midranks(scores, std::move(all), among_all);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const double of_others = among_all[i] - among_own[i];
    among_all[i] = labels[i] != 0 ? of_others / N : 1 - of_others / P;
  }
  return among_all;
}

}  // namespace

std::optional<DeLong> delong(std::span<const double> scores, std::span<const std::uint8_t> labels) {
  if (are_floats(scores)) return from_sorted(SortedClasses<std::uint32_t>::sort(scores, labels));
  return from_sorted(SortedClasses<std::uint64_t>::sort(scores, labels));
}

std::optional<stats::Interval> interval(const DeLong& result, double alpha) {
  if (!(alpha > 0) || !(alpha < 1))
    fail_caller("DeLong interval", fmt::format("alpha is {}; between 0 and 1 is needed", alpha));
  if (!result.standard_error) return std::nullopt;
  const double z = boost::math::quantile(boost::math::complement(boost::math::normal(), alpha / 2));
  return stats::Interval{std::max(0.0, result.auc - z * *result.standard_error),
                         std::min(1.0, result.auc + z * *result.standard_error)};
}

std::optional<DeLongTogether> delong_together(std::span<const std::span<const double>> scores,
                                              std::span<const std::uint8_t> labels) {
  DeLongTogether result;
  std::vector<std::vector<double>> added;
  double P = 0;
  for (const std::uint8_t label : labels) P += label != 0 ? 1 : 0;
  const double N = static_cast<double>(labels.size()) - P;
  for (const auto& row : scores) {
    const auto alone = delong(row, labels);
    if (!alone || !alone->standard_error) return std::nullopt;
    result.auc.push_back(alone->auc);
    added.push_back(placements(row, labels));
  }
  const std::size_t m = scores.size();
  result.covariance.assign(m * m, 0);
  for (std::size_t a = 0; a < m; ++a) {
    for (std::size_t b = 0; b < m; ++b) {
      CompensatedSum positive;
      CompensatedSum negative;
      for (std::size_t i = 0; i < labels.size(); ++i)
        (labels[i] != 0 ? positive : negative).add((added[a][i] - result.auc[a]) * (added[b][i] - result.auc[b]));
      result.covariance[a * m + b] = positive.value() / (P - 1) / P + negative.value() / (N - 1) / N;
    }
  }
  return result;
}

double delong_p(const DeLongTogether& together, std::size_t a, std::size_t b) {
  const std::size_t m = together.auc.size();
  const auto covariance = [&](std::size_t i, std::size_t j) { return together.covariance[i * m + j]; };
  const double difference = std::abs(together.auc[a] - together.auc[b]);
  const double variance = covariance(a, a) + covariance(b, b) - 2 * covariance(a, b);
  if (!(variance > 0)) return difference > 0 ? 0 : 1;
  return 2 * boost::math::cdf(boost::math::complement(boost::math::normal(), difference / std::sqrt(variance)));
}

}  // namespace tamis::metrics
