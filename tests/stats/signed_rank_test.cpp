#include "tamis/stats/signed_rank.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "tamis/base/random.h"
#include "tests/golden/rows.h"

namespace tamis::stats {
namespace {

using Values = std::vector<double>;

TEST(SignedRankGolden, IsScipys) {
  int seen = 0;
  for (const auto& row : golden::rows("comparisons.tsv")) {
    if (row[0] != "wilcoxon") continue;
    SCOPED_TRACE(++seen);
    const Values differences = golden::numbers(row[7]);
    SignedRankOptions options;
    options.zeros = parse_zero_method(row[1]);
    options.method = row[2] == "exact" ? RankMethod::exact : RankMethod::approximate;
    options.continuity = std::stod(row[3]) != 0;
    const SignedRank test = signed_rank(differences, options);
    const double p = std::stod(row[4]);
    EXPECT_NEAR(test.p.value(), p, 1e-9 * p);
    EXPECT_DOUBLE_EQ(test.positive, std::stod(row[5]));
    EXPECT_DOUBLE_EQ(test.negative, std::stod(row[6]));
    EXPECT_EQ(test.exact, row[2] == "exact");
  }
  EXPECT_EQ(seen, 111);
}

TEST(SignedRank, ByHand) {
  // Sizes 1 2 2 4 hold ranks 1 2.5 2.5 4; T- = 2.5. Of 16 signs {}, {1}, {2.5}, {2.5'} have sums up to 2.5.
  const SignedRank test = signed_rank(Values{1, -2, 2, 4}, {ZeroMethod::wilcox, RankMethod::exact, false});
  EXPECT_EQ(test.positive, 7.5);
  EXPECT_EQ(test.negative, 2.5);
  EXPECT_EQ(test.p, 2 * 4.0 / 16);
  EXPECT_EQ(test.rank_biserial, 0.5);
  EXPECT_TRUE(test.ties);
  EXPECT_EQ(test.ranked, 4U);
}

TEST(SignedRank, WithZerosItSaysSo) {
  const Values values{0, 0, 3, -1, 2};
  EXPECT_EQ(signed_rank(values).ranked, 3U);
  EXPECT_EQ(signed_rank(values).zeros, 2U);
  EXPECT_FALSE(signed_rank(values).ties);
  EXPECT_FALSE(signed_rank(values).exact);
  EXPECT_EQ(signed_rank(values, {ZeroMethod::pratt, RankMethod::automatic, false}).positive, 9);
  EXPECT_EQ(signed_rank(values, {ZeroMethod::pratt, RankMethod::automatic, false}).ranked, 3U);
  const SignedRank split = signed_rank(values, {ZeroMethod::zsplit, RankMethod::automatic, false});
  EXPECT_EQ(split.ranked, 5U);
  EXPECT_EQ(split.positive, 10.5);
  EXPECT_TRUE(split.ties);
}

TEST(SignedRank, OfZerosAloneIsUndefined) {
  for (const auto zeros : {ZeroMethod::wilcox, ZeroMethod::pratt, ZeroMethod::zsplit}) {
    const SignedRank test = signed_rank(Values{0, 0, -0.0}, {zeros, RankMethod::automatic, false});
    EXPECT_FALSE(test.p);
    EXPECT_FALSE(test.rank_biserial);
  }
  EXPECT_FALSE(signed_rank({}).p);
}

TEST(SignedRank, ChoosesTheExactMethodForFewPlainDifferences) {
  Values values;
  for (int i = 1; i <= 50; ++i) values.push_back(i % 3 == 0 ? -i : i);
  EXPECT_TRUE(signed_rank(values).exact);
  values.push_back(51);
  EXPECT_FALSE(signed_rank(values).exact);
  values.resize(20);
  values[3] = values[2];
  EXPECT_FALSE(signed_rank(values).exact);
}

TEST(SignedRank, RefusesWhatItCannotRank) {
  EXPECT_THROW(signed_rank(Values{1, std::nan("")}), std::invalid_argument);
  EXPECT_THROW(signed_rank(Values(501, 1.0), {ZeroMethod::wilcox, RankMethod::exact, false}), std::invalid_argument);
  EXPECT_THROW(parse_zero_method("drop"), std::invalid_argument);
  EXPECT_THROW(pseudo_median(Values{}), std::invalid_argument);
  EXPECT_THROW(pseudo_median(Values{std::numeric_limits<double>::infinity()}), std::invalid_argument);
  EXPECT_THROW(pseudo_median_interval(Values{1, 2}, 1.5, true), std::invalid_argument);
}

Values walsh_averages(const Values& values) {
  Values averages;
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = i; j < values.size(); ++j) averages.push_back((values[i] + values[j]) / 2);
  }
  std::sort(averages.begin(), averages.end());
  return averages;
}

TEST(PseudoMedian, IsTheMedianOfTheWalshAverages) {
  Stream stream(1, "walsh");
  for (int trial = 0; trial < 300; ++trial) {
    Values values(1 + stream.below(30));
    for (double& x : values) {
      x = stream.normal() * std::pow(10, 3 * stream.normal());
      if (trial % 3 == 0) x = std::round(x);
    }
    const Values averages = walsh_averages(values);
    const double median = (averages[(averages.size() - 1) / 2] + averages[averages.size() / 2]) / 2;
    EXPECT_NEAR(pseudo_median(values), median, 1e-12 * std::abs(median));
  }
  EXPECT_EQ(pseudo_median(Values{-3}), -3);
  EXPECT_EQ(pseudo_median(Values{1e308, 1e308}), 1e308);
}

TEST(PseudoMedianInterval, LeavesOutZeroExactlyWhenPIsBelowAlpha) {
  Stream stream(2, "duality");
  int rejected = 0;
  for (int trial = 0; trial < 600; ++trial) {
    Values values(4 + stream.below(25));
    const double shift = 0.5 * stream.normal();
    for (double& x : values) x = shift + stream.normal();
    const double alpha = 0.01 + 0.3 * stream.uniform();
    for (const bool exact : {true, false}) {
      const bool continuity = trial % 2 == 0;
      const auto at = pseudo_median_interval(values, alpha, exact, continuity);
      const auto method = exact ? RankMethod::exact : RankMethod::approximate;
      const double p = signed_rank(values, {ZeroMethod::wilcox, method, continuity}).p.value();
      const bool leaves_out = at && (at->low > 0 || at->high < 0);
      EXPECT_EQ(leaves_out, p < alpha) << p << " at " << alpha << (exact ? " exact" : "");
      rejected += leaves_out ? 1 : 0;
      if (at) {
        EXPECT_LE(at->low, pseudo_median(values));
        EXPECT_GE(at->high, pseudo_median(values));
      }
    }
  }
  EXPECT_GT(rejected, 200);
}

TEST(PseudoMedianInterval, NeedsSixDifferencesForNinetyFivePerCent) {
  // The smallest p of five is 2 / 32.
  EXPECT_FALSE(pseudo_median_interval(Values{1, 2, 3, 4, 5}, 0.05, true));
  const auto six = pseudo_median_interval(Values{1, 2, 3, 4, 5, 6.5}, 0.05, true);
  ASSERT_TRUE(six);
  EXPECT_EQ(six->low, 1);
  EXPECT_EQ(six->high, 6.5);
}

}  // namespace
}  // namespace tamis::stats
