#pragma once

#include <cstdint>
#include <span>

#include "tamis/stats/summary.h"

namespace tamis::stats {

/// A difference of means with its two-sided p-value and what an interval at any level needs.
struct TestResult {
  double estimate = 0;
  double standard_error = 0;
  double degrees = 0;  ///< degrees of freedom of Student's t
  double p = 1;        ///< two-sided; 1 when the standard error is 0 and the estimate 0, 0 when only the former is
};

/// Interval around an estimate. low <= estimate <= high.
struct Interval {
  double low = 0;
  double high = 0;
};

/// Welch's unequal-variances t-test of mean(a) - mean(b). Degrees of freedom: Welch-Satterthwaite (Welch 1947).
/// Throws invalid_argument if a side has fewer than two values or one that is not finite.
TestResult welch(const Summary& a, const Summary& b);

/// One-sample t-test of mean(a) against 0 (for paired differences). Throws invalid_argument as welch does.
TestResult one_sample(const Summary& a);

/// estimate ± t_{1 - alpha/2, degrees} * standard_error; the estimate alone when the standard error is 0. It leaves
/// out 0 exactly when test.p < alpha. Throws invalid_argument unless alpha is in (0, 1).
Interval interval(const TestResult& test, double alpha);

/// Pearson's chi-squared test that counts follow the given shares (> 0, any scale): the p-value. Used as the check for
/// a sample-ratio mismatch. 1 if all counts are zero. Throws invalid_argument for fewer than two counts, unequal
/// lengths or a share that is not > 0.
double chi_squared_p(std::span<const std::uint64_t> counts, std::span<const double> shares);

}  // namespace tamis::stats
