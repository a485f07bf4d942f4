#include "tamis/stats/proportion.h"

#include <cmath>
#include <stdexcept>

#include "tests/golden/rows.h"

namespace tamis::stats {
namespace {

TEST(ProportionGolden, AreStatsmodels) {
  int seen = 0;
  for (const auto& row : golden::rows("comparisons.tsv")) {
    if (row[0] != "beta" && row[0] != "wilson") continue;
    SCOPED_TRACE(++seen);
    const auto k = static_cast<std::uint64_t>(std::stod(row[1])), n = static_cast<std::uint64_t>(std::stod(row[2]));
    const double alpha = std::stod(row[3]);
    const Interval at = row[0] == "beta" ? clopper_pearson(k, n, alpha) : wilson(k, n, alpha);
    EXPECT_NEAR(at.low, std::stod(row[4]), 1e-9);
    EXPECT_NEAR(at.high, std::stod(row[5]), 1e-9);
  }
  EXPECT_EQ(seen, 36);
}

TEST(ClopperPearson, CoversAtLeastWhatItSays) {
  // The chance of each k is summed where the interval holds the share.
  for (const double share : {0.01, 0.1, 0.37, 0.5}) {
    const std::uint64_t n = 40;
    double covered = 0;
    for (std::uint64_t k = 0; k <= n; ++k) {
      const double chance = std::exp(
          std::lgamma(41.0) - std::lgamma(static_cast<double>(k) + 1) - std::lgamma(static_cast<double>(n - k) + 1) +
          static_cast<double>(k) * std::log(share) + static_cast<double>(n - k) * std::log(1 - share));
      const Interval at = clopper_pearson(k, n, 0.05);
      if (at.low <= share && share <= at.high) covered += chance;
    }
    EXPECT_GE(covered, 0.95);
  }
}

TEST(Proportion, RefusesWhatIsNone) {
  EXPECT_THROW(clopper_pearson(0, 0, 0.05), std::invalid_argument);
  EXPECT_THROW(clopper_pearson(3, 2, 0.05), std::invalid_argument);
  EXPECT_THROW(wilson(1, 2, 0), std::invalid_argument);
  EXPECT_THROW(wilson(1, 2, std::nan("")), std::invalid_argument);
}

}  // namespace
}  // namespace tamis::stats
