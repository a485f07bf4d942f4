#include "tamis/stats/sign_flip.h"

#include <cmath>
#include <stdexcept>

#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tests/golden/rows.h"

namespace tamis::stats {
namespace {

using Values = std::vector<double>;

Values less(const Values& a, const Values& b) {
  Values differences;
  for (std::size_t i = 0; i < a.size(); ++i) differences.push_back(a[i] - b[i]);
  return differences;
}

TEST(SignFlipGolden, IsScipysPermutationTest) {
  int seen = 0;
  for (const auto& row : golden::rows("comparisons.tsv")) {
    if (row[0] != "permutation") continue;
    SCOPED_TRACE(++seen);
    const SignFlip test = sign_flip_test(separate(less(golden::numbers(row[2]), golden::numbers(row[3]))), 5000, 1);
    EXPECT_TRUE(test.exact);
    EXPECT_DOUBLE_EQ(test.p, std::stod(row[1]));
  }
  EXPECT_EQ(seen, 8);
}

TEST(SignFlip, ByHand) {
  // |sum| of signs of 1 2 3: 6 0 2 4 4 2 0 6; at least |3 + 2 - 1| = 4 are four of eight.
  const SignFlip test = sign_flip_test(separate(Values{-1, 2, 3}), 8, 0);
  EXPECT_TRUE(test.exact);
  EXPECT_EQ(test.flips, 8U);
  EXPECT_EQ(test.at_least, 4U);
  EXPECT_EQ(test.p, 0.5);
  EXPECT_DOUBLE_EQ(test.estimate, 4.0 / 3);
  EXPECT_FALSE(sign_flip_test(separate(Values{-1, 2, 3}), 7, 0).exact);
}

TEST(SignFlip, TiesButForRoundingCount) {
  // |s1 0.1 + s2 0.2 - s3 0.3 + 5| is at least 5 for five of eight signs; for two of them equal but for 6e-17.
  const SignFlip test = sign_flip_test(separate(Values{0.1, 0.2, -0.3, 5}), 16, 0);
  EXPECT_EQ(test.at_least, 2U * 5U);
}

TEST(SignFlip, OfNoDifferenceIsOne) {
  EXPECT_EQ(sign_flip_test(separate(Values{0, 0, 0}), 100, 0).p, 1);
  EXPECT_EQ(sign_flip_test(separate(Values(40, 0.0)), 100, 0).p, 1);
  EXPECT_EQ(sign_flip_test(separate(Values{1, -1}), 100, 0).p, 1);
}

// The drawn signs, one after the other.
TEST(SignFlip, DrawsBitsOfPhilox) {
  Stream stream(5, "values");
  Values values(301);
  for (double& x : values) x = 0.08 + stream.normal();
  const SignFlip test = sign_flip_test(separate(values), 500, 9);
  EXPECT_FALSE(test.exact);
  double all = 0;
  for (const double x : values) all += x;
  int at_least = 0;
  for (std::uint32_t r = 0; r < 500; ++r) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto words = philox4x32_10({static_cast<std::uint32_t>(i / 128), 0, r, 0}, stream_key(9, "sign flip"));
      sum += ((words[i % 128 / 32] >> (i % 32)) & 1U) != 0 ? -values[i] : values[i];
    }
    at_least += std::abs(sum) >= std::abs(all) ? 1 : 0;
  }
  EXPECT_EQ(test.at_least, static_cast<std::uint64_t>(at_least));
  EXPECT_DOUBLE_EQ(test.p, (at_least + 1.0) / 501);
}

TEST(SignFlip, TurnsClustersAsAWhole) {
  // Clusters of equal values are no more than their sums.
  const Values values{1, 1, -2, 4, 4, 4};
  const std::vector<std::uint32_t> cluster{0, 0, 1, 3, 3, 3};
  const SignFlip test = sign_flip_test(by_cluster(values, cluster), 100, 0);
  EXPECT_EQ(test.flips, 8U);
  EXPECT_DOUBLE_EQ(test.estimate, 2);
  EXPECT_EQ(test.p, sign_flip_test(separate(Values{2, -2, 12}), 100, 0).p);
  EXPECT_THROW(by_cluster(values, std::vector<std::uint32_t>{0}), std::invalid_argument);
}

TEST(SignFlipInterval, IsWhatTheTestDoesNotReject) {
  Stream stream(6, "inversion");
  for (int trial = 0; trial < 60; ++trial) {
    Values values(4 + stream.below(trial % 2 == 0 ? 5 : 30));
    std::vector<std::uint32_t> cluster;
    const double shift = stream.normal();
    for (double& x : values) {
      x = shift + stream.normal();
      cluster.push_back(static_cast<std::uint32_t>(stream.below(values.size())));
    }
    const bool clustered = trial % 3 == 0;
    const auto shifted = [&](double by) {
      Values moved = values;
      for (double& x : moved) x -= by;
      return sign_flip_test(clustered ? by_cluster(moved, cluster) : separate(moved), 400, 3);
    };
    const double alpha = 0.05 + 0.3 * stream.uniform();
    const SignFlip test = shifted(0);
    const auto at = test.interval(alpha);
    EXPECT_EQ(at && (at->low > 0 || at->high < 0), test.p < alpha);
    if (!at) continue;
    const double step = 1e-9 * (at->high - at->low);
    EXPECT_LT(shifted(at->low - step).p, alpha);
    EXPECT_GE(shifted(at->low + step).p, alpha);
    EXPECT_GE(shifted(at->high - step).p, alpha);
    EXPECT_LT(shifted(at->high + step).p, alpha);
  }
}

TEST(SignFlipInterval, NeedsEnoughFlips) {
  EXPECT_FALSE(sign_flip_test(separate(Values{1, 2, 3, 4}), 100, 0).interval(0.05));
  EXPECT_TRUE(sign_flip_test(separate(Values{1, 2, 3, 4, 5, 6}), 100, 0).interval(0.05));
  EXPECT_THROW(sign_flip_test(separate(Values{1, 2}), 100, 0).interval(0), std::invalid_argument);
}

TEST(SignFlip, IsTheSameAtAnyNumberOfThreads) {
  Stream stream(7, "threads");
  Values values(3000);
  for (double& x : values) x = stream.normal();
  const int before = threads();
  set_threads(1);
  const SignFlip one = sign_flip_test(separate(values), 999, 4);
  set_threads(3);
  const SignFlip three = sign_flip_test(separate(values), 999, 4);
  set_threads(before);
  EXPECT_EQ(one.low_ends, three.low_ends);
  EXPECT_EQ(one.high_ends, three.high_ends);
  EXPECT_EQ(one.p, three.p);
}

TEST(SignFlip, RefusesNothingAndNonsense) {
  EXPECT_THROW(sign_flip_test({}, 100, 0), std::invalid_argument);
  EXPECT_THROW(sign_flip_test(separate(Values{1, 2}), 0, 0), std::invalid_argument);
  EXPECT_THROW(sign_flip_test(separate(Values{1, std::nan("")}), 100, 0), std::invalid_argument);
}

}  // namespace
}  // namespace tamis::stats
