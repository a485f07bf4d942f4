#include "tamis/engine/tensor/shape.h"

#include "tests/reference/compare_tensors.h"

namespace tamis::engine {
namespace {

using reference::refusal;

TEST(Shape, KnowsItsSizes) {
  const Shape shape{2, 3, 5};
  EXPECT_EQ(shape.rank(), 3);
  EXPECT_EQ(shape[0], 2);
  EXPECT_EQ(shape[-1], 5);
  EXPECT_EQ(shape.elements(), 30);
  EXPECT_EQ(shape.text(), "[2, 3, 5]");
  EXPECT_EQ(Shape().elements(), 1);
  EXPECT_EQ(Shape().text(), "[]");
}

TEST(Shape, ChangesOneAxis) {
  const Shape shape{2, 3, 5};
  EXPECT_EQ(shape.with(-2, 7), (Shape{2, 7, 5}));
  EXPECT_EQ(shape.without(0), (Shape{3, 5}));
  EXPECT_EQ(shape.without(-1), (Shape{2, 3}));
  EXPECT_EQ(shape.appended(4), (Shape{2, 3, 5, 4}));
  EXPECT_FALSE((Shape{2, 3} == Shape{3, 2}));
  EXPECT_FALSE((Shape{2, 3} == Shape{2, 3, 1}));
}

TEST(Shape, RefusesWhatIsNoShape) {
  EXPECT_EQ(refusal([] { Shape({2, 0, 3}); }), "[shape] [2, 0, 3]: every size must be at least 1, not 0");
  EXPECT_EQ(refusal([] { Shape({-1}); }), "[shape] [-1]: every size must be at least 1, not -1");
  EXPECT_EQ(refusal([] { Shape({1, 1, 1, 1, 1, 1, 1, 1, 1}); }), "[shape] [1, 1, 1, 1, 1, 1, 1, 1, 1]: at most 8 axes");
  EXPECT_NE(refusal([] { Shape({std::int64_t{1} << 40, std::int64_t{1} << 40}); }), "(accepted)");
  EXPECT_NE(refusal([] { Shape({1, 1, 1, 1, 1, 1, 1, 1}).appended(2); }), "(accepted)");
}

TEST(Shape, NamesAnAxisOutOfRange) {
  const Shape shape{2, 3};
  EXPECT_EQ(shape.axis(-2, "op"), 0);
  EXPECT_EQ(shape.axis(1, "op"), 1);
  EXPECT_EQ(refusal([&] { shape.axis(3, "op"); }), "[op] axis 3 is out of range for [2, 3]: give -2 to 1");
  EXPECT_EQ(refusal([&] { shape.axis(-3, "op"); }), "[op] axis -3 is out of range for [2, 3]: give -2 to 1");
  EXPECT_EQ(refusal([] { Shape().axis(0, "op"); }), "[op] axis 0 is out of range: a scalar has no axes");
}

TEST(Shape, Broadcasts) {
  EXPECT_EQ(broadcast({2, 1, 5}, {3, 1}, "op"), (Shape{2, 3, 5}));
  EXPECT_EQ(broadcast({}, {3, 1}, "op"), (Shape{3, 1}));
  EXPECT_EQ(refusal([] {
              broadcast({2, 3}, {4}, "op");
            }),
            "[op] lhs [2, 3], rhs [4]: sizes 3 and 4 at axis -1 do not broadcast");
  EXPECT_EQ(refusal([] {
              broadcast({2, 3}, {5, 1}, "op");
            }),
            "[op] lhs [2, 3], rhs [5, 1]: sizes 2 and 5 at axis -2 do not broadcast");
}

}  // namespace
}  // namespace tamis::engine
