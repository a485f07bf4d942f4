#include "tamis/evidence/metrics/beyond_accuracy.h"

#include <cmath>
#include <cstdlib>
#include <stdexcept>

#include "tamis/base/random.h"

namespace tamis::metrics {
namespace {

using List = std::vector<std::uint32_t>;

double apart(std::uint32_t a, std::uint32_t b) {
  return std::abs(static_cast<double>(a) - static_cast<double>(b)) / 10;
}

TEST(BeyondAccuracy, OfAWorkedExample) {
  // Five items, of 8 users had by 8, 4, 2, 1 and none.
  BeyondAccuracy state({8, 4, 2, 1, 0}, 8, 2, apart);
  state.update(List{0, 1, 4});  // the third is beyond the cutoff
  state.update(List{0, 2});
  state.update(List{4});
  state.update(List{});
  const BeyondAccuracyValue value = state.value();
  EXPECT_EQ(value.lists, 4U);
  EXPECT_EQ(value.coverage, 4.0 / 5);
  // Listed 0, 1, 1, 1, 2 times: (-4 x 0 - 2 x 1 + 0 x 1 + 2 x 1 + 4 x 2) / (4 x 5).
  EXPECT_NEAR(*value.gini, 8.0 / 20, 1e-15);
  EXPECT_NEAR(*value.novelty, ((0 + 1) / 2.0 + (0 + 2) / 2.0 + 3) / 3, 1e-15);
  EXPECT_NEAR(*value.popularity, ((8 + 4) / 2.0 + (8 + 2) / 2.0 + 0) / 3, 1e-15);
  EXPECT_NEAR(*value.diversity, (0.1 + 0.2) / 2, 1e-15);
  EXPECT_EQ(value.unseen, 1U);
}

TEST(BeyondAccuracy, HasItsEnds) {
  BeyondAccuracy same({1, 1, 1, 1}, 4, 1), one({1, 1, 1, 1}, 4, 1);
  EXPECT_FALSE(same.value().gini);
  EXPECT_FALSE(same.value().novelty);
  for (std::uint32_t item = 0; item < 4; ++item) {
    same.update(List{item});
    one.update(List{2});
  }
  EXPECT_NEAR(*same.value().gini, 0, 1e-15);
  EXPECT_NEAR(*one.value().gini, 1, 1e-15);
  EXPECT_EQ(same.value().coverage, 1);
  EXPECT_EQ(one.value().coverage, 0.25);
  EXPECT_FALSE(one.value().diversity);
}

TEST(BeyondAccuracy, IsTheSameForEverySplitAndOrderOfMerging) {
  Stream stream(1, "beyond accuracy");
  const BeyondAccuracy empty({9, 7, 5, 3, 1, 0, 0, 2}, 10, 3, apart);
  for (int trial = 0; trial < 20; ++trial) {
    BeyondAccuracy whole = empty;
    std::vector<BeyondAccuracy> parts(2 + stream.below(4), empty);
    for (int i = 0; i < 60; ++i) {
      List list;
      for (std::uint32_t item = 0; item < 8; ++item)
        if (stream.below(3) == 0) list.push_back((item + static_cast<std::uint32_t>(i)) % 8);
      whole.update(list);
      parts[stream.below(parts.size())].update(list);
    }
    while (parts.size() > 1) {
      parts[stream.below(parts.size() - 1)].merge(parts.back());
      parts.pop_back();
    }
    const BeyondAccuracyValue a = whole.value(), b = parts.front().value();
    EXPECT_EQ(a.lists, b.lists);
    EXPECT_EQ(a.unseen, b.unseen);
    EXPECT_EQ(a.coverage, b.coverage);
    EXPECT_EQ(*a.gini, *b.gini);
    EXPECT_NEAR(*a.novelty, *b.novelty, 1e-12);
    EXPECT_NEAR(*a.popularity, *b.popularity, 1e-12);
    EXPECT_NEAR(*a.diversity, *b.diversity, 1e-12);
  }
}

TEST(BeyondAccuracy, RefusesWhatItCannotMeasure) {
  EXPECT_THROW(BeyondAccuracy({1}, 1, 0), std::invalid_argument);
  EXPECT_THROW(BeyondAccuracy({}, 1, 1), std::invalid_argument);
  EXPECT_THROW(BeyondAccuracy({2}, 1, 1), std::invalid_argument);
  BeyondAccuracy state({1, 1}, 2, 2);
  EXPECT_THROW(state.update(List{0, 2}), std::invalid_argument);
  EXPECT_THROW(state.update(List{1, 1}), std::invalid_argument);
  EXPECT_EQ(state.value().lists, 0U);
  EXPECT_THROW(state.merge(BeyondAccuracy({1, 1}, 2, 3)), std::invalid_argument);
}

}  // namespace
}  // namespace tamis::metrics
