#include "tests/engine/autograd/checked_gradients.h"

namespace tamis::engine {
namespace {

const std::vector<Shape> kShapes{{5}, {1}, {3, 4}, {2, 3, 5}, {1, 7}, {7, 1}};

TEST(ReduceGradients, OverAllElements) {
  for (const Shape& shape : kShapes) {
    expect_gradients([](const auto& in) { return sum(in[0]); }, {uniform(shape, -1, 1, 1)});
    expect_gradients([](const auto& in) { return mean(in[0]); }, {uniform(shape, -1, 1, 1)});
  }
}

void expect_over_every_axis(const std::function<Variable(const Variable&, int, bool)>& op, bool spread = false) {
  for (const Shape& shape : kShapes) {
    for (int axis = -shape.rank(); axis < shape.rank(); ++axis) {
      if (spread && shape[axis] < 2) continue;
      for (const bool keep : {false, true}) {
        SCOPED_TRACE(shape.text() + " axis " + std::to_string(axis) + (keep ? " kept" : ""));
        expect_gradients([&](const auto& in) { return op(in[0], axis, keep); }, {distinct(shape, 3)});
      }
    }
  }
}

TEST(ReduceGradients, SumOverAnAxis) {
  expect_over_every_axis([](const Variable& x, int axis, bool keep) { return sum(x, axis, keep); });
}

TEST(ReduceGradients, MeanOverAnAxis) {
  expect_over_every_axis([](const Variable& x, int axis, bool keep) { return mean(x, axis, keep); });
}

TEST(ReduceGradients, MaxOverAnAxis) {
  expect_over_every_axis([](const Variable& x, int axis, bool keep) { return max(x, axis, keep); });
}

TEST(ReduceGradients, MinOverAnAxis) {
  expect_over_every_axis([](const Variable& x, int axis, bool keep) { return min(x, axis, keep); });
}

TEST(ReduceGradients, VarOverAnAxis) {
  for (const int correction : {0, 1}) {
    expect_over_every_axis([=](const Variable& x, int axis, bool keep) { return var(x, axis, keep, correction); },
                           true);
  }
}

TEST(ReduceGradients, NormOverAnAxis) {
  expect_over_every_axis([](const Variable& x, int axis, bool keep) { return norm(add(x, 3.33), axis, keep); });
}

TEST(ReduceGradients, OfAView) {
  expect_gradients([](const auto& in) { return var(transpose(in[0], 0, 1), 0); }, {uniform({4, 3}, -1, 1, 1)});
  expect_gradients([](const auto& in) { return max(slice(in[0], 1, 1, 4), 1); }, {distinct({4, 6}, 1)});
}

TEST(Kinks, MaxAndMinGoToTheFirstOfEquals) {
  const Tensor x = Tensor::from<double>({3, 1, 3, 1, 3, 1, 2, 2}, {2, 4});
  const Tensor g = Tensor::from<double>({10, 20}, {2});
  EXPECT_EQ(slopes([](const Variable& v) { return max(v, 1); }, x, g), (std::vector<double>{10, 0, 0, 0, 20, 0, 0, 0}));
  EXPECT_EQ(slopes([](const Variable& v) { return min(v, 1); }, x, g), (std::vector<double>{0, 10, 0, 0, 0, 20, 0, 0}));
}

TEST(Kinks, TheNormOfTheZeroVectorHasGradientZero) {
  const Tensor x = Tensor::from<double>({0, 0, 3, 4}, {2, 2});
  EXPECT_EQ(slopes([](const Variable& v) { return norm(v, 1); }, x, Tensor::full({2}, 5, DType::f64)),
            (std::vector<double>{0, 0, 3, 4}));
}

}  // namespace
}  // namespace tamis::engine
