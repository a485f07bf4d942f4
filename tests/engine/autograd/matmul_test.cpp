#include "tamis/engine/tensor/index.h"
#include "tests/engine/autograd/checked_gradients.h"

namespace tamis::engine {
namespace {

/// The leading axes with the last two, swapped if the op is to swap them back.
Shape matrix(std::vector<std::int64_t> leading, std::int64_t rows, std::int64_t columns, bool swapped) {
  leading.push_back(swapped ? columns : rows);
  leading.push_back(swapped ? rows : columns);
  return Shape(std::span<const std::int64_t>(leading));
}

void expect_all_transposes(const std::vector<std::int64_t>& left, const std::vector<std::int64_t>& right) {
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      const Tensor a = uniform(matrix(left, 3, 4, transpose_a), -1, 1, 1);
      const Tensor b = uniform(matrix(right, 4, 2, transpose_b), -1, 1, 2);
      SCOPED_TRACE(a.text() + (transpose_a ? "^T " : " ") + b.text() + (transpose_b ? "^T" : ""));
      expect_gradients([=](const auto& in) { return matmul(in[0], in[1], transpose_a, transpose_b); }, {a, b});
    }
  }
}

TEST(MatmulGradients, Matrices) {
  expect_all_transposes({}, {});
}

TEST(MatmulGradients, Batches) {
  expect_all_transposes({2}, {2});
  expect_all_transposes({2, 3}, {2, 3});
}

TEST(MatmulGradients, OneMatrixForABatch) {
  expect_all_transposes({2}, {});
  expect_all_transposes({3, 1}, {});
}

TEST(MatmulGradients, OfViewsAndOfOneVariableTwice) {
  expect_gradients([](const auto& in) { return matmul(transpose(in[0], 0, 1), in[1]); },
                   {uniform({4, 3}, -1, 1, 1), uniform({4, 2}, -1, 1, 2)});
  expect_gradients([](const auto& in) { return matmul(in[0], in[0], true, false); }, {uniform({4, 3}, -1, 1, 1)});
  expect_gradients([](const auto& in) { return matmul(in[0], in[0], false, true); }, {uniform({2, 4, 3}, -1, 1, 1)});
  expect_gradients([](const auto& in) { return matmul(exp(in[0]), exp(in[0])); }, {uniform({3, 3}, -1, 1, 1)});
}

TEST(LinearGradients, WithAndWithoutBias) {
  const Tensor weight = uniform({2, 3}, -1, 1, 2), bias = uniform({2}, -1, 1, 3);
  for (const Shape& shape : std::vector<Shape>{{4, 3}, {1, 3}, {2, 2, 3}}) {
    const Tensor x = uniform(shape, -1, 1, 1);
    expect_gradients([](const auto& in) { return linear(in[0], in[1], in[2]); }, {x, weight, bias});
    expect_gradients([](const auto& in) { return linear(in[0], in[1], Variable()); }, {x, weight});
  }
}

TEST(LinearGradients, OfASharedWeightAddUp) {
  expect_gradients([](const auto& in) { return linear(tanh(linear(in[0], in[1], in[2])), in[1], in[2]); },
                   {uniform({4, 3}, -1, 1, 1), uniform({3, 3}, -1, 1, 2), uniform({3}, -1, 1, 3)});
}

TEST(LinearGradients, AddUpInAStoreOverPasses) {
  const Variable weight = leaf(uniform({2, 3}, -1, 1, 2)), bias = leaf(uniform({2}, -1, 1, 3));
  const Tensor first = uniform({4, 3}, -1, 1, 4), second = uniform({5, 3}, -1, 1, 5);
  GradientStore store;
  for (const Tensor& x : {first, second}) backward(sum(square(linear(Variable(x), weight, bias))), store);
  const Variable both = sum(square(linear(Variable(concat({first, second}, 0)), weight, bias)));
  const auto whole = gradient(both, {weight, bias});
  for (int i = 0; i < 6; ++i) EXPECT_NEAR(store.of(weight).at(i), whole[0].at(i), 1e-12);
  for (int i = 0; i < 2; ++i) EXPECT_NEAR(store.of(bias).at(i), whole[1].at(i), 1e-12);
}

}  // namespace
}  // namespace tamis::engine
