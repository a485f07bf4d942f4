#include "tamis/stats/ratio.h"

#include <cmath>
#include <stdexcept>

#include "tamis/base/random.h"
#include "tamis/stats/clusters.h"
#include "tests/golden/rows.h"

namespace tamis::stats {
namespace {

using Values = std::vector<double>;

Covariance covariance(const Values& x, const Values& y) {
  Covariance state;
  for (std::size_t i = 0; i < x.size(); ++i) state.update(x[i], y[i]);
  return state;
}

TEST(RatioGolden, IsTheDeltaMethod) {
  int seen = 0;
  for (const auto& row : golden::rows("comparisons.tsv")) {
    if (row[0] == "ratio") {
      const Ratio ratio = ratio_of_means(covariance(golden::numbers(row[3]), golden::numbers(row[4])));
      EXPECT_NEAR(ratio.estimate, std::stod(row[1]), 1e-12);
      EXPECT_NEAR(ratio.standard_error, std::stod(row[2]), 1e-10);
      ++seen;
    }
  }
  EXPECT_EQ(seen, 3);
}

TEST(RatioGolden, OfClustersIsStatsmodelsClusteredT) {
  int seen = 0;
  for (const auto& row : golden::rows("comparisons.tsv")) {
    if (row[0] != "cluster_t") continue;
    SCOPED_TRACE(++seen);
    const Clusters clusters = by_cluster(golden::numbers(row[7]), golden::numbers<std::uint32_t>(row[6]));
    const TestResult test = ratio_test(ratio_of_means(covariance(clusters.total, clusters.size)));
    EXPECT_NEAR(test.p, std::stod(row[1]), 1e-9);
    EXPECT_NEAR(test.estimate, std::stod(row[2]), 1e-12);
    EXPECT_NEAR(test.standard_error, std::stod(row[3]), 1e-12);
    EXPECT_NEAR(interval(test, 0.05).low, std::stod(row[4]), 1e-9);
    EXPECT_NEAR(interval(test, 0.05).high, std::stod(row[5]), 1e-9);
  }
  EXPECT_EQ(seen, 3);
}

TEST(Ratio, CoversTheTruthThoughUnitsAreAlikeInside) {
  // A user's clicks share the user's own rate: views are no independent trials.
  int held = 0, held_by_views = 0;
  const int trials = 800;
  for (int trial = 0; trial < trials; ++trial) {
    Stream stream(2, "users", static_cast<std::uint64_t>(trial));
    Covariance users;
    double clicks = 0, views = 0;
    for (int u = 0; u < 300; ++u) {
      const auto seen = 1 + stream.below(20);
      const double rate = stream.uniform();
      double clicked = 0;
      for (std::uint64_t v = 0; v < seen; ++v) clicked += stream.uniform() < rate ? 1 : 0;
      users.update(clicked, static_cast<double>(seen));
      clicks += clicked;
      views += static_cast<double>(seen);
    }
    const Interval at = ratio_interval(ratio_of_means(users), 0.05);
    held += at.low <= 0.5 && 0.5 <= at.high ? 1 : 0;
    const double share = clicks / views, reach = 1.96 * std::sqrt(share * (1 - share) / views);
    held_by_views += std::abs(share - 0.5) <= reach ? 1 : 0;
  }
  EXPECT_NEAR(held / static_cast<double>(trials), 0.95, 3 * std::sqrt(0.95 * 0.05 / trials) + 0.005);
  EXPECT_LT(held_by_views / static_cast<double>(trials), 0.85);
}

TEST(RatioDifference, ByHand) {
  const TestResult test = ratio_difference({0.5, 0.03, 10}, {0.4, 0.04, 10});
  EXPECT_DOUBLE_EQ(test.estimate, 0.1);
  EXPECT_DOUBLE_EQ(test.standard_error, 0.05);
  EXPECT_NEAR(test.p, std::erfc(2 / std::sqrt(2.0)), 1e-9);
  EXPECT_EQ(ratio_difference({0.5, 0, 2}, {0.5, 0, 2}).p, 1);
  EXPECT_EQ(ratio_difference({0.5, 0, 2}, {0.4, 0, 2}).p, 0);
}

TEST(Ratio, RefusesWhatHasNone) {
  EXPECT_THROW(ratio_of_means(covariance({1}, {1})), std::invalid_argument);
  EXPECT_THROW(ratio_of_means(covariance({1, 2}, {1, -1})), std::invalid_argument);
  EXPECT_THROW(ratio_of_means(covariance({1, std::nan("")}, {1, 1})), std::invalid_argument);
  EXPECT_THROW(ratio_interval({1, 1, 2}, 0), std::invalid_argument);
  EXPECT_EQ(ratio_of_means(covariance({2, 4}, {1, 2})).standard_error, 0);
}

}  // namespace
}  // namespace tamis::stats
