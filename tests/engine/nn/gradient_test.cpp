#include <algorithm>
#include <cmath>

#include "tamis/engine/autograd/gradcheck.h"
#include "tamis/engine/autograd/ops.h"
#include "tests/engine/nn/layers.h"

namespace tamis::nn {

namespace {

/// sum of y times fixed weights: a scalar that every element of y moves.
Variable contracted(const Variable& y) {
  return engine::sum(engine::mul(y, Variable(drawn(y.shape(), y.dtype(), 99))));
}

/// Moves a parameter along a direction, times h.
void move(Variable& leaf, const Tensor& direction, double h) {
  Tensor& value = leaf.leaf_value();
  for (std::int64_t i = 0; i < value.elements(); ++i) value.data<double>()[i] += h * direction.data<double>()[i];
}

/// The largest |tape - numeric| / max(1, |tape|, |numeric|) over a few directions of each parameter.
double largest_difference(Layer& layer, const std::function<double()>& value, const std::function<Variable()>& run) {
  double largest = 0;
  for (Parameter& parameter : layer.parameters()) {
    const Tensor g = engine::gradient(run(), {parameter.variable})[0];
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      const Tensor direction = drawn(g.shape(), DType::f64, 1000 + seed);
      double tape = 0;
      for (std::int64_t i = 0; i < g.elements(); ++i) tape += g.at(i) * direction.at(i);
      constexpr double kStep = 1e-6;
      move(parameter.variable, direction, kStep);
      const double above = value();
      move(parameter.variable, direction, -2 * kStep);
      const double below = value();
      move(parameter.variable, direction, kStep);
      const double numeric = (above - below) / (2 * kStep);
      largest = std::max(largest, std::abs(tape - numeric) / std::max({1.0, std::abs(tape), std::abs(numeric)}));
    }
  }
  return largest;
}

double largest_of(const Tensor& x) {
  double largest = 0;
  for (const double value : x.numbers()) largest = std::max(largest, std::abs(value));
  return largest;
}

void expect_close(const Tensor& fast, const Tensor& exact, double tolerance, const std::string& what) {
  ASSERT_EQ(fast.shape(), exact.shape()) << what;
  const std::vector<double> a = fast.numbers(), b = exact.numbers();
  const double scale = std::max(1.0, largest_of(exact));
  for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], tolerance * scale) << what << " at " << i;
}

}  // namespace

TEST(LayerGradients, OfTheInputAreTheCentralDifferences) {
  for (const bool training : {true, false}) {
    for (const LayerCase& one : every_layer()) {
      const auto layer = one.make(3);
      layer->initialize(1);
      layer->to(DType::f64);
      Pass pass = training_pass(5);
      pass.training = training;
      const auto run = [&](const std::vector<Variable>& x) { return layer->forward(x[0], pass); };
      const auto result = engine::gradcheck(run, {drawn(one.shape(5, 3), DType::f64, 7)});
      EXPECT_LE(result.largest, 1e-6) << one.name << " training " << training << " element " << result.element;
      EXPECT_GT(result.compared, 0) << one.name;
    }
  }
}

TEST(LayerGradients, OfTheParametersAreTheCentralDifferences) {
  for (const LayerCase& one : every_layer()) {
    const auto layer = one.make(3);
    layer->initialize(1);
    layer->to(DType::f64);
    Pass pass = training_pass(5);
    const Variable x(drawn(one.shape(5, 3), DType::f64, 7));
    const auto run = [&] { return contracted(layer->forward(x, pass)); };
    EXPECT_LE(largest_difference(
                  *layer, [&] { return run().value().item(); }, run),
              1e-6)
        << one.name;
  }
}

TEST(LayerGradients, OfAnEmbeddingReachItsRows) {
  Embedding embedding(6, 3);
  embedding.initialize(1);
  embedding.to(DType::f64);
  Pass pass;
  const Variable ids(Tensor::from(std::vector<std::int32_t>{4, 0, 4, 5}, {2, 2}));
  const auto run = [&] { return contracted(embedding.forward(ids, pass)); };
  EXPECT_LE(largest_difference(
                embedding, [&] { return run().value().item(); }, run),
            1e-6);
  EXPECT_EQ(embedding.output_shape({2, 2}), (Shape{2, 2, 3}));
}

TEST(LayerPrecision, SinglePrecisionFollowsDouble) {
  for (const LayerCase& one : every_layer()) {
    for (const auto& [rows, channels] : std::vector<std::pair<std::int64_t, std::int64_t>>{{1, 1}, {7, 5}, {3, 17}}) {
      const std::string what = one.name + " rows " + std::to_string(rows) + " channels " + std::to_string(channels);
      const auto run = [&, rows = rows, channels = channels](DType dtype, std::vector<Tensor>& out) {
        const auto layer = one.make(channels);
        layer->initialize(2);
        layer->to(dtype);
        Pass pass = training_pass(rows);
        const Variable x(drawn(one.shape(rows, channels), dtype, 8), true);
        const Variable y = layer->forward(x, pass);
        EXPECT_EQ(y.shape(), layer->output_shape(x.shape())) << what;
        std::vector<Variable> targets{x};
        for (const Parameter& parameter : layer->parameters()) targets.push_back(parameter.variable);
        out = engine::gradient(contracted(y), targets);
        out.push_back(y.value());
      };
      std::vector<Tensor> fast, exact;
      run(DType::f32, fast);
      run(DType::f64, exact);
      ASSERT_EQ(fast.size(), exact.size());
      for (std::size_t i = 0; i < fast.size(); ++i) expect_close(fast[i], exact[i], 1e-4, what);
    }
  }
}

}  // namespace tamis::nn
