#include "tamis/stats/lift.h"

#include <cmath>
#include <stdexcept>

#include "tamis/base/random.h"

namespace tamis::stats {
namespace {

constexpr double kZ975 = 1.959963984540054;  // standard normal quantile

TEST(RelativeLift, ByHand) {
  // a: 2, 4 (mean 3, variance 2, standard error 1); b: 1, 2, 3 (mean 2, variance 1, standard error 1/sqrt 3).
  const std::vector<double> a = {2, 4};
  const std::vector<double> b = {1, 2, 3};
  const Lift lift = relative_lift(summarize(a), summarize(b), 0, 0.05);
  EXPECT_DOUBLE_EQ(lift.estimate, 0.5);
  // (1 + 1.5^2 / 3) / 2^2 = 0.4375
  EXPECT_NEAR(lift.standard_error, std::sqrt(0.4375), 1e-15);
  EXPECT_NEAR(lift.interval.low, 0.5 - kZ975 * std::sqrt(0.4375), 1e-12);
  EXPECT_NEAR(lift.interval.high, 0.5 + kZ975 * std::sqrt(0.4375), 1e-12);
}

TEST(RelativeLift, CovarianceNarrowsAPairedComparison) {
  // a = 2 b user by user: the ratio is 2 whoever is drawn, so nothing is left to vary.
  const std::vector<double> b = {1, 2, 3, 6};
  const std::vector<double> a = {2, 4, 6, 12};
  const auto base = summarize(b);
  const double covariance = 2 * base.variance() / 4;
  const Lift lift = relative_lift(summarize(a), base, covariance, 0.05);
  EXPECT_DOUBLE_EQ(lift.estimate, 1);
  EXPECT_NEAR(lift.standard_error, 0, 1e-7);
  EXPECT_GT(relative_lift(summarize(a), base, 0, 0.05).standard_error, 0.5);
}

TEST(RelativeLift, WithoutVariationTheIntervalIsThePoint) {
  const std::vector<double> a = {3, 3};
  const std::vector<double> b = {2, 2, 2};
  const Lift lift = relative_lift(summarize(a), summarize(b), 0, 0.05);
  EXPECT_DOUBLE_EQ(lift.interval.low, 0.5);
  EXPECT_DOUBLE_EQ(lift.interval.high, 0.5);
}

TEST(RelativeLift, NeedsABaseAboveZero) {
  const std::vector<double> a = {1, 2};
  const std::vector<double> zero = {0, 0};
  const std::vector<double> below = {-1, -2};
  EXPECT_THROW(relative_lift(summarize(a), summarize(zero), 0, 0.05), std::invalid_argument);
  EXPECT_THROW(relative_lift(summarize(a), summarize(below), 0, 0.05), std::invalid_argument);
}

/// Share of `repetitions` in which the 90 % interval holds the true lift. Clicks per user: squares of normals, skewed
/// as clicks are; with `share` > 0 the two sides have that much luck in common.
double coverage(double share, int repetitions) {
  constexpr int kUsers = 400;
  int held = 0;
  for (int r = 0; r < repetitions; ++r) {
    Stream draw(17, "lift coverage", static_cast<std::uint64_t>(r));
    std::vector<double> a, b;
    for (int u = 0; u < kUsers; ++u) {
      const double common = draw.normal();
      const double x = std::sqrt(share) * common + std::sqrt(1 - share) * draw.normal();
      const double y = std::sqrt(share) * common + std::sqrt(1 - share) * draw.normal();
      a.push_back(1.2 * x * x);
      b.push_back(y * y);
    }
    const auto sa = summarize(a);
    const auto sb = summarize(b);
    double covariance = 0;
    for (int u = 0; u < kUsers; ++u) covariance += (a[u] - sa.mean) * (b[u] - sb.mean);
    covariance /= (kUsers - 1.0) * kUsers;
    const Lift lift = relative_lift(sa, sb, share > 0 ? covariance : 0, 0.1);
    held += lift.interval.low <= 0.2 && 0.2 <= lift.interval.high ? 1 : 0;
  }
  return static_cast<double>(held) / repetitions;
}

TEST(RelativeLift, NineInTenIntervalsHoldTheTruth) {
  constexpr int kRepetitions = 2000;
  const double tolerance = 3 * std::sqrt(0.9 * 0.1 / kRepetitions);
  EXPECT_NEAR(coverage(0, kRepetitions), 0.9, tolerance);
  EXPECT_NEAR(coverage(0.8, kRepetitions), 0.9, tolerance);
}

}  // namespace
}  // namespace tamis::stats
