#include "tamis/stats/signed_rank.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

#include "tamis/base/error.h"
#include "tamis/stats/correlation.h"

namespace tamis::stats {

namespace {

constexpr std::size_t kExactByDefault = 50;
constexpr std::size_t kExactAtMost = 500;

void check(std::span<const double> differences) {
  for (std::size_t i = 0; i < differences.size(); ++i) {
    if (!std::isfinite(differences[i]))
      fail_caller("signed_rank", fmt::format("difference {}: {} is not a finite number", i + 1, differences[i]));
  }
}

/// Chances of each sum of signed ranks, over all signs. Ranks come doubled, so that shared ones are whole.
std::vector<double> distribution(std::span<const std::uint32_t> doubled) {
  if (doubled.size() > kExactAtMost)
    fail_caller("signed_rank",
                fmt::format("{} differences; the exact method takes at most {}", doubled.size(), kExactAtMost));
  std::vector<double> chance{1};
  for (const std::uint32_t rank : doubled) {
    std::vector<double> next(chance.size() + rank);
    for (std::size_t s = 0; s < chance.size(); ++s) {
      next[s] += chance[s] / 2;
      next[s + rank] += chance[s] / 2;
    }
    chance = std::move(next);
  }
  return chance;
}

/// Sum of t^3 - t over groups of equal sizes, of sorted sizes.
double tie_sum(std::span<const double> sorted) {
  double sum = 0;
  for (std::size_t begin = 0; begin < sorted.size();) {
    std::size_t end = begin + 1;
    while (end < sorted.size() && sorted[end] == sorted[begin]) ++end;
    const auto t = static_cast<double>(end - begin);
    sum += t * t * t - t;
    begin = end;
  }
  return sum;
}

double two_sided(double z) {
  return std::min(1.0, 2 * cdf(complement(boost::math::normal(), std::abs(z))));
}

/// What is ranked: sizes of differences, their ranks, and how many of them are zeros that hold ranks.
struct Ranked {
  std::vector<double> size, rank;
  std::vector<std::uint8_t> positive;
  double zeros = 0;
};

Ranked rank(std::span<const double> differences, ZeroMethod zeros) {
  Ranked ranked;
  for (const double d : differences) {
    if (d == 0 && zeros == ZeroMethod::wilcox) continue;
    ranked.size.push_back(std::abs(d));
    ranked.positive.push_back(d > 0 ? 1 : 0);
    ranked.zeros += d == 0 ? 1 : 0;
  }
  ranked.rank = ranks(ranked.size);
  return ranked;
}

double exact_p(const Ranked& ranked, double positive) {
  std::vector<std::uint32_t> doubled;
  for (std::size_t i = 0; i < ranked.size.size(); ++i) {
    if (ranked.size[i] > 0) doubled.push_back(static_cast<std::uint32_t>(std::lround(2 * ranked.rank[i])));
  }
  const auto chance = distribution(doubled);
  const auto at = static_cast<std::size_t>(std::lround(2 * positive));
  double below = 0, above = 0;
  for (std::size_t s = 0; s < chance.size(); ++s) {
    if (s <= at) below += chance[s];
    if (s >= at) above += chance[s];
  }
  return std::min(1.0, 2 * std::min(below, above));
}

/// Mean and deviation of T+ for the normal approximation.
std::pair<double, double> moments(const Ranked& ranked, ZeroMethod zeros) {
  const auto n = static_cast<double>(ranked.size.size());
  double mean = n * (n + 1) / 4;
  double squares = n * (n + 1) * (2 * n + 1);
  std::vector<double> sorted(ranked.size);
  std::sort(sorted.begin(), sorted.end());
  if (zeros == ZeroMethod::pratt) {
    const double z = ranked.zeros;
    mean -= z * (z + 1) / 4;
    squares -= z * (z + 1) * (2 * z + 1);
    sorted.erase(sorted.begin(), std::upper_bound(sorted.begin(), sorted.end(), 0.0));
  }
  return {mean, std::sqrt((squares - tie_sum(sorted) / 2) / 24)};
}

/// Walsh averages <= x. Halves are added, so that nothing overflows; rounding keeps the order.
std::uint64_t walsh_at_most(std::span<const double> sorted, double x) {
  std::uint64_t count = 0;
  std::size_t j = sorted.size();
  for (std::size_t i = 0; i < sorted.size() && j > i; ++i) {
    while (j > i && sorted[i] / 2 + sorted[j - 1] / 2 > x) --j;
    count += j - i;
  }
  return count;
}

// Doubles in order as whole numbers, so that a search can halve them.
std::int64_t place_of(double x) {
  const auto bits = std::bit_cast<std::int64_t>(x + 0.0);
  return bits < 0 ? std::numeric_limits<std::int64_t>::min() - bits : bits;
}
double number_at(std::int64_t place) {
  return std::bit_cast<double>(place < 0 ? std::numeric_limits<std::int64_t>::min() - place : place);
}

/// The k-th smallest Walsh average, k from 1.
double walsh(std::span<const double> sorted, std::uint64_t k) {
  std::int64_t low = place_of(sorted.front()), high = place_of(sorted.back());
  while (low < high) {
    const auto span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    const auto middle = static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + span / 2);
    if (walsh_at_most(sorted, number_at(middle)) >= k) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return number_at(low);
}

std::vector<double> sorted_of(std::span<const double> differences) {
  check(differences);
  if (differences.empty()) fail_caller("pseudo_median", "no difference is given; at least 1 is needed");
  std::vector<double> sorted(differences.begin(), differences.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

/// The largest rank sum whose two-sided p is below alpha; -1 if there is none.
double rejected_up_to(std::size_t n, double alpha, bool exact, bool continuity) {
  const auto count = static_cast<double>(n);
  if (exact) {
    std::vector<std::uint32_t> ranks(n);
    for (std::size_t i = 0; i < n; ++i) ranks[i] = static_cast<std::uint32_t>(i + 1);
    double below = 0;
    const auto chance = distribution(ranks);
    for (std::size_t s = 0; s < chance.size(); ++s) {
      below += chance[s];
      if (!(2 * below < alpha)) return static_cast<double>(s) - 1;
    }
  }
  const double deviation = std::sqrt(count * (count + 1) * (2 * count + 1) / 24);
  const double mean = count * (count + 1) / 4 - (continuity ? 0.5 : 0);
  double at = std::floor(mean - boost::math::quantile(complement(boost::math::normal(), alpha / 2)) * deviation);
  // p at the border itself is not below alpha.
  if (at >= 0 && !(two_sided((at - mean) / deviation) < alpha)) --at;
  return std::max(-1.0, at);
}

}  // namespace

ZeroMethod parse_zero_method(std::string_view word) {
  for (const ZeroMethod zeros : {ZeroMethod::wilcox, ZeroMethod::pratt, ZeroMethod::zsplit}) {
    if (word == text(zeros)) return zeros;
  }
  fail_caller("zeros", fmt::format("\"{}\" is no way with zeros; accepted: wilcox, pratt, zsplit", word));
}

std::string_view text(ZeroMethod zeros) {
  return zeros == ZeroMethod::wilcox ? "wilcox" : zeros == ZeroMethod::pratt ? "pratt" : "zsplit";
}

SignedRank signed_rank(std::span<const double> differences, const SignedRankOptions& options) {
  check(differences);
  const Ranked ranked = rank(differences, options.zeros);
  SignedRank result;
  for (const double d : differences) result.zeros += d == 0 ? 1 : 0;
  double largest = 0, shared = 0;
  for (std::size_t i = 0; i < ranked.size.size(); ++i) {
    largest = std::max(largest, ranked.size[i]);
    if (ranked.size[i] > 0) (ranked.positive[i] != 0 ? result.positive : result.negative) += ranked.rank[i];
    if (ranked.size[i] == 0) shared += ranked.rank[i];
  }
  if (largest == 0) return result;
  const std::size_t kept = ranked.size.size() - (options.zeros == ZeroMethod::pratt ? result.zeros : 0);
  result.ranked = kept;
  result.rank_biserial = (result.positive - result.negative) / (result.positive + result.negative);
  std::vector<double> sorted;
  std::copy_if(ranked.size.begin(), ranked.size.end(), std::back_inserter(sorted),
               [&](double size) { return size > 0 || options.zeros == ZeroMethod::zsplit; });
  std::sort(sorted.begin(), sorted.end());
  result.ties = std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
  const bool plain = !result.ties && result.zeros == 0 && differences.size() <= kExactByDefault;
  result.exact = options.method == RankMethod::exact || (options.method == RankMethod::automatic && plain);
  if (result.exact) {
    result.p = exact_p(ranked, result.positive);
  } else {
    const auto [mean, deviation] = moments(ranked, options.zeros);
    const double split = options.zeros == ZeroMethod::zsplit ? shared / 2 : 0;
    const double off = result.positive + split - mean;
    const double step = options.continuity && off != 0 ? std::copysign(0.5, off) : 0;
    result.z = (off - step) / deviation;
    result.p = two_sided(result.z);
  }
  if (options.zeros == ZeroMethod::zsplit) {
    result.positive += shared / 2;
    result.negative += shared / 2;
    result.rank_biserial = (result.positive - result.negative) / (result.positive + result.negative);
  }
  return result;
}

double pseudo_median(std::span<const double> differences) {
  const auto sorted = sorted_of(differences);
  const std::uint64_t n = sorted.size();
  const std::uint64_t pairs = n * (n + 1) / 2;
  return walsh(sorted, (pairs + 1) / 2) / 2 + walsh(sorted, pairs / 2 + 1) / 2;
}

std::optional<Interval> pseudo_median_interval(std::span<const double> differences, double alpha, bool exact,
                                               bool continuity) {
  if (!(alpha > 0 && alpha < 1)) fail_caller("interval", fmt::format("alpha {} is not in (0, 1)", alpha));
  const auto sorted = sorted_of(differences);
  const double rejected = rejected_up_to(sorted.size(), alpha, exact, continuity);
  if (rejected < 0) return std::nullopt;
  const std::uint64_t n = sorted.size();
  const auto skipped = static_cast<std::uint64_t>(rejected) + 1;
  return Interval{walsh(sorted, skipped), walsh(sorted, n * (n + 1) / 2 + 1 - skipped)};
}

}  // namespace tamis::stats
