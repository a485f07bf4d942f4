#include "tamis/stats/paired.h"

#include <cmath>
#include <stdexcept>

#include "tamis/base/random.h"
#include "tamis/stats/paired_bootstrap.h"
#include "tamis/stats/sign_flip.h"

namespace tamis::stats {
namespace {

using Values = std::vector<double>;

const Values kA{0.4, 0.9, 0.3, 0.8, 0.7, 0.5, 0.95, 0.1};
const Values kB{0.2, 0.6, 0.3, 0.6, 0.8, 0.1, 0.45, 0.0};

Paired compare(PairedTest test, PairedInterval interval = PairedInterval::inverted) {
  PairedOptions options;
  options.test = test;
  options.interval = interval;
  options.seed = 5;
  options.replicates = 2000;
  return compare_paired(kA, kB, {}, options);
}

Values differences() {
  Values result;
  for (std::size_t i = 0; i < kA.size(); ++i) result.push_back(kA[i] - kB[i]);
  return result;
}

TEST(ComparePaired, DescribesThePairsWhateverTheTest) {
  for (const auto test : {PairedTest::t, PairedTest::wilcoxon, PairedTest::randomization, PairedTest::bootstrap}) {
    const Paired paired = compare(test);
    EXPECT_EQ(paired.units, 8U);
    EXPECT_EQ(paired.clusters, 8U);
    EXPECT_EQ(paired.wins, 6U);
    EXPECT_EQ(paired.losses, 1U);
    EXPECT_EQ(paired.ties, 1U);
    EXPECT_NEAR(paired.difference, 1.6 / 8, 1e-12);
    EXPECT_NEAR(paired.mean_a - paired.mean_b, paired.difference, 1e-12);
    EXPECT_TRUE(paired.p && paired.low && paired.high && paired.why.empty());
    EXPECT_GT(paired.hedges_g.value(), 0.5);
    EXPECT_LT(paired.hedges_g.value(), paired.cohens_dz.value());
    EXPECT_EQ(parse_paired_test(text(test)), test);
  }
}

TEST(ComparePaired, IsTheTestsByThemselves) {
  const TestResult t = one_sample(summarize(differences()));
  EXPECT_EQ(compare(PairedTest::t).p, t.p);
  EXPECT_EQ(compare(PairedTest::t).low, interval(t, 0.05).low);
  const auto bootstrap = paired_bootstrap(separate(differences()), 2000, 5);
  EXPECT_EQ(compare(PairedTest::bootstrap).p, bootstrap.percentile_p());
  EXPECT_EQ(compare(PairedTest::bootstrap, PairedInterval::bca).p, bootstrap.bca_p());
  EXPECT_EQ(compare(PairedTest::bootstrap, PairedInterval::bca).high, bootstrap.bca(0.05).high);
  EXPECT_EQ(compare(PairedTest::t, PairedInterval::percentile).low, bootstrap.percentile(0.05).low);
  EXPECT_EQ(compare(PairedTest::t, PairedInterval::percentile).p, t.p);
  EXPECT_EQ(compare(PairedTest::randomization).p, sign_flip_test(separate(differences()), 2000, 5).p);
  EXPECT_EQ(compare(PairedTest::wilcoxon).p, signed_rank(differences()).p);
}

TEST(ComparePaired, WithClustersTakesThemAsUnits) {
  const std::vector<std::uint32_t> cluster{0, 0, 1, 1, 2, 2, 3, 3};
  PairedOptions options;
  for (const auto test : {PairedTest::t, PairedTest::randomization, PairedTest::bootstrap}) {
    options.test = test;
    const Paired paired = compare_paired(kA, kB, cluster, options);
    EXPECT_EQ(paired.clusters, 4U);
    EXPECT_NEAR(paired.difference, 0.2, 1e-12);
    // Four signs give no p below 2/16.
    if (test == PairedTest::randomization) {
      EXPECT_EQ(paired.p, 2.0 / 16);
      EXPECT_FALSE(paired.low);
      EXPECT_NE(paired.why, "");
    }
  }
  options.test = PairedTest::wilcoxon;
  EXPECT_THROW(compare_paired(kA, kB, cluster, options), std::invalid_argument);
  options.test = PairedTest::t;
  EXPECT_THROW(compare_paired(kA, kB, std::vector<std::uint32_t>(8, 0), options), std::invalid_argument);
}

TEST(ComparePaired, OfConstantDifferencesHasNoT) {
  Values shifted = kB;
  for (double& x : shifted) x += 0.1;  // equal but for rounding
  const Paired t = compare_paired(shifted, kB, {}, {});
  EXPECT_FALSE(t.p);
  EXPECT_FALSE(t.low);
  EXPECT_FALSE(t.cohens_dz);
  EXPECT_EQ(t.why, "the differences do not vary, so t is undefined");
  EXPECT_NEAR(t.difference, 0.1, 1e-12);
  PairedOptions options;
  options.test = PairedTest::randomization;
  EXPECT_DOUBLE_EQ(compare_paired(shifted, kB, {}, options).p.value(), 2.0 / 256);
  EXPECT_EQ(compare_paired(kB, kB, {}, options).p, 1);
  options.test = PairedTest::wilcoxon;
  EXPECT_FALSE(compare_paired(kB, kB, {}, options).p);
}

TEST(ComparePaired, RefusesWhatIsNoComparison) {
  EXPECT_THROW(compare_paired(kA, Values{1}, {}, {}), std::invalid_argument);
  EXPECT_THROW(compare_paired(Values{1}, Values{1}, {}, {}), std::invalid_argument);
  EXPECT_THROW(compare_paired(Values{1, std::nan("")}, Values{1, 2}, {}, {}), std::invalid_argument);
  PairedOptions options;
  options.alpha = 1;
  EXPECT_THROW(compare_paired(kA, kB, {}, options), std::invalid_argument);
  options.alpha = 0.05;
  options.test = PairedTest::bootstrap;
  options.replicates = 0;
  EXPECT_THROW(compare_paired(kA, kB, {}, options), std::invalid_argument);
  EXPECT_THROW(parse_paired_test("z"), std::invalid_argument);
}

}  // namespace
}  // namespace tamis::stats
