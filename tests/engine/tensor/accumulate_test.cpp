#include "tamis/engine/tensor/elementwise.h"
#include "tests/reference/compare_tensors.h"
#include "tests/reference/naive_tensor.h"

namespace tamis::engine {
namespace {

using reference::difference;
using reference::refusal;
using reference::uniform_tensor;

TEST(Accumulate, AddsInPlace) {
  for (const std::int64_t n : reference::awkward_sizes()) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      const Tensor start = uniform_tensor({n}, 1).to(dtype), x = uniform_tensor({n}, 2).to(dtype);
      Tensor target = start.clone();
      add_into(target, x);
      EXPECT_EQ(target.numbers(), add(start, x).numbers());
      add_scaled_into(target, x, -1);
      EXPECT_LE(difference(target, start), 1e-6);
      add_scaled_into(target, x, 0.5);
      EXPECT_LE(difference(target, add(start, mul(x, 0.5))), 1e-6);
      target.assign(start);
      scale_into(target, -2);
      EXPECT_EQ(target.numbers(), mul(start, -2).numbers());
    }
  }
}

TEST(Accumulate, RefusesByName) {
  Tensor x({2, 3}), other({3, 2}), integers({2, 3}, DType::i32);
  EXPECT_EQ(refusal([&] { add_into(x, other); }), "[add_into] target f32[2, 3], x f32[3, 2]: shapes differ");
  EXPECT_NE(refusal([&] { add_scaled_into(x, integers, 1); }).find("dtypes differ"), std::string::npos);
  EXPECT_NE(refusal([&] { scale_into(integers, 1); }).find("only f32 and f64"), std::string::npos);
  Tensor view = other.transpose(0, 1), none;
  EXPECT_EQ(refusal([&] { add_into(view, x); }), "[add_into] f32[2, 3]: the target is a view that is not contiguous");
  EXPECT_EQ(refusal([&] { add_into(none, x); }), "[add_into] the tensor is undefined");
  EXPECT_EQ(refusal([&] { all_finite(none); }), "[all_finite] the tensor is undefined");
}

TEST(Accumulate, UndoesABroadcast) {
  const Tensor x = uniform_tensor({2, 3, 4, 5}, 1);
  for (const Shape& shape : std::vector<Shape>{{},
                                               {5},
                                               {4, 5},
                                               {4, 1},
                                               {1, 5},
                                               {3, 1, 5},
                                               {2, 1, 4, 1},
                                               {1, 1, 1, 1},
                                               {2, 3, 4, 5},
                                               {2, 3, 1, 1},
                                               {1, 3, 4, 1}}) {
    std::vector<double> sums(static_cast<std::size_t>(shape.elements()));
    const Tensor places = Tensor::range(shape.elements(), DType::f64).reshape(shape);
    for (std::int64_t i = 0; i < x.elements(); ++i) {
      sums[static_cast<std::size_t>(reference::broadcast_at(places, reference::index_of(i, x.shape())))] += x.at(i);
    }
    const Tensor expected = Tensor::from(sums, shape);
    EXPECT_LE(difference(sum_to(x, shape), expected), 1e-14) << shape.text();
    EXPECT_LE(difference(sum_to(x.to(DType::f32), shape), expected), 1e-6) << shape.text();
  }
  EXPECT_EQ(refusal([&] { sum_to(x, {2, 5}); }).substr(0, 8), "[sum_to]");
  EXPECT_EQ(refusal([&] { sum_to(Tensor({3, 1}), {3, 4}); }), "[sum_to] [3, 4] does not stretch to [3, 1]");
}

TEST(Accumulate, FindsTheFirstThatIsNotFinite) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const double bad : {double{NAN}, double{INFINITY}, -double{INFINITY}}) {
      for (const std::int64_t at : {0, 5, 31, 4095, 4096, 9998}) {
        std::vector<double> values(9999, 3e38);  // large, but finite
        EXPECT_TRUE(all_finite(Tensor::from(values, {9999}).to(dtype)));
        values[static_cast<std::size_t>(at)] = bad;
        values.back() = bad;
        const Tensor x = Tensor::from(values, {9999}).to(dtype);
        EXPECT_FALSE(all_finite(x));
        EXPECT_EQ(first_not_finite(x), at);
      }
    }
  }
  EXPECT_EQ(first_not_finite(Tensor::zeros({7})), -1);
  EXPECT_TRUE(all_finite(Tensor::zeros({7}, DType::i32)));
}

}  // namespace
}  // namespace tamis::engine
