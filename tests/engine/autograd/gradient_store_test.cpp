#include "tests/engine/autograd/checked_gradients.h"

namespace tamis::engine {
namespace {

Tensor numbers(const std::vector<double>& values) {
  return Tensor::from<double>(values, {static_cast<std::int64_t>(values.size())});
}

TEST(GradientStore, AddsUpOverPassesUntilCleared) {
  const Variable x = leaf(numbers({1, 2})), unused = leaf(numbers({1}));
  GradientStore store;
  EXPECT_FALSE(store.of(x).defined());
  EXPECT_EQ(store.parts(x), nullptr);
  for (int pass = 0; pass < 2; ++pass) backward(sum(square(x)), store);
  EXPECT_EQ(store.of(x).numbers(), (std::vector<double>{4, 8}));
  EXPECT_FALSE(store.of(unused).defined());
  store.clear();
  EXPECT_FALSE(store.of(x).defined());
  EXPECT_EQ(store.parts(x), nullptr);
  backward(sum(mul(x, 3.0)), store);
  EXPECT_EQ(store.of(x).numbers(), (std::vector<double>{3, 3}));
}

TEST(GradientStore, LeavesIntermediatesAlone) {
  const Variable x = leaf(numbers({1, 2})), h = exp(x);
  GradientStore store;
  backward(sum(h), store);
  EXPECT_TRUE(store.of(x).defined());
  EXPECT_FALSE(store.of(h).defined());
}

TEST(GradientStore, DoesNotWriteIntoWhatOthersHold) {
  const Variable a = leaf(numbers({1, 2})), b = leaf(numbers({1, 2}));
  const Tensor seed = numbers({3, 4});
  GradientStore store;
  for (int pass = 0; pass < 2; ++pass) backward(add(a, b), store, {seed, false});
  EXPECT_EQ(seed.numbers(), (std::vector<double>{3, 4}));
  EXPECT_EQ(store.of(a).numbers(), (std::vector<double>{6, 8}));
  EXPECT_EQ(store.of(b).numbers(), (std::vector<double>{6, 8}));
  const Tensor held = store.of(a);
  store.clear();
  backward(add(a, b), store, {seed, false});
  EXPECT_EQ(held.numbers(), (std::vector<double>{6, 8}));
}

TEST(GradientStore, WritesWeightGradientsIntoTheSameMemoryEachRound) {
  const Variable x(uniform({4, 3}, -1, 1, 1)), weight = leaf(uniform({2, 3}, -1, 1, 2));
  GradientStore store;
  backward(sum(linear(x, weight, {})), store);
  const double* place = store.of(weight).data<double>();
  const auto once = store.of(weight).numbers();
  for (int round = 0; round < 3; ++round) {
    store.clear();
    // Memory that is free for a moment is taken by somebody else, so a kept buffer is not met again by luck.
    const Tensor taker({2, 3}, DType::f64);
    backward(sum(linear(x, weight, {})), store);
    EXPECT_EQ(store.of(weight).data<double>(), place);
    EXPECT_EQ(store.of(weight).numbers(), once);
  }
}

TEST(GradientStore, KeepsRowsApart) {
  const Variable table = leaf(Tensor::from<double>({1, 2, 3, 4, 5, 6}, {3, 2}));
  const Tensor ids = Tensor::from<std::int64_t>({2, 0, 2, 2}, {2, 2});
  GradientStore store;
  backward(sum(gather_rows(table, ids)), store);
  backward(mul(sum(gather_rows(table, Tensor::from<std::int64_t>({1}, {1}))), 5), store);
  const GradientStore::Parts* parts = store.parts(table);
  ASSERT_NE(parts, nullptr);
  EXPECT_FALSE(parts->dense.defined());
  ASSERT_EQ(parts->rows.size(), 2u);
  EXPECT_EQ(parts->rows[0].ids.numbers(), (std::vector<double>{2, 0, 2, 2}));
  EXPECT_EQ(parts->rows[0].rows.shape(), (Shape{4, 2}));
  EXPECT_EQ(store.of(table).numbers(), (std::vector<double>{1, 1, 5, 5, 3, 3}));
  backward(sum(gather_rows(table, ids)), store);
  EXPECT_EQ(store.of(table).numbers(), (std::vector<double>{2, 2, 5, 5, 6, 6}));
  store.clear();
  EXPECT_EQ(store.parts(table), nullptr);
  backward(sum(gather_rows(table, ids)), store);
  EXPECT_FALSE(store.parts(table)->dense.defined());
  EXPECT_EQ(store.of(table).numbers(), (std::vector<double>{1, 1, 0, 0, 3, 3}));
}

TEST(GradientStore, AddsRowsToADenseGradientInAnyOrder) {
  const Variable table = leaf(Tensor::from<double>({1, 2, 3}, {3, 1}));
  const Tensor ids = Tensor::from<std::int64_t>({2, 2}, {2});
  for (const bool rows_first : {false, true}) {
    GradientStore store;
    if (rows_first) backward(sum(gather_rows(table, ids)), store);
    backward(sum(square(table)), store);
    if (!rows_first) backward(sum(gather_rows(table, ids)), store);
    EXPECT_TRUE(store.parts(table)->rows.empty());
    EXPECT_EQ(store.of(table).numbers(), (std::vector<double>{2, 4, 8}));
  }
}

TEST(GradientStore, OutlivesItsLeaves) {
  GradientStore store;
  for (int i = 0; i < 50; ++i) {
    const Variable x = leaf(numbers({1}));
    backward(sum(mul(x, 2)), store);
    // A leaf at the address of one that is gone would find its gradient here.
    EXPECT_EQ(store.of(x).item(), 2);
  }
}

}  // namespace
}  // namespace tamis::engine
