#include "tamis/stats/tests.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include "tamis/base/random.h"
#include "tests/golden/rows.h"

namespace tamis::stats {
namespace {

void expect_close(double value, double expected, double relative) {
  EXPECT_NEAR(value, expected, relative * std::max(std::abs(expected), 1e-300));
}

void expect_like(const std::vector<std::string>& row, const TestResult& test) {
  const auto expected = [&](std::size_t column) { return std::stod(row[column]); };
  expect_close(test.p, expected(1), 1e-7);
  expect_close(test.degrees, expected(2), 1e-8);
  const double scale = test.standard_error * 1e-7;
  const Interval at95 = interval(test, 0.05);
  const Interval at99 = interval(test, 0.01);
  EXPECT_NEAR(at95.low, expected(3), scale);
  EXPECT_NEAR(at95.high, expected(4), scale);
  EXPECT_NEAR(at99.low, expected(5), scale);
  EXPECT_NEAR(at99.high, expected(6), scale);
}

TEST(WelchGolden, IsScipys) {
  int seen = 0;
  for (const auto& row : golden::rows("stats.tsv")) {
    if (row[0] != "welch") continue;
    SCOPED_TRACE(++seen);
    expect_like(row, welch(summarize(golden::numbers(row[7])), summarize(golden::numbers(row[8]))));
  }
  EXPECT_EQ(seen, 16);
}

TEST(OneSampleGolden, IsScipys) {
  int seen = 0;
  for (const auto& row : golden::rows("stats.tsv")) {
    if (row[0] != "one_sample") continue;
    SCOPED_TRACE(++seen);
    expect_like(row, one_sample(summarize(golden::numbers(row[7]))));
  }
  EXPECT_EQ(seen, 16);
}

TEST(ChiSquaredGolden, IsScipys) {
  int seen = 0;
  for (const auto& row : golden::rows("stats.tsv")) {
    if (row[0] != "chi_squared") continue;
    SCOPED_TRACE(++seen);
    const auto counts = golden::numbers<std::uint64_t>(row[2]);
    expect_close(chi_squared_p(counts, golden::numbers(row[3])), std::stod(row[1]), 1e-10);
  }
  EXPECT_EQ(seen, 7);
}

TEST(Welch, OfConstantSidesIsCertainOrSilent) {
  const Summary three = summarize(std::vector<double>{3, 3, 3});
  const Summary four = summarize(std::vector<double>{4, 4});
  EXPECT_EQ(welch(three, three).p, 1);
  const TestResult apart = welch(four, three);
  EXPECT_EQ(apart.p, 0);
  EXPECT_EQ(apart.estimate, 1);
  EXPECT_EQ(apart.standard_error, 0);
  EXPECT_EQ(apart.degrees, 3);
  const Interval at = interval(apart, 0.05);
  EXPECT_EQ(at.low, 1);
  EXPECT_EQ(at.high, 1);
}

TEST(Welch, HasTheDegreesOfTheOnlySideThatVaries) {
  const Summary varies = summarize(std::vector<double>{1, 2, 3, 4});
  const Summary still = summarize(std::vector<double>{5, 5, 5, 5, 5, 5, 5});
  EXPECT_DOUBLE_EQ(welch(varies, still).degrees, 3);
  EXPECT_DOUBLE_EQ(welch(still, varies).degrees, 3);
}

TEST(Welch, DoesNotUnderflowOnTinyNumbers) {
  const TestResult unit = welch(summarize(std::vector<double>{1, 2, 4}), summarize(std::vector<double>{5, 9, 6, 7}));
  const TestResult tiny = welch(summarize(std::vector<double>{1e-120, 2e-120, 4e-120}),
                                summarize(std::vector<double>{5e-120, 9e-120, 6e-120, 7e-120}));
  EXPECT_NEAR(tiny.p, unit.p, 1e-12);
  EXPECT_NEAR(tiny.degrees, unit.degrees, 1e-9);
}

TEST(Tests, RefuseTooFewAndWhatIsNoNumber) {
  const Summary one = summarize(std::vector<double>{1});
  const Summary two = summarize(std::vector<double>{1, 2});
  const Summary broken = summarize(std::vector<double>{1, std::numeric_limits<double>::quiet_NaN()});
  EXPECT_THROW(welch(one, two), std::invalid_argument);
  EXPECT_THROW(welch(two, one), std::invalid_argument);
  EXPECT_THROW(welch(two, broken), std::invalid_argument);
  EXPECT_THROW(one_sample(one), std::invalid_argument);
  EXPECT_THROW(one_sample(summarize({})), std::invalid_argument);
  for (const double alpha : {0.0, 1.0, -0.1, 2.0, std::nan("")})
    EXPECT_THROW(interval(one_sample(two), alpha), std::invalid_argument) << alpha;
}

TEST(ChiSquared, RefusesWhatItCannotCompare) {
  const std::vector<std::uint64_t> counts = {1, 2};
  EXPECT_THROW(chi_squared_p(std::vector<std::uint64_t>{1}, std::vector<double>{1}), std::invalid_argument);
  EXPECT_THROW(chi_squared_p(counts, std::vector<double>{1}), std::invalid_argument);
  EXPECT_THROW(chi_squared_p(counts, std::vector<double>{1, 0}), std::invalid_argument);
  EXPECT_THROW(chi_squared_p(counts, std::vector<double>{1, std::nan("")}), std::invalid_argument);
  EXPECT_EQ(chi_squared_p(std::vector<std::uint64_t>{0, 0}, std::vector<double>{1, 3}), 1);
}

TEST(Interval, LeavesOutZeroExactlyWhenPIsBelowAlpha) {
  Stream stream(1, "interval and p");
  for (int trial = 0; trial < 2000; ++trial) {
    Summary a;
    const auto n = 2 + stream.below(30);
    const double shift = stream.normal();
    for (std::uint64_t i = 0; i < n; ++i) a.update(shift + stream.normal());
    const TestResult test = one_sample(a);
    const double alpha = 0.001 + 0.3 * stream.uniform();
    const Interval at = interval(test, alpha);
    EXPECT_LE(at.low, at.high);
    EXPECT_EQ(at.low > 0 || at.high < 0, test.p < alpha) << test.p << " at " << alpha;
  }
}

double welch_coverage(int trials, int n, int m, double deviation_a, double deviation_b, std::uint64_t seed) {
  int covered = 0;
  for (int trial = 0; trial < trials; ++trial) {
    Stream stream(seed, "welch coverage", static_cast<std::uint64_t>(trial));
    Summary a;
    Summary b;
    for (int i = 0; i < n; ++i) a.update(3 + deviation_a * stream.normal());
    for (int i = 0; i < m; ++i) b.update(1 + deviation_b * stream.normal());
    const Interval at = interval(welch(a, b), 0.05);
    covered += at.low <= 2 && 2 <= at.high;
  }
  return static_cast<double>(covered) / trials;
}

// Three standard errors of a share around 0.95, and half a point for Welch's approximation in small samples.
double coverage_tolerance(int trials) {
  return 3 * std::sqrt(0.95 * 0.05 / trials) + 0.005;
}

TEST(Welch, CoversTheDifferenceAsOftenAsItSays) {
  EXPECT_NEAR(welch_coverage(2000, 20, 10, 1, 3, 5), 0.95, coverage_tolerance(2000));
}

TEST(SlowWelch, CoversTheDifferenceAsOftenAsItSays) {
  const int trials = 40000;
  EXPECT_NEAR(welch_coverage(trials, 20, 10, 1, 3, 1), 0.95, coverage_tolerance(trials));
  EXPECT_NEAR(welch_coverage(trials, 10, 60, 5, 1, 2), 0.95, coverage_tolerance(trials));
  EXPECT_NEAR(welch_coverage(trials, 200, 200, 1, 1, 3), 0.95, coverage_tolerance(trials));
}

}  // namespace
}  // namespace tamis::stats
