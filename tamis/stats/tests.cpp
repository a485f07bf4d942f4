#include "tamis/stats/tests.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

#include "tamis/base/error.h"

namespace tamis::stats {

namespace {

namespace policies = boost::math::policies;

// A level below the smallest double asks for an infinite quantile: that is the answer, not a failure.
using Quiet = policies::policy<policies::overflow_error<policies::ignore_error>,
                               policies::underflow_error<policies::ignore_error>>;
using StudentT = boost::math::students_t_distribution<double, Quiet>;
using ChiSquared = boost::math::chi_squared_distribution<double, Quiet>;

void need_two(std::string_view where, const Summary& summary) {
  if (summary.count < 2)
    fail_caller(where, fmt::format("a side has {} values; a test needs at least 2", summary.count));
  if (!std::isfinite(summary.mean) || !std::isfinite(summary.m2))
    fail_caller(where, "a value is not finite; a test needs finite numbers");
}

TestResult student(double estimate, double standard_error, double degrees) {
  TestResult result{estimate, standard_error, degrees, 1};
  if (standard_error == 0) {
    result.p = estimate == 0 ? 1 : 0;
    return result;
  }
  const double t = std::abs(estimate / standard_error);
  result.p = std::isfinite(t) ? std::min(1.0, 2 * cdf(complement(StudentT(degrees), t))) : 0;
  return result;
}

}  // namespace

TestResult welch(const Summary& a, const Summary& b) {
  need_two("welch", a);
  need_two("welch", b);
  const auto n = static_cast<double>(a.count);
  const auto m = static_cast<double>(b.count);
  const double variance = a.variance() / n + b.variance() / m;
  if (variance == 0) return student(a.mean - b.mean, 0, n + m - 2);
  // Welch-Satterthwaite by shares of the variance: squares of the variances themselves could underflow.
  const double share = a.variance() / n / variance;
  const double degrees = 1 / (share * share / (n - 1) + (1 - share) * (1 - share) / (m - 1));
  return student(a.mean - b.mean, std::sqrt(variance), degrees);
}

TestResult one_sample(const Summary& a) {
  need_two("one_sample", a);
  return student(a.mean, a.standard_error(), static_cast<double>(a.count - 1));
}

Interval interval(const TestResult& test, double alpha) {
  if (!(alpha > 0 && alpha < 1)) fail_caller("interval", fmt::format("alpha {} is not in (0, 1)", alpha));
  if (test.standard_error == 0) return {test.estimate, test.estimate};
  const double half = quantile(complement(StudentT(test.degrees), alpha / 2)) * test.standard_error;
  return {test.estimate - half, test.estimate + half};
}

double chi_squared_p(std::span<const std::uint64_t> counts, std::span<const double> shares) {
  if (counts.size() != shares.size())
    fail_caller("chi_squared", fmt::format("{} counts but {} shares", counts.size(), shares.size()));
  if (counts.size() < 2) fail_caller("chi_squared", fmt::format("{} counts; the test needs at least 2", counts.size()));
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (!(shares[i] > 0 && std::isfinite(shares[i])))
      fail_caller("chi_squared", fmt::format("share {} is {}; shares must be > 0", i + 1, shares[i]));
  }
  const double scale = std::accumulate(shares.begin(), shares.end(), 0.0);
  double total = 0;
  for (const std::uint64_t count : counts) total += static_cast<double>(count);
  if (total == 0) return 1;
  double statistic = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = total * (shares[i] / scale);
    const double off = static_cast<double>(counts[i]) - expected;
    statistic += off * off / expected;
  }
  return cdf(complement(ChiSquared(static_cast<double>(counts.size() - 1)), statistic));
}

}  // namespace tamis::stats
