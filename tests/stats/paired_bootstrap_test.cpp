#include "tamis/stats/paired_bootstrap.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "tamis/base/random.h"
#include "tests/golden/rows.h"

namespace tamis::stats {
namespace {

using Values = std::vector<double>;

TEST(BcaGolden, IsScipysOnItsReplicates) {
  int seen = 0;
  for (const auto& row : golden::rows("comparisons.tsv")) {
    if (row[0] != "bca") continue;
    SCOPED_TRACE(++seen);
    const auto expected = [&](std::size_t column) { return std::stod(row[column]); };
    PairedBootstrap bootstrap;
    const Clusters clusters = separate(golden::numbers(row[8]));
    bootstrap.estimate = clusters.mean();
    bootstrap.replicates = golden::numbers(row[9]);
    std::sort(bootstrap.replicates.begin(), bootstrap.replicates.end());
    bootstrap.bias = bias_correction(bootstrap.estimate, bootstrap.replicates);
    bootstrap.acceleration = jackknife_acceleration(clusters);
    EXPECT_NEAR(bootstrap.estimate, expected(1), 1e-12);
    EXPECT_NEAR(bootstrap.bias, expected(2), 1e-9);
    EXPECT_NEAR(bootstrap.acceleration, expected(3), 1e-9);
    EXPECT_NEAR(bootstrap.bca(0.05).low, expected(4), 1e-9);
    EXPECT_NEAR(bootstrap.bca(0.05).high, expected(5), 1e-9);
    EXPECT_NEAR(bootstrap.bca(0.2).low, expected(6), 1e-9);
    EXPECT_NEAR(bootstrap.bca(0.2).high, expected(7), 1e-9);
  }
  EXPECT_EQ(seen, 3);
}

Values exponentials(std::size_t n, double shift, std::uint64_t seed) {
  Stream stream(seed, "exponential");
  Values values(n);
  for (double& x : values) x = shift - std::log(1 - stream.uniform());
  return values;
}

TEST(PairedBootstrap, OfEqualClustersIsThatOfTheirMeans) {
  const Values means = exponentials(40, -0.6, 1);
  Values values;
  std::vector<std::uint32_t> cluster;
  for (std::uint32_t c = 0; c < 40; ++c) {
    for (const double off : {-1.0, 0.0, 1.0}) {
      values.push_back(means[c] + off);
      cluster.push_back(c);
    }
  }
  const auto one = paired_bootstrap(separate(means), 500, 3);
  const auto other = paired_bootstrap(by_cluster(values, cluster), 500, 3);
  EXPECT_NEAR(one.estimate, other.estimate, 1e-12);
  EXPECT_NEAR(one.acceleration, other.acceleration, 1e-12);
  EXPECT_NEAR(one.bias, other.bias, 0.02);
  for (std::size_t r = 0; r < 500; ++r) EXPECT_NEAR(one.replicates[r], other.replicates[r], 1e-12);
}

TEST(PairedBootstrap, WeighsClustersByWhatTheyHold) {
  // One cluster of 9 ones and one of a single 0: a resample has mean 0, 0.9 or 1.
  const Clusters clusters{{9, 0}, {9, 1}};
  const auto bootstrap = paired_bootstrap(clusters, 400, 1);
  EXPECT_DOUBLE_EQ(bootstrap.estimate, 0.9);
  for (const double x : bootstrap.replicates) EXPECT_TRUE(x == 0 || x == 1 || std::abs(x - 0.9) < 1e-12) << x;
  EXPECT_EQ(bootstrap.replicates.front(), 0);
  EXPECT_EQ(bootstrap.replicates.back(), 1);
}

TEST(Bca, IsPercentileWithoutBiasAndAcceleration) {
  auto bootstrap = paired_bootstrap(separate(exponentials(30, -0.8, 2)), 999, 4);
  EXPECT_NE(bootstrap.bca(0.05).low, bootstrap.percentile(0.05).low);
  EXPECT_GT(bootstrap.acceleration, 0);
  bootstrap.bias = bootstrap.acceleration = 0;
  EXPECT_NEAR(bootstrap.bca(0.05).low, bootstrap.percentile(0.05).low, 1e-12);
  EXPECT_NEAR(bootstrap.bca(0.05).high, bootstrap.percentile(0.05).high, 1e-12);
  EXPECT_NEAR(bootstrap.bca_p(), bootstrap.percentile_p(), 1e-12);
}

TEST(Bca, OfSkewedValuesLeansTowardsTheTail) {
  const auto bootstrap = paired_bootstrap(separate(exponentials(50, 0, 3)), 4000, 5);
  const Interval percentile = bootstrap.percentile(0.05), bca = bootstrap.bca(0.05);
  EXPECT_GT(bca.low, percentile.low);
  EXPECT_GT(bca.high, percentile.high);
}

TEST(Bca, ItsPIsWhereItsIntervalEndsAtZero) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const double shift = -1 + 0.6 * (Stream(seed, "shift").uniform() - 0.5);
    const auto bootstrap = paired_bootstrap(separate(exponentials(40, shift, seed)), 9999, seed);
    // Up to what a replicate or two on either side make.
    const double p = bootstrap.bca_p();
    const double above = std::min(0.999, 1.1 * p + 0.002), below = std::max(1e-6, p * 0.9 - 0.002);
    const Interval narrow = bootstrap.bca(above), wide = bootstrap.bca(below);
    EXPECT_TRUE(p >= 0.99 || narrow.low > 0 || narrow.high < 0) << p << " " << seed;
    // Far out the interval ends at the outermost replicate, while p counts the sample as one more.
    EXPECT_TRUE(p < 0.01 || (wide.low <= 0 && 0 <= wide.high)) << p << " " << seed;
  }
}

TEST(PairedBootstrap, OfEqualDifferencesIsAPoint) {
  const auto bootstrap = paired_bootstrap(separate(Values(10, 0.1)), 200, 0);
  EXPECT_EQ(bootstrap.bias, 0);
  EXPECT_EQ(bootstrap.acceleration, 0);
  for (const Interval at : {bootstrap.percentile(0.05), bootstrap.bca(0.05)}) {
    EXPECT_EQ(at.low, bootstrap.estimate);
    EXPECT_EQ(at.high, bootstrap.estimate);
  }
  EXPECT_DOUBLE_EQ(bootstrap.percentile_p(), 2.0 / 201);
  EXPECT_EQ(paired_bootstrap(separate(Values(10, 0.0)), 200, 0).percentile_p(), 1);
}

TEST(Bca, WithEveryReplicateOnOneSideIsAllOfThem) {
  PairedBootstrap bootstrap;
  bootstrap.replicates = {1, 2, 3};
  bootstrap.bias = bias_correction(0.5, bootstrap.replicates);
  EXPECT_TRUE(std::isinf(bootstrap.bias));
  EXPECT_EQ(bootstrap.bca(0.05).low, 1);
  EXPECT_EQ(bootstrap.bca(0.05).high, 3);
  EXPECT_EQ(bootstrap.bca_p(), bootstrap.percentile_p());
}

TEST(PairedBootstrap, RefusesWhatItCannotResample) {
  EXPECT_THROW(paired_bootstrap(separate(Values{1}), 10, 0), std::invalid_argument);
  EXPECT_THROW(paired_bootstrap(separate(Values{1, 2}), 0, 0), std::invalid_argument);
  const auto fine = paired_bootstrap(separate(Values{1, 2}), 10, 0);
  EXPECT_THROW(fine.percentile(0), std::invalid_argument);
  EXPECT_THROW(fine.bca(1), std::invalid_argument);
}

}  // namespace
}  // namespace tamis::stats
