#include <cmath>

#include "tests/engine/nn/failure.h"
#include "tests/engine/nn/layers.h"

namespace tamis::nn {

namespace {

struct Spread {
  double mean, deviation, largest;
};

Spread spread_of(const Init& init, const Shape& shape) {
  Tensor tensor(shape);
  initialize(tensor, init, 11, "layer.weight");
  const std::vector<double> x = tensor.numbers();
  const auto n = static_cast<double>(x.size());
  double sum = 0, squares = 0, largest = 0;
  for (const double value : x) {
    sum += value;
    squares += value * value;
    largest = std::max(largest, std::abs(value));
  }
  return {sum / n, std::sqrt(squares / n), largest};
}

/// 120,000 numbers: the mean's standard error is deviation / 346, the deviation's at most deviation / 489 (normal).
/// Four of each are allowed.
void expect_spread(const Init& init, const Shape& shape, double deviation) {
  const Spread spread = spread_of(init, shape);
  EXPECT_NEAR(spread.mean, 0, 4 * deviation / 346) << name(init.kind);
  EXPECT_NEAR(spread.deviation, deviation, 4 * deviation / 489) << name(init.kind);
}

const Shape kMatrix{300, 400};       // fan_in 400, fan_out 300
const Shape kKernel{60, 5, 10, 40};  // fan_in 5 x 10 x 40 = 2000, fan_out 60 x 50 = 3000

}  // namespace

TEST(Init, HasTheSpreadOfItsFormula) {
  expect_spread(Init::normal(0.3), kMatrix, 0.3);
  // The variance of a standard normal cut at 2 is 1 - 4 phi(2) / (2 Phi(2) - 1) = 0.77374.
  expect_spread(Init::truncated_normal(0.02), kMatrix, 0.02 * std::sqrt(0.7737413));
  expect_spread(Init::xavier_uniform(), kMatrix, std::sqrt(2.0 / 700));
  expect_spread(Init::xavier_normal(2), kMatrix, 2 * std::sqrt(2.0 / 700));
  expect_spread(Init::xavier_uniform(), kKernel, std::sqrt(2.0 / 5000));
  expect_spread(Init::he_uniform(), kMatrix, std::sqrt(2.0 / 400));
  expect_spread(Init::he_normal(), kKernel, std::sqrt(2.0 / 2000));
  expect_spread(Init::he_normal(1), kMatrix, std::sqrt(1.0 / 400));
}

TEST(Init, StaysWithinItsBounds) {
  EXPECT_LE(spread_of(Init::truncated_normal(0.02), kMatrix).largest, 0.04);
  EXPECT_GT(spread_of(Init::truncated_normal(0.02), kMatrix).largest, 0.0399);
  EXPECT_LE(spread_of(Init::xavier_uniform(), kMatrix).largest, std::sqrt(6.0 / 700));
  EXPECT_GT(spread_of(Init::xavier_uniform(), kMatrix).largest, 0.999 * std::sqrt(6.0 / 700));
  EXPECT_LE(spread_of(Init::he_uniform(), kMatrix).largest, std::sqrt(6.0 / 400));
  EXPECT_EQ(spread_of(Init::zeros(), kMatrix).largest, 0);
  EXPECT_EQ(spread_of(Init::ones(), kMatrix).mean, 1);
}

TEST(Init, OrthogonalRowsOrColumnsAreOrthonormalTimesTheGain) {
  for (const Shape& shape : {Shape{6, 6}, Shape{5, 12}, Shape{12, 5}, Shape{4, 3, 2, 5}}) {
    Tensor w(shape, DType::f64);
    initialize(w, Init::orthogonal(1.5), 3, "w");
    const std::int64_t height = shape[0], width = shape.elements() / height;
    const bool by_rows = height <= width;
    const std::int64_t count = by_rows ? height : width, length = by_rows ? width : height;
    const auto at = [&](std::int64_t vector, std::int64_t k) {
      return by_rows ? w.at(vector * width + k) : w.at(k * width + vector);
    };
    for (std::int64_t a = 0; a < count; ++a) {
      for (std::int64_t b = 0; b < count; ++b) {
        double dot = 0;
        for (std::int64_t k = 0; k < length; ++k) dot += at(a, k) * at(b, k);
        EXPECT_NEAR(dot, a == b ? 2.25 : 0, 1e-14) << shape.text() << " " << a << " " << b;
      }
    }
  }
}

TEST(Init, DependsOnSeedAndNameAlone) {
  Linear alone(7, 5);
  alone.initialize(4);
  Sequential network;
  network.add(std::make_unique<Linear>(3, 7));
  Layer& second = network.add(std::make_unique<Linear>(7, 5));
  network.initialize(4);
  Tensor expected({5, 7});
  initialize(expected, Init::xavier_uniform(), 4, "1.weight");
  EXPECT_EQ(second.parameters()[0].variable.value().numbers(), expected.numbers());
  initialize(expected, Init::xavier_uniform(), 4, "weight");
  EXPECT_EQ(alone.parameters()[0].variable.value().numbers(), expected.numbers());
  EXPECT_NE(second.parameters()[0].variable.value().numbers(), expected.numbers());
  network.initialize(5);
  EXPECT_NE(second.parameters()[0].variable.value().numbers(), expected.numbers());
}

TEST(Init, NamesAndGains) {
  for (const auto kind : {Init::Kind::constant, Init::Kind::he_normal, Init::Kind::orthogonal}) {
    EXPECT_EQ(init_named(name(kind)), kind);
  }
  EXPECT_EQ(activation_gain("relu"), std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(activation_gain("leaky_relu", 0.5), std::sqrt(2 / 1.25));
  EXPECT_DOUBLE_EQ(activation_gain("tanh"), 5.0 / 3);
  EXPECT_EQ(activation_gain("sigmoid"), 1);
}

TEST(Init, RefusesBadSettingsByName) {
  Tensor vector({3});
  EXPECT_EQ(failure([&] { initialize(vector, Init::he_normal(), 0, "w"); }),
            "[initialize] he_normal of [3]: fans need 2 axes or more");
  EXPECT_EQ(failure([&] { initialize(vector, Init::normal(0), 0, "w"); }), "[initialize] deviation 0: must be above 0");
  EXPECT_EQ(failure([&] { initialize(vector, Init::orthogonal(-1), 0, "w"); }),
            "[initialize] gain -1: must be above 0");
  EXPECT_EQ(failure([] { init_named("glorot"); }),
            "[initialize] unknown \"glorot\": expected one of constant, normal, truncated_normal, xavier_uniform, "
            "xavier_normal, he_uniform, he_normal, orthogonal");
  EXPECT_EQ(failure([] { activation_gain("swish"); }).rfind("[activation_gain] unknown \"swish\"", 0), 0U);
}

}  // namespace tamis::nn
