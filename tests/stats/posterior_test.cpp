#include "tamis/stats/posterior.h"

#include <cmath>
#include <stdexcept>

#include "tests/golden/rows.h"

namespace tamis::stats {
namespace {

TEST(PosteriorGolden, IsScipysBetaAndTheFiniteSum) {
  int seen = 0;
  for (const auto& row : golden::rows("comparisons.tsv")) {
    const auto number = [&](std::size_t column) { return std::stod(row[column]); };
    if (row[0] == "credible") {
      const Interval at = BetaPosterior{number(1), number(2)}.credible(number(3));
      EXPECT_NEAR(at.low, number(4), 1e-9);
      EXPECT_NEAR(at.high, number(5), 1e-9);
      ++seen;
    }
    if (row[0] == "greater") {
      const BetaPosterior x{number(1), number(2)}, y{number(3), number(4)};
      EXPECT_NEAR(probability_greater(x, y), number(5), 1e-9);
      EXPECT_NEAR(probability_greater(y, x), 1 - number(5), 1e-9);
      ++seen;
    }
  }
  EXPECT_EQ(seen, 16);
}

TEST(BetaPosterior, CountsOntoThePrior) {
  const BetaPosterior posterior = beta_binomial({2, 3}, 7, 10);
  EXPECT_EQ(posterior.a, 9);
  EXPECT_EQ(posterior.b, 6);
  EXPECT_DOUBLE_EQ(posterior.mean(), 0.6);
  EXPECT_NEAR(probability_greater(posterior, posterior), 0.5, 1e-9);
  EXPECT_NEAR(probability_greater(BetaPosterior{0.5, 0.5}, BetaPosterior{0.5, 0.5}), 0.5, 1e-9);
  EXPECT_NEAR(probability_greater(BetaPosterior{900, 100}, BetaPosterior{100, 900}), 1, 1e-9);
  EXPECT_THROW(beta_binomial({}, 3, 2), std::invalid_argument);
  EXPECT_THROW(beta_binomial({0, 1}, 1, 2), std::invalid_argument);
  EXPECT_THROW(BetaPosterior{}.credible(1), std::invalid_argument);
}

TEST(NormalPosterior, WeighsByPrecision) {
  // Precisions 1/4 and 1: mean (0.25 * 10 + 1 * 5) / 1.25, variance 1 / 1.25.
  const NormalPosterior posterior = normal_update({10, 2}, 5, 1);
  EXPECT_DOUBLE_EQ(posterior.mean, 6);
  EXPECT_DOUBLE_EQ(posterior.deviation, std::sqrt(0.8));
  EXPECT_NEAR(posterior.credible(0.05).high, 6 + 1.959963984540054 * std::sqrt(0.8), 1e-12);
  const NormalPosterior flat = normal_update({0, 1e200}, 3, 1e-3);
  EXPECT_EQ(flat.mean, 3);
  EXPECT_NEAR(flat.deviation, 1e-3, 1e-15);
  EXPECT_NEAR(probability_greater(NormalPosterior{1, 3}, NormalPosterior{0, 4}), std::erfc(-0.2 / std::sqrt(2.0)) / 2,
              1e-12);
  EXPECT_THROW(normal_update({0, 0}, 1, 1), std::invalid_argument);
  EXPECT_THROW(normal_update({0, 1}, 1, std::nan("")), std::invalid_argument);
}

}  // namespace
}  // namespace tamis::stats
