#include "tests/engine/autograd/checked_gradients.h"

namespace tamis::engine {
namespace {

using Binary = Variable (*)(const Variable&, const Variable&);

void expect_binary_gradients(Binary op, const Shape& a, const Shape& b, double low = -2, double high = 2) {
  SCOPED_TRACE(a.text() + " " + b.text());
  expect_gradients([op](const auto& in) { return op(in[0], in[1]); },
                   {uniform(a, low, high, 1), uniform(b, low, high, 2)});
}

struct ShapePair {
  Shape a, b;
};
const std::vector<ShapePair> kBroadcasts{{{2, 3}, {2, 3}}, {{2, 3}, {3}},    {{3}, {2, 3}},       {{2, 3}, {}},
                                         {{}, {2, 3}},     {{2, 1}, {1, 3}}, {{4, 1, 3}, {2, 1}}, {{1}, {5}},
                                         {{1, 1}, {}},     {{}, {}},         {{7, 13}, {13}},     {{17}, {1}},
                                         {{1, 5}, {4, 5}}};

TEST(ElementwiseGradients, AddBroadcasts) {
  for (const auto& [a, b] : kBroadcasts) expect_binary_gradients(add, a, b);
}

TEST(ElementwiseGradients, SubBroadcasts) {
  for (const auto& [a, b] : kBroadcasts) expect_binary_gradients(sub, a, b);
}

TEST(ElementwiseGradients, MulBroadcasts) {
  for (const auto& [a, b] : kBroadcasts) expect_binary_gradients(mul, a, b);
}

TEST(ElementwiseGradients, DivBroadcasts) {
  for (const auto& [a, b] : kBroadcasts) expect_binary_gradients(div, a, b, 0.5, 2);
}

TEST(ElementwiseGradients, PowBroadcasts) {
  for (const auto& [a, b] : kBroadcasts) expect_binary_gradients(pow, a, b, 0.5, 2);
}

TEST(ElementwiseGradients, MinimumAndMaximumBroadcast) {
  for (const auto& [a, b] : kBroadcasts) {
    const Tensor left = distinct(a, 1);
    Tensor right = distinct(b, 2);
    for (double& value : right.span<double>()) value += 0.05;  // never equal to the left
    expect_gradients([](const auto& in) { return minimum(in[0], in[1]); }, {left, right});
    expect_gradients([](const auto& in) { return maximum(in[0], in[1]); }, {left, right});
  }
}

TEST(ElementwiseGradients, WhereBroadcasts) {
  const Tensor condition = Tensor::from<double>({1, 0, 0, 1, 1, 0}, {2, 3}).to(DType::boolean);
  for (const auto& [a, b] : std::vector<ShapePair>{{{2, 3}, {2, 3}}, {{3}, {2, 1}}, {{}, {2, 3}}, {{4, 2, 3}, {1}}}) {
    expect_gradients([&](const auto& in) { return where(condition, in[0], in[1]); },
                     {uniform(a, -1, 1, 1), uniform(b, -1, 1, 2)});
  }
}

TEST(ElementwiseGradients, OneVariableTwice) {
  expect_gradients([](const auto& in) { return mul(in[0], in[0]); }, {uniform({5}, -1, 1, 1)});
  expect_gradients([](const auto& in) { return sub(in[0], in[0]); }, {uniform({5}, -1, 1, 1)});
  expect_gradients([](const auto& in) { return div(in[0], in[0]); }, {uniform({5}, 1, 2, 1)});
}

TEST(ElementwiseGradients, WithNumbers) {
  const Tensor x = uniform({2, 5}, 0.5, 2, 1);
  expect_gradients([](const auto& in) { return add(in[0], 3.0); }, {x});
  expect_gradients([](const auto& in) { return mul(in[0], -2.5); }, {x});
  for (const double exponent : {-1.5, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0}) {
    SCOPED_TRACE(exponent);
    expect_gradients([exponent](const auto& in) { return pow(in[0], exponent); }, {x});
  }
}

TEST(ElementwiseGradients, OfOneOperand) {
  using Unary = Variable (*)(const Variable&);
  const Tensor x = off_zero({3, 7}, 1), positive = uniform({3, 7}, 0.3, 3, 2);
  for (const Unary op : std::vector<Unary>{neg, abs, square, exp, tanh, sigmoid, softplus, relu}) {
    SCOPED_TRACE(op(leaf(x)).op());
    expect_gradients([op](const auto& in) { return op(in[0]); }, {x});
  }
  for (const Unary op : std::vector<Unary>{log, sqrt}) {
    SCOPED_TRACE(op(leaf(positive)).op());
    expect_gradients([op](const auto& in) { return op(in[0]); }, {positive});
  }
}

TEST(ElementwiseGradients, WithSettings) {
  const Tensor x = off_zero({3, 7}, 1);
  for (const double slope : {0.01, 0.0, -0.5, 1.0}) {
    SCOPED_TRACE(slope);
    expect_gradients([slope](const auto& in) { return leaky_relu(in[0], slope); }, {x});
  }
  expect_gradients([](const auto& in) { return gelu(in[0]); }, {x});
  expect_gradients([](const auto& in) { return gelu(in[0], Gelu::tanh_form); }, {x});
  expect_gradients([](const auto& in) { return clip(in[0], -0.75, 0.55); }, {distinct({3, 7}, 1)});
}

TEST(ElementwiseGradients, OfAViewAreThoseOfACopy) {
  const Tensor x = uniform({4, 6}, 0.5, 2, 1), y = uniform({6, 4}, 0.5, 2, 2);
  expect_gradients([](const auto& in) { return mul(transpose(in[0], 0, 1), exp(in[1])); }, {x, y});
  expect_gradients([](const auto& in) { return gelu(slice(transpose(in[0], 0, 1), 0, 1, 4)); }, {x});
}

TEST(ElementwiseGradients, AlongDirectionsForLargeOnes) {
  const GradcheckResult result = gradcheck([](const auto& in) { return tanh(mul(in[0], in[1])); },
                                           {uniform({64, 64}, -1, 1, 1), uniform({64}, -1, 1, 2)});
  EXPECT_LE(result.largest, 1e-6);
  EXPECT_EQ(result.compared, 8 + 64);
}

// Kinks: the side is stated in elementwise.h and ops.h.
const Tensor kOnes3 = Tensor::full({3}, 1, DType::f64);
const Tensor kAroundZero = Tensor::from<double>({-1, 0, 1}, {3});

TEST(Kinks, ReluAndAbsTakeSlopeZeroAtZero) {
  EXPECT_EQ(slopes([](const Variable& x) { return relu(x); }, kAroundZero, kOnes3), (std::vector<double>{0, 0, 1}));
  EXPECT_EQ(slopes([](const Variable& x) { return abs(x); }, kAroundZero, kOnes3), (std::vector<double>{-1, 0, 1}));
}

TEST(Kinks, LeakyReluTakesItsSlopeAtZero) {
  for (const double slope : {0.25, 0.0, -0.5}) {
    EXPECT_EQ(slopes([slope](const Variable& x) { return leaky_relu(x, slope); }, kAroundZero, kOnes3),
              (std::vector<double>{slope, slope, 1}));
  }
}

TEST(Kinks, ClipPassesTheGradientAtBothBounds) {
  const Tensor x = Tensor::from<double>({-2, -1, 0, 1, 2}, {5});
  EXPECT_EQ(slopes([](const Variable& v) { return clip(v, -1, 1); }, x, Tensor::full({5}, 1, DType::f64)),
            (std::vector<double>{0, 1, 1, 1, 0}));
}

TEST(Kinks, MinimumAndMaximumOfEqualsGoToTheFirst) {
  for (const Binary op : {Binary(minimum), Binary(maximum)}) {
    const Variable a = leaf(kAroundZero), b = leaf(kAroundZero);
    const auto g = gradient(op(a, b), {a, b}, {kOnes3, false});
    EXPECT_EQ(g[0].numbers(), (std::vector<double>{1, 1, 1}));
    EXPECT_EQ(g[1].numbers(), (std::vector<double>{0, 0, 0}));
  }
}

TEST(Kinks, PowersOfZeroHaveNoNaNGradient) {
  const Variable a = leaf(Tensor::from<double>({0, 0, 0}, {3})), b = leaf(Tensor::from<double>({0, 1, 2}, {3}));
  const auto g = gradient(pow(a, b), {a, b}, {kOnes3, false});
  EXPECT_EQ(g[0].numbers(), (std::vector<double>{0, 1, 0}));
  EXPECT_EQ(g[1].numbers(), (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(slopes([](const Variable& x) { return pow(x, 0.0); }, kAroundZero, kOnes3), (std::vector<double>{0, 0, 0}));
}

TEST(ElementwiseOps, SayWhatTheTensorOpsSay) {
  const Variable a = leaf(uniform({2, 3}, -1, 1, 1)), b = leaf(uniform({4}, -1, 1, 2));
  EXPECT_EQ(complaint([&] { add(a, b); }), complaint([&] { add(a.value(), b.value()); }));
  EXPECT_NE(complaint([&] { add(a, b); }), "");
  const Variable single = leaf(Tensor::zeros({2, 3}));
  EXPECT_EQ(complaint([&] { mul(a, single); }), complaint([&] { mul(a.value(), single.value()); }));
  EXPECT_NE(complaint([&] { mul(a, single); }), "");
}

}  // namespace
}  // namespace tamis::engine
