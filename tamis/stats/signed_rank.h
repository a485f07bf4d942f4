#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "tamis/stats/tests.h"

namespace tamis::stats {

/// What becomes of differences of 0. wilcox: they are left out (Wilcoxon 1945). pratt: they are ranked, then their
/// ranks are left out (Pratt 1959; variance as Cureton 1967). zsplit: they are ranked, and half of their ranks goes to
/// either side.
enum class ZeroMethod : std::uint8_t { wilcox, pratt, zsplit };
/// "wilcox", "pratt", "zsplit". Throws invalid_argument listing them.
ZeroMethod parse_zero_method(std::string_view text);
std::string_view text(ZeroMethod zeros);

/// exact: the distribution of the rank sum over all 2^n signs, given the ranks (ties share the mean of theirs).
/// approximate: normal, with the variance corrected for ties. automatic: exact for at most 50 differences without ties
/// and zeros, else approximate.
enum class RankMethod : std::uint8_t { automatic, exact, approximate };

struct SignedRankOptions {
  ZeroMethod zeros = ZeroMethod::wilcox;
  RankMethod method = RankMethod::automatic;
  bool continuity = false;  ///< approximate: the rank sum is moved by 1/2 towards its mean
};

struct SignedRank {
  double positive = 0, negative = 0;  ///< rank sums T+ and T-
  std::uint64_t ranked = 0;           ///< differences that have a rank (zsplit: zeros too)
  std::uint64_t zeros = 0;
  bool ties = false;                    ///< two differences (zeros of zsplit among them) share a rank
  bool exact = false;                   ///< the method used
  double z = 0;                         ///< approximate: (T+ - mean) / deviation, after the correction
  std::optional<double> p;              ///< two-sided; nullopt if every difference is 0 (nothing to rank)
  std::optional<double> rank_biserial;  ///< (T+ - T-) / (T+ + T-) in [-1, 1] (Kerby 2014); nullopt as p
};

/// Wilcoxon's signed-rank test that differences are symmetric around 0. Exact p: min(1, 2 min(P(T <= T+), P(T >= T+))).
/// Throws invalid_argument for a difference that is not finite, or for the exact method with more than 500 differences.
/// Hollander, Wolfe & Chicken, Nonparametric Statistical Methods (2014).
SignedRank signed_rank(std::span<const double> differences, const SignedRankOptions& options = {});

/// The Hodges-Lehmann estimate that goes with the test: the median of the Walsh averages (d_i + d_j) / 2, i <= j.
/// Time n log n, room n. Throws invalid_argument for no difference or one that is not finite.
double pseudo_median(std::span<const double> differences);

/// The interval of the pseudo-median by order statistics of the Walsh averages (Hollander, Wolfe & Chicken): it leaves
/// out 0 exactly when p < alpha, where no difference is 0 and none ties. `exact`: quantiles of the rank sum's
/// distribution without ties (at most 500 differences), else normal ones without tie correction; with `continuity` as
/// in the test. Zeros are differences like others here. nullopt where there are too few differences for this alpha.
/// Throws as pseudo_median(), or unless alpha is in (0, 1).
std::optional<Interval> pseudo_median_interval(std::span<const double> differences, double alpha, bool exact,
                                               bool continuity = false);

}  // namespace tamis::stats
