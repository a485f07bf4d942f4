#include "tests/engine/autograd/checked_gradients.h"

namespace tamis::engine {
namespace {

TEST(ViewGradients, ReshapeSliceTranspose) {
  const Tensor x = uniform({2, 3, 4}, -1, 1, 1);
  expect_gradients([](const auto& in) { return square(reshape(in[0], {6, 4})); }, {x});
  expect_gradients([](const auto& in) { return square(reshape(transpose(in[0], 0, 2), {12, 2})); }, {x});
  for (int axis = -3; axis < 3; ++axis) {
    expect_gradients([axis](const auto& in) { return square(slice(in[0], axis, 1, 2)); }, {x});
  }
  expect_gradients([](const auto& in) { return square(transpose(in[0], 0, -1)); }, {x});
  expect_gradients([](const auto& in) { return square(transpose(in[0], 1, 1)); }, {x});
}

TEST(ViewGradients, OverlappingSlicesAddUp) {
  expect_gradients([](const auto& in) { return mul(slice(in[0], 1, 0, 3), slice(in[0], 1, 2, 5)); },
                   {uniform({2, 5}, -1, 1, 1)});
  const Variable x = leaf(Tensor::from<double>({1, 2, 3}, {3}));
  const Variable y = add(sum(slice(x, 0, 0, 2)), mul(sum(slice(x, 0, 1, 3)), 10));
  EXPECT_EQ(gradient(y, {x})[0].numbers(), (std::vector<double>{1, 11, 10}));
}

TEST(ViewGradients, ASliceBesideTheWholeAddsUp) {
  expect_gradients([](const auto& in) { return add(sum(exp(in[0])), sum(square(slice(in[0], 0, 1, 2)))); },
                   {uniform({3, 2}, -1, 1, 1)});
  expect_gradients(
      [](const auto& in) {
        const Variable h = exp(in[0]);
        return add(add(sum(square(slice(h, 0, 1, 2))), sum(h)), sum(slice(h, 1, 0, 1)));
      },
      {uniform({3, 2}, -1, 1, 1)});
}

TEST(ViewGradients, Concat) {
  for (int axis = -2; axis < 2; ++axis) {
    const bool rows = axis == 0 || axis == -2;
    const std::vector<Tensor> parts{uniform({2, 3}, -1, 1, 1), uniform(rows ? Shape{1, 3} : Shape{2, 1}, -1, 1, 2),
                                    uniform(rows ? Shape{4, 3} : Shape{2, 4}, -1, 1, 3)};
    expect_gradients([axis](const auto& in) { return square(concat(in, axis)); }, parts);
  }
  expect_gradients([](const auto& in) { return square(concat({in[0], in[0]}, 0)); }, {uniform({2, 3}, -1, 1, 1)});
}

TEST(ViewGradients, SplitWithAllPartsOrSome) {
  const std::vector<std::int64_t> sizes{1, 3, 2};
  for (int axis = 0; axis < 2; ++axis) {
    const Tensor x = uniform(axis == 0 ? Shape{6, 2} : Shape{2, 6}, -1, 1, 1);
    expect_gradients(
        [&](const auto& in) {
          const auto parts = split(in[0], axis, sizes);
          return add(add(sum(square(parts[0])), sum(exp(parts[1]))), sum(tanh(parts[2])));
        },
        {x});
    expect_gradients([&](const auto& in) { return exp(split(in[0], axis, sizes)[1]); }, {x});
  }
}

TEST(ViewGradients, SplitThenConcatIsTheIdentity) {
  const std::vector<std::int64_t> sizes{2, 1, 4};
  const Tensor g = uniform({3, 7}, -1, 1, 5);
  EXPECT_EQ(slopes([&](const Variable& x) { return concat(split(x, 1, sizes), 1); }, uniform({3, 7}, -1, 1, 4), g),
            g.numbers());
}

TEST(IndexGradients, GatherRows) {
  const Tensor ids = Tensor::from<std::int64_t>({3, 0, 3, 1, 3, 0}, {2, 3});
  expect_gradients([&](const auto& in) { return square(gather_rows(in[0], ids)); }, {uniform({5, 2}, -1, 1, 1)});
  expect_gradients([&](const auto& in) { return square(gather_rows(in[0], ids)); }, {uniform({4}, -1, 1, 1)});
  expect_gradients([&](const auto& in) { return square(gather_rows(exp(in[0]), ids)); }, {uniform({5, 2}, -1, 1, 1)});
  expect_gradients([&](const auto& in) { return add(sum(square(gather_rows(in[0], ids))), sum(exp(in[0]))); },
                   {uniform({5, 2}, -1, 1, 1)});
}

TEST(IndexGradients, GatherAndScatterAdd) {
  const Tensor index = Tensor::from<std::int64_t>({0, 2, 2, 1, 1, 1}, {2, 3});
  expect_gradients([&](const auto& in) { return square(gather(in[0], 1, index)); }, {uniform({2, 4}, -1, 1, 1)});
  expect_gradients([&](const auto& in) { return square(gather(in[0], 0, index)); }, {uniform({4, 3}, -1, 1, 1)});
  expect_gradients(
      [&](const auto& in) {
        return square(scatter_add({2, 4}, 1, index, in[0]));
      },
      {uniform({2, 3}, -1, 1, 1)});
  expect_gradients(
      [&](const auto& in) {
        return square(scatter_add({5, 3}, 0, index, in[0]));
      },
      {uniform({2, 3}, -1, 1, 1)});
}

}  // namespace
}  // namespace tamis::engine
