#include "tamis/stats/covariance.h"

#include "tamis/base/random.h"
#include "tests/golden/rows.h"

namespace tamis::stats {
namespace {

TEST(CovarianceGolden, IsNumpys) {
  int seen = 0;
  for (const auto& row : golden::rows("comparisons.tsv")) {
    if (row[0] != "covariance") continue;
    const auto x = golden::numbers(row[4]), y = golden::numbers(row[5]);
    Covariance state;
    for (std::size_t i = 0; i < x.size(); ++i) state.update(x[i], y[i]);
    EXPECT_NEAR(state.covariance(), std::stod(row[1]), 1e-12);
    EXPECT_NEAR(state.x().variance(), std::stod(row[2]), 1e-12);
    EXPECT_NEAR(state.y().variance(), std::stod(row[3]), 1e-12);
    ++seen;
  }
  EXPECT_EQ(seen, 3);
}

TEST(Covariance, MergeOfPartsIsTheWholeInAnyOrder) {
  Stream stream(1, "pairs");
  for (int trial = 0; trial < 50; ++trial) {
    const auto n = 1 + stream.below(40);
    Covariance whole, parts[4];
    for (std::uint64_t i = 0; i < n; ++i) {
      const double x = 1e6 + stream.normal(), y = x + 3 * stream.normal();
      whole.update(x, y);
      parts[stream.below(4)].update(x, y);
    }
    Covariance merged;
    for (const int i : {2, 0, 3, 1}) merged.merge(parts[i]);
    EXPECT_EQ(merged.count, whole.count);
    EXPECT_NEAR(merged.mean_x, whole.mean_x, 1e-8);
    EXPECT_NEAR(merged.covariance(), whole.covariance(), 1e-7);
    EXPECT_NEAR(merged.x().variance(), whole.x().variance(), 1e-7);
    EXPECT_NEAR(merged.y().variance(), whole.y().variance(), 1e-7);
  }
  EXPECT_EQ(Covariance().covariance(), 0);
}

}  // namespace
}  // namespace tamis::stats
