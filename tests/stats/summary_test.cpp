#include "tamis/stats/summary.h"

namespace tamis::stats {
namespace {

TEST(Summary, MergeOfPartsIsTheWhole) {
  const std::vector<double> all = {1, 4, 9, 16, 25, 36};
  Summary left = summarize(std::span(all).first(2));
  left.merge(summarize(std::span(all).subspan(2)));
  const Summary whole = summarize(all);
  EXPECT_EQ(left.count, whole.count);
  EXPECT_NEAR(left.mean, whole.mean, 1e-12);
  EXPECT_NEAR(left.variance(), whole.variance(), 1e-12);
  EXPECT_NEAR(whole.variance(), 178.96666666666667, 1e-12);
}

TEST(Summary, OfNothingAndOfOneHasNoVariance) {
  EXPECT_EQ(summarize({}).count, 0U);
  const std::vector<double> one = {3};
  EXPECT_EQ(summarize(one).mean, 3);
  EXPECT_EQ(summarize(one).standard_error(), 0);
}

}  // namespace
}  // namespace tamis::stats
