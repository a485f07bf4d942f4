#include "tamis/stats/effect_size.h"

#include <cmath>
#include <stdexcept>

#include "tamis/stats/signed_rank.h"
#include "tests/golden/rows.h"

namespace tamis::stats {
namespace {

using Values = std::vector<double>;

TEST(EffectSizeGolden, AreTheirFormulas) {
  int effects = 0, corrections = 0;
  for (const auto& row : golden::rows("comparisons.tsv")) {
    if (row[0] == "hedges") {
      // The golden value is a difference of logarithms of up to 17,000.
      EXPECT_NEAR(hedges_correction(std::stod(row[1])), std::stod(row[2]), 1e-11);
      ++corrections;
    }
    if (row[0] != "effect") continue;
    SCOPED_TRACE(++effects);
    const Values a = golden::numbers(row[5]), b = golden::numbers(row[6]);
    Values differences;
    for (std::size_t i = 0; i < a.size(); ++i) differences.push_back(a[i] - b[i]);
    const double dz = cohens_dz(summarize(differences)).value();
    EXPECT_NEAR(dz, std::stod(row[1]), 1e-12);
    EXPECT_NEAR(dz * hedges_correction(static_cast<double>(a.size() - 1)), std::stod(row[2]), 1e-12);
    EXPECT_NEAR(signed_rank(differences).rank_biserial.value(), std::stod(row[3]), 1e-12);
    EXPECT_NEAR(cliffs_delta(a, b).value(), std::stod(row[4]), 1e-12);
  }
  EXPECT_EQ(effects, 4);
  EXPECT_EQ(corrections, 5);
}

TEST(EffectSize, ByHand) {
  // Means 3 and 1, sums of squares 2 and 8 over 4 degrees.
  EXPECT_DOUBLE_EQ(cohens_d(summarize(Values{2, 3, 4}), summarize(Values{-1, 1, 3})).value(), 2 / std::sqrt(2.5));
  // Of 2 x 3 pairs three are greater, one is smaller, two tie.
  EXPECT_DOUBLE_EQ(cliffs_delta(Values{2, 3}, Values{1, 2, 3}).value(), (3 - 1) / 6.0);
  EXPECT_NEAR(hedges_correction(1e9), 1, 1e-8);
  EXPECT_LT(hedges_correction(1e9), 1.0 + 1e-12);
}

TEST(EffectSize, WithoutSpreadIsUndefined) {
  EXPECT_FALSE(cohens_dz(summarize(Values{2, 2, 2})));
  EXPECT_FALSE(cohens_dz(summarize(Values{2})));
  EXPECT_FALSE(cohens_d(summarize(Values{2, 2}), summarize(Values{1, 1})));
  EXPECT_FALSE(cohens_d(summarize(Values{2}), summarize(Values{1})));
  EXPECT_FALSE(cliffs_delta({}, Values{1}));
  EXPECT_THROW(cliffs_delta(Values{std::nan("")}, Values{1}), std::invalid_argument);
  EXPECT_THROW(hedges_correction(1), std::invalid_argument);
}

}  // namespace
}  // namespace tamis::stats
