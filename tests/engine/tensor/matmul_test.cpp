#include "tamis/engine/tensor/matmul.h"

#include <array>
#include <thread>

#include "tamis/base/parallel.h"
#include "tests/reference/compare_tensors.h"
#include "tests/reference/naive_product.h"
#include "tests/reference/random_tensor.h"

namespace tamis::engine {
namespace {

using reference::naive_product;
using reference::random_tensor;
using reference::refusal;
using reference::relative_error;
using reference::same_bits;

constexpr std::array<std::array<std::int64_t, 3>, 9> kSizes = {{{1, 1, 1},
                                                                {1, 7, 1},
                                                                {2, 3, 4},
                                                                {13, 1, 17},
                                                                {31, 37, 41},
                                                                {16, 16, 16},
                                                                {32, 32, 32},
                                                                {1, 300, 5},
                                                                {97, 130, 67}}};

TEST(Matmul, ByHand) {
  const Tensor a = Tensor::from<double>({1, 2, 3, 4, 5, 6}, {2, 3});
  const Tensor b = Tensor::from<double>({1, 0, 0, 1, 2, -1}, {3, 2});
  for (const DType dtype : {DType::f64, DType::f32}) {
    const Tensor y = matmul(a.to(dtype), b.to(dtype));
    EXPECT_EQ(y.shape(), (Shape{2, 2}));
    EXPECT_EQ(y.dtype(), dtype);
    EXPECT_EQ(y.numbers(), (std::vector<double>{7, -1, 16, -1}));
  }
}

TEST(Matmul, EveryTransposeAgainstTheDefinition) {
  for (const auto& [rows, inner, columns] : kSizes) {
    const Tensor a = random_tensor({rows, inner}, "a");
    const Tensor b = random_tensor({inner, columns}, "b");
    const Tensor expected = naive_product(a, b);
    for (const bool transpose_a : {false, true}) {
      for (const bool transpose_b : {false, true}) {
        const Tensor left = transpose_a ? a.transpose(0, 1).packed() : a;
        const Tensor right = transpose_b ? b.transpose(0, 1).packed() : b;
        EXPECT_LE(relative_error(matmul(left, right, transpose_a, transpose_b), expected), 1e-14);
        const Tensor y = matmul(left.to(DType::f32), right.to(DType::f32), transpose_a, transpose_b);
        EXPECT_LE(relative_error(y, expected), 1e-5) << rows << " " << inner << " " << columns;
      }
    }
  }
}

TEST(Matmul, ReadsViewsWhereTheyLie) {
  for (const DType dtype : {DType::f64, DType::f32}) {
    const Tensor wide = random_tensor({11, 30}, "wide", dtype);
    const Tensor a = wide.slice(1, 5, 18);                   // rows 30 apart
    const Tensor b = wide.slice(1, 20, 29).transpose(0, 1);  // [9, 11]
    const Tensor bt = random_tensor({9, 13}, "other", dtype);
    const Tensor y = matmul(a, bt.transpose(0, 1));
    EXPECT_LE(relative_error(y, naive_product(a.packed(), bt.transpose(0, 1).packed())), 1e-5);
    EXPECT_LE(relative_error(matmul(b, a), naive_product(b.packed(), a.packed())), 1e-5);
    EXPECT_TRUE(same_bits(matmul(a, bt, false, true), y));
    // Stretched and single rows and columns: strides that say nothing.
    const Tensor row = random_tensor({13}, "row", dtype).broadcast_to({4, 13});
    EXPECT_LE(relative_error(matmul(row, bt, false, true), naive_product(row.packed(), bt.transpose(0, 1).packed())),
              1e-5);
    const Tensor column = a.slice(1, 3, 4);
    EXPECT_LE(
        relative_error(matmul(column, column, true), naive_product(column.transpose(0, 1).packed(), column.packed())),
        1e-5);
  }
}

TEST(Matmul, BatchesOneByOne) {
  for (const DType dtype : {DType::f64, DType::f32}) {
    const Tensor a = random_tensor({2, 3, 5, 7}, "a", dtype);
    const Tensor b = random_tensor({2, 3, 7, 4}, "b", dtype);
    const Tensor y = matmul(a, b);
    ASSERT_EQ(y.shape(), (Shape{2, 3, 5, 4}));
    for (std::int64_t i = 0; i < 2; ++i) {
      for (std::int64_t j = 0; j < 3; ++j) {
        EXPECT_LE(relative_error(y.row(i).row(j), naive_product(a.row(i).row(j), b.row(i).row(j))), 1e-5);
      }
    }
    const Tensor swapped = a.transpose(0, 1);  // batches far apart
    const Tensor z = matmul(swapped, b.transpose(0, 1));
    EXPECT_TRUE(same_bits(z.row(2).row(1), y.row(1).row(2)));
    EXPECT_TRUE(same_bits(matmul(a.transpose(-1, -2), b, true), y));
  }
}

TEST(Matmul, OneRightHandSideForAllBatches) {
  for (const DType dtype : {DType::f64, DType::f32}) {
    const Tensor a = random_tensor({2, 3, 5, 7}, "a", dtype);
    const Tensor b = random_tensor({7, 4}, "b", dtype);
    const Tensor expected = naive_product(a.reshape({30, 7}), b).reshape({2, 3, 5, 4});
    EXPECT_LE(relative_error(matmul(a, b), expected), 1e-5);
    EXPECT_LE(relative_error(matmul(a.transpose(-1, -2).packed(), b, true), expected), 1e-5);
    EXPECT_LE(relative_error(matmul(a.transpose(0, 1), b), expected.transpose(0, 1).packed()), 1e-5);
    const Tensor last = a.slice(2, 4, 5);
    EXPECT_LE(relative_error(matmul(last, b), expected.slice(2, 4, 5).packed()), 1e-5);
    const Tensor same = random_tensor({7}, "same", dtype).broadcast_to({6, 1, 7});
    EXPECT_LE(relative_error(matmul(same, b), naive_product(same.reshape({6, 7}), b).reshape({6, 1, 4})), 1e-5);
  }
}

TEST(Matmul, IntoStoresOrAdds) {
  for (const DType dtype : {DType::f64, DType::f32}) {
    const Tensor a = random_tensor({9, 5}, "a", dtype);
    const Tensor b = random_tensor({9, 6}, "b", dtype);
    const Tensor product = naive_product(a.transpose(0, 1).packed(), b);
    Tensor out = Tensor::full({5, 6}, NAN, dtype);
    matmul_into(out, a, b, true, false, false);
    EXPECT_LE(relative_error(out, product), 1e-6);
    matmul_into(out, a, b, true, false, true);
    std::vector<double> twice = product.numbers();
    for (double& value : twice) value *= 2;
    EXPECT_LE(relative_error(out, Tensor::from(twice, {5, 6})), 1e-6);
  }
}

TEST(Matmul, LinearAddsItsBias) {
  for (const DType dtype : {DType::f64, DType::f32}) {
    const Tensor x = random_tensor({4, 3, 7}, "x", dtype);
    const Tensor weight = random_tensor({5, 7}, "w", dtype);
    const Tensor bias = random_tensor({5}, "b", dtype);
    Tensor expected = naive_product(x.reshape({12, 7}), weight.transpose(0, 1).packed());
    EXPECT_LE(relative_error(linear(x, weight, Tensor()), expected.reshape({4, 3, 5})), 1e-5);
    for (std::int64_t i = 0; i < 60; ++i) expected.data<double>()[i] += bias.at(i % 5);
    EXPECT_LE(relative_error(linear(x, weight, bias), expected.reshape({4, 3, 5})), 1e-5);
    EXPECT_LE(relative_error(linear(x.row(1).row(2), weight, bias), expected.row(5)), 1e-5);
  }
}

TEST(Matmul, SameBitsAtAnyNumberOfThreads) {
  const Tensor a = random_tensor({200, 333}, "a", DType::f32);
  const Tensor b = random_tensor({333, 150}, "b", DType::f32);
  const int before = threads();
  set_threads(1);
  const Tensor one = matmul(a, b);
  set_threads(3);
  const Tensor three = matmul(a, b);
  EXPECT_EQ(threads(), 3);  // as it was found
  std::vector<Tensor> inside(4);
  parallel_for(inside.size(), [&](std::size_t i) { inside[i] = matmul(a, b); });
  Tensor elsewhere;
  std::thread([&] { elsewhere = matmul(a, b); }).join();
  set_threads(before);
  EXPECT_TRUE(same_bits(one, three));
  for (const Tensor& y : inside) EXPECT_TRUE(same_bits(one, y));
  EXPECT_TRUE(same_bits(one, elsewhere));
}

TEST(Matmul, RefusesByName) {
  const auto zeros = [](std::initializer_list<std::int64_t> sizes, DType dtype = DType::f32) {
    return Tensor::zeros(Shape(sizes), dtype);
  };
  EXPECT_EQ(refusal([&] {
              matmul(zeros({2, 3}), zeros({4, 5}));
            }),
            "[matmul] lhs [2, 3], rhs [4, 5]: inner sizes 3 and 4 differ");
  EXPECT_EQ(refusal([&] {
              matmul(zeros({2, 3}), zeros({4, 5}), true, true);
            }),
            "[matmul] lhs [2, 3] transposed, rhs [4, 5] transposed: inner sizes 2 and 5 differ");
  EXPECT_EQ(refusal([&] {
              matmul(zeros({3}), zeros({3, 2}));
            }),
            "[matmul] lhs [3], rhs [3, 2]: both need 2 axes or more");
  EXPECT_EQ(refusal([&] {
              matmul(zeros({2, 4, 3}), zeros({5, 3, 4}));
            }),
            "[matmul] lhs [2, 4, 3], rhs [5, 3, 4]: the axes before the last two differ");
  EXPECT_EQ(refusal([&] {
              matmul(zeros({4, 3}), zeros({5, 3, 4}));
            }),
            "[matmul] lhs [4, 3], rhs [5, 3, 4]: the axes before the last two differ");
  EXPECT_EQ(refusal([&] {
              matmul(zeros({2, 3}), zeros({3, 2}, DType::f64));
            }),
            "[matmul] lhs f32[2, 3], rhs f64[3, 2]: dtypes differ; convert one with to()");
  EXPECT_NE(refusal([&] {
              matmul(zeros({2, 3}, DType::i32), zeros({3, 2}, DType::i32));
            }).find("[matmul] i32[2, 3]"),
            std::string::npos);
  EXPECT_NE(refusal([&] { matmul(Tensor(), zeros({3, 2})); }).find("[matmul]"), std::string::npos);
  Tensor out = zeros({2, 2});
  EXPECT_EQ(refusal([&] {
              matmul_into(out, zeros({2, 3}), zeros({3, 4}), false, false, true);
            }),
            "[matmul_into] out f32[2, 2] is not a contiguous [2, 4]");
  EXPECT_EQ(refusal([&] {
              linear(zeros({2, 3}), zeros({4, 5}), Tensor());
            }),
            "[linear] x [2, 3], weight [4, 5]: the last axis of x must be the weight's second of two");
  EXPECT_EQ(refusal([&] {
              linear(zeros({2, 5}), zeros({4, 5}), zeros({5}));
            }),
            "[linear] weight [4, 5], bias [5]: the bias must be [4]");
}

TEST(Matmul, Bf16IsRoundedAndSummedInF32) {
  if (!has_bf16()) {
    EXPECT_EQ(refusal([] { const PrecisionScope scope(Precision::bf16); }),
              "[precision] bf16 products need a CPU with AVX-512 BF16; use f32");
    GTEST_SKIP() << "this CPU has no AVX-512 BF16";
  }
  const Tensor a = random_tensor({67, 129}, "a", DType::f32);
  const Tensor b = random_tensor({129, 35}, "b", DType::f32);
  const Tensor expected = naive_product(a, b);
  const PrecisionScope scope(Precision::bf16);
  const Tensor y = matmul(a, b);
  EXPECT_LE(relative_error(y, expected), 1e-2);
  EXPECT_GE(relative_error(y, expected), 1e-5);  // else nothing was rounded
  EXPECT_LE(relative_error(matmul(a.transpose(0, 1).packed(), b, true), expected), 1e-2);
  Tensor out = y.clone();
  matmul_into(out, a, b, false, false, true);
  EXPECT_NEAR(out.at(5), 2 * y.at(5), 1e-4);
}

}  // namespace
}  // namespace tamis::engine
