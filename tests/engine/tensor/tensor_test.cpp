#include "tamis/engine/tensor/tensor.h"

#include "tests/reference/compare_tensors.h"
#include "tests/reference/naive_tensor.h"

namespace tamis::engine {
namespace {

using reference::refusal;
using Numbers = std::vector<double>;

Tensor counted(const Shape& shape, DType dtype = DType::f32) {
  return Tensor::range(shape.elements(), dtype).reshape(shape);
}

TEST(Tensor, IsMadeInManyWays) {
  EXPECT_EQ(Tensor::zeros({2, 2}, DType::i64).numbers(), Numbers({0, 0, 0, 0}));
  EXPECT_EQ(Tensor::full({3}, 2.5).numbers(), Numbers({2.5, 2.5, 2.5}));
  EXPECT_EQ(Tensor::range(3, DType::i32).numbers(), Numbers({0, 1, 2}));
  EXPECT_EQ(Tensor::from(std::vector<float>{1, 2}, {2, 1}).text(), "f32[2, 1]");
  EXPECT_EQ(Tensor::scalar(7, DType::f64).item(), 7);
  EXPECT_EQ(Tensor::full({2}, 3, DType::boolean).numbers(), Numbers({1, 1}));
  EXPECT_EQ(Tensor({5, 2}, DType::f64).bytes(), 80U);
  EXPECT_EQ(refusal([] { Tensor::from(std::vector<float>{1, 2, 3}, {2, 2}); }), "[tensor] 3 values do not fill [2, 2]");
}

TEST(Tensor, UndefinedTensorsGiveErrors) {
  Tensor none;
  EXPECT_FALSE(none.defined());
  EXPECT_EQ(none.text(), "undefined");
  EXPECT_EQ(none.bytes(), 0U);
  EXPECT_TRUE(none.numbers().empty());
  EXPECT_EQ(refusal([&] { none.item(); }), "[item] the tensor is undefined");
  EXPECT_EQ(refusal([&] { none.reshape({1}); }), "[reshape] the tensor is undefined");
  EXPECT_EQ(refusal([&] { none.clone(); }), "[clone] the tensor is undefined");
  EXPECT_EQ(refusal([&] { none.fill(1); }), "[fill] the tensor is undefined");
  EXPECT_EQ(refusal([&] { none.to(DType::f64); }), "[to] the tensor is undefined");
  EXPECT_EQ(refusal([&] { none.slice(0, 0, 1); }), "[slice] the tensor is undefined");
  EXPECT_EQ(refusal([&] { require_real(none, "op"); }), "[op] the tensor is undefined");
}

TEST(Tensor, ViewsShareMemoryAndClonesDoNot) {
  Tensor x = counted({2, 3});
  Tensor view = x.reshape({3, -1});
  const Tensor copy = x.clone();
  EXPECT_FALSE(x.sole_owner());
  EXPECT_TRUE(copy.sole_owner());
  view.fill(9);
  EXPECT_EQ(x.numbers(), Numbers(6, 9));
  EXPECT_EQ(copy.numbers(), Numbers({0, 1, 2, 3, 4, 5}));
}

TEST(Tensor, SlicesAndRows) {
  const Tensor x = counted({2, 3, 4});
  EXPECT_EQ(x.slice(1, 1, 3).numbers(), Numbers({4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23}));
  EXPECT_EQ(x.slice(-1, 2, 3).numbers(), Numbers({2, 6, 10, 14, 18, 22}));
  EXPECT_TRUE(x.slice(0, 1, 2).contiguous());
  EXPECT_FALSE(x.slice(1, 0, 2).contiguous());
  EXPECT_EQ(x.row(1).row(2).numbers(), Numbers({20, 21, 22, 23}));
  EXPECT_EQ(x.slice(1, 1, 3).row(1).numbers(), Numbers({16, 17, 18, 19, 20, 21, 22, 23}));
  EXPECT_EQ(refusal([&] { x.slice(1, 2, 4); }), "[slice] 2 .. 4 is empty or out of range for axis 1 of f32[2, 3, 4]");
  EXPECT_NE(refusal([&] { x.slice(1, 2, 2); }), "(accepted)");
  EXPECT_NE(refusal([&] { x.slice(3, 0, 1); }), "(accepted)");
  EXPECT_NE(refusal([&] { x.row(2); }), "(accepted)");
  EXPECT_NE(refusal([&] { x.row(-1); }), "(accepted)");
}

TEST(Tensor, TransposesAndPermutes) {
  const Tensor x = counted({2, 3});
  EXPECT_EQ(x.transpose(0, 1).text(), "f32[3, 2]");
  EXPECT_EQ(x.transpose(0, -1).numbers(), Numbers({0, 3, 1, 4, 2, 5}));
  const Tensor y = counted({2, 3, 4}).permute(std::vector<int>{2, 0, 1});
  EXPECT_EQ(y.shape(), (Shape{4, 2, 3}));
  EXPECT_EQ(y.numbers()[7], 5);  // y[1][0][1] is x[0][1][1]
}

TEST(Tensor, PermutationsAreThoseOfTheNaiveLoop) {
  const Tensor x = counted({3, 17, 5, 33}, DType::i32);
  for (const auto& order : std::vector<std::vector<int>>{{0, 1, 3, 2}, {3, 2, 1, 0}, {2, 0, 3, 1}, {1, 0, 2, 3}}) {
    const Tensor view = x.permute(order);
    const Tensor packed = view.packed();
    EXPECT_TRUE(packed.contiguous());
    for (std::int64_t i = 0; i < view.elements(); ++i) {
      const auto index = reference::index_of(i, view.shape());
      std::vector<std::int64_t> source(4);
      for (std::size_t axis = 0; axis < 4; ++axis) source[static_cast<std::size_t>(order[axis])] = index[axis];
      const std::int64_t expected = ((source[0] * 17 + source[1]) * 5 + source[2]) * 33 + source[3];
      ASSERT_EQ(packed.span<std::int32_t>()[static_cast<std::size_t>(i)], expected);
    }
  }
  EXPECT_EQ(refusal([&] {
              x.permute(std::vector<int>{0, 1, 1, 2});
            }),
            "[permute] [0, 1, 1, 2] is no order of the axes of i32[3, 17, 5, 33]");
  EXPECT_NE(refusal([&] { x.permute(std::vector<int>{0, 1}); }), "(accepted)");
  EXPECT_NE(refusal([&] { x.permute(std::vector<int>{0, 1, 2, 4}); }), "(accepted)");
}

TEST(Tensor, StretchesWithoutCopying) {
  const Tensor x = counted({3, 1});
  const Tensor wide = x.broadcast_to({2, 3, 2});
  EXPECT_EQ(wide.data<float>(), x.data<float>());
  EXPECT_EQ(wide.numbers(), Numbers({0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2}));
  EXPECT_FALSE(wide.contiguous());
  EXPECT_EQ(wide.packed().numbers(), wide.numbers());
  EXPECT_EQ(refusal([&] { x.broadcast_to({1, 2}); }), "[broadcast_to] f32[3, 1] does not stretch to [1, 2]");
}

TEST(Tensor, ReshapesViewsThatAreNotContiguous) {
  const Tensor x = counted({2, 3}).transpose(0, 1);
  EXPECT_EQ(x.reshape({-1}).numbers(), Numbers({0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(counted({2, 3}).reshape({1, 6, 1}).text(), "f32[1, 6, 1]");
  EXPECT_EQ(refusal([&] { x.reshape({4}); }), "[reshape] f32[3, 2] has 6 elements, [4] has 4");
  EXPECT_EQ(refusal([&] { x.reshape({4, -1}); }), "[reshape] 6 elements do not divide into [4, -1]");
  EXPECT_NE(refusal([&] { x.reshape({-1, -1}); }), "(accepted)");
  EXPECT_NE(refusal([&] { x.reshape({0, -1}); }), "(accepted)");
}

TEST(Tensor, Converts) {
  const Tensor x = Tensor::from(std::vector<double>{-1.9, 0, 0.5, 3e9, NAN, 1e30}, {6});
  EXPECT_EQ(x.to(DType::i64).numbers(), Numbers({-1, 0, 0, 3e9, 0, 0x1p63}));
  EXPECT_EQ(x.to(DType::i32).numbers(), Numbers({-1, 0, 0, 2147483647, 0, 2147483647}));
  EXPECT_EQ(x.to(DType::boolean).numbers(), Numbers({1, 0, 1, 1, 1, 1}));
  EXPECT_EQ(x.to(DType::f64).data<double>(), x.data<double>());
  EXPECT_EQ(counted({2, 3}).transpose(0, 1).to(DType::f64).numbers(), Numbers({0, 3, 1, 4, 2, 5}));
}

TEST(Tensor, AssignsIntoViews) {
  Tensor x = Tensor::zeros({2, 4});
  x.slice(1, 1, 3).assign(Tensor::from(std::vector<std::int64_t>{1, 2, 3, 4}, {2, 2}).transpose(0, 1));
  EXPECT_EQ(x.numbers(), Numbers({0, 1, 3, 0, 0, 2, 4, 0}));
  x.transpose(0, 1).slice(0, 3, 4).fill(7);
  EXPECT_EQ(x.numbers(), Numbers({0, 1, 3, 7, 0, 2, 4, 7}));
  EXPECT_EQ(refusal([&] {
              x.assign(Tensor::zeros({4, 2}));
            }),
            "[assign] target f32[2, 4], source f32[4, 2]: shapes differ");
}

TEST(Tensor, RefusesByName) {
  EXPECT_EQ(refusal([] { Tensor::zeros({2}).item(); }), "[item] f32[2] has not exactly one element");
  EXPECT_EQ(refusal([] { Tensor::zeros({2}).at(2); }), "[at] element 2 is out of range for f32[2]");
  EXPECT_EQ(refusal([] { Tensor({2, 0}); }), "[shape] [2, 0]: every size must be at least 1, not 0");
  EXPECT_EQ(refusal([] { require_same_dtype(Tensor({2}), Tensor({2}, DType::f64), "op"); }),
            "[op] lhs f32[2], rhs f64[2]: dtypes differ; convert one with to()");
  EXPECT_EQ(refusal([] { require_real(Tensor({2}, DType::i32), "op"); }),
            "[op] i32[2]: only f32 and f64; convert with to()");
}

}  // namespace
}  // namespace tamis::engine
