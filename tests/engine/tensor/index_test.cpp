#include "tamis/engine/tensor/index.h"

#include "tests/reference/compare_tensors.h"
#include "tests/reference/naive_tensor.h"

namespace tamis::engine {
namespace {

using reference::refusal;
using reference::uniform_tensor;
using Numbers = std::vector<double>;

Tensor ids(const std::vector<std::int64_t>& values) {
  return Tensor::from(values, {static_cast<std::int64_t>(values.size())});
}

TEST(Index, GathersRows) {
  const Tensor table = Tensor::range(12, DType::f32).reshape({4, 3});
  EXPECT_EQ(gather_rows(table, ids({3, 0, 3})).numbers(), Numbers({9, 10, 11, 0, 1, 2, 9, 10, 11}));
  const Tensor square = gather_rows(table, ids({1, 2, 0, 1}).to(DType::i32).reshape({2, 2}).transpose(0, 1));
  EXPECT_EQ(square.shape(), (Shape{2, 2, 3}));
  EXPECT_EQ(square.numbers(), Numbers({3, 4, 5, 0, 1, 2, 6, 7, 8, 3, 4, 5}));
  EXPECT_EQ(gather_rows(table.transpose(0, 1), ids({1})).numbers(), Numbers({1, 4, 7, 10}));
}

TEST(Index, ScattersRowsBack) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    Tensor target = Tensor::full({4, 17}, 1, dtype);
    const Tensor rows = uniform_tensor({3, 17}, 1).to(dtype);
    scatter_add_rows(target, ids({2, 0, 2}), rows);
    for (std::int64_t c = 0; c < 17; ++c) {
      EXPECT_NEAR(target.at(c), 1 + rows.at(17 + c), 1e-6);
      EXPECT_EQ(target.at(17 + c), 1);
      EXPECT_NEAR(target.at(34 + c), 1 + rows.at(c) + rows.at(34 + c), 1e-6);
    }
  }
}

TEST(Index, GathersAndScattersAlongAnAxis) {
  const Tensor x = uniform_tensor({3, 4, 5}, 1);
  for (int axis = 0; axis < 3; ++axis) {
    const Shape shape = x.shape().with(axis, 2);
    std::vector<std::int64_t> places;
    for (std::int64_t i = 0; i < shape.elements(); ++i) places.push_back((i * 7 + 1) % x.size(axis));
    const Tensor index = Tensor::from(places, shape);
    const Tensor y = gather(x, axis, index), back = scatter_add(x.shape(), axis - 3, index, y);
    Numbers expected(60);
    for (std::int64_t i = 0; i < shape.elements(); ++i) {
      auto at = reference::index_of(i, shape);
      at[static_cast<std::size_t>(axis)] = places[static_cast<std::size_t>(i)];
      const std::int64_t whole = (at[0] * 4 + at[1]) * 5 + at[2];
      EXPECT_EQ(y.at(i), x.at(whole));
      expected[static_cast<std::size_t>(whole)] += y.at(i);
    }
    EXPECT_EQ(back.numbers(), expected);
  }
}

TEST(Index, ConcatUndoesSplit) {
  const Tensor x = uniform_tensor({4, 7, 3}, 1);
  const auto parts = split(x, 1, std::vector<std::int64_t>{1, 4, 2});
  EXPECT_EQ(parts[1].shape(), (Shape{4, 4, 3}));
  EXPECT_EQ(parts[2].at(0), x.at(15));
  EXPECT_EQ(concat(parts, -2).numbers(), x.numbers());
  const Tensor a = Tensor::full({1}, 1, DType::i32), b = Tensor::full({2}, 2, DType::i32);
  EXPECT_EQ(concat({a, b, a}, 0).numbers(), Numbers({1, 2, 2, 1}));
}

TEST(Index, OneHot) {
  const Tensor y = one_hot(ids({2, 0}), 3, DType::f64);
  EXPECT_EQ(y.text(), "f64[2, 3]");
  EXPECT_EQ(y.numbers(), Numbers({0, 0, 1, 1, 0, 0}));
  EXPECT_EQ(one_hot(ids({1}), 2, DType::boolean).numbers(), Numbers({0, 1}));
}

TEST(Index, RefusesByName) {
  Tensor table({4, 3});
  EXPECT_EQ(refusal([&] {
              gather_rows(table, ids({0, 4}));
            }),
            "[gather_rows] index 4 at position 1 is out of range 0 .. 3");
  EXPECT_EQ(refusal([&] { gather_rows(table, ids({-1})); }),
            "[gather_rows] index -1 at position 0 is out of range 0 .. 3");
  EXPECT_EQ(refusal([&] { gather_rows(table, table); }), "[gather_rows] index f32[4, 3]: must be i32 or i64");
  EXPECT_EQ(refusal([&] { gather_rows(table, Tensor()); }), "[gather_rows] index undefined: must be i32 or i64");
  EXPECT_EQ(refusal([&] { gather_rows(Tensor(), ids({0})); }), "[gather_rows] table undefined: has no rows");
  EXPECT_EQ(refusal([&] {
              scatter_add_rows(table, ids({0, 1}), Tensor({2, 4}));
            }),
            "[scatter_add_rows] target f32[4, 3], ids i64[2]: rows must be [2, 3], not [2, 4]");
  EXPECT_EQ(refusal([&] { gather(table, 1, ids({0})); }),
            "[gather] whole [4, 3], index i64[1]: shapes must agree but for axis 1");
  EXPECT_EQ(refusal([&] { gather(table, 2, ids({0})); }), "[gather] axis 2 is out of range for [4, 3]: give -2 to 1");
  EXPECT_EQ(refusal([&] {
              one_hot(ids({0, 3}), 3, DType::f32);
            }),
            "[one_hot] index 3 at position 1 is out of range 0 .. 2");
  EXPECT_EQ(refusal([&] { concat({}, 0); }), "[concat] there are no parts");
  EXPECT_EQ(refusal([&] {
              concat({table, Tensor({4, 2})}, 0);
            }),
            "[concat] parts f32[4, 3] and f32[4, 2]: sizes differ at another axis than 0");
  EXPECT_NE(refusal([&] { concat({table, Tensor({4, 3}, DType::f64)}, 0); }).find("dtypes differ"), std::string::npos);
  EXPECT_EQ(refusal([&] {
              split(table, 0, std::vector<std::int64_t>{1, 2});
            }),
            "[split] sizes [1, 2] do not cut axis 0 of f32[4, 3]");
  EXPECT_EQ(refusal([&] {
              split(table, 0, std::vector<std::int64_t>{5, -1});
            }),
            "[split] sizes [5, -1] do not cut axis 0 of f32[4, 3]");
}

}  // namespace
}  // namespace tamis::engine
