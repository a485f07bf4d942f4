#include "tamis/engine/tensor/softmax.h"

#include "tamis/engine/tensor/elementwise.h"
#include "tamis/engine/tensor/reduce.h"
#include "tests/reference/compare_tensors.h"
#include "tests/reference/naive_tensor.h"

namespace tamis::engine {
namespace {

using reference::difference;
using reference::refusal;
using reference::uniform_tensor;
using Numbers = std::vector<double>;

TEST(Softmax, IsTheExponentialsOverTheirSum) {
  for (const std::int64_t n : reference::awkward_sizes()) {
    const Tensor x = uniform_tensor({3, n}, 1, -8, 8);
    const Tensor e = exp(x);
    const Tensor expected = div(e, sum(e, 1, true));
    EXPECT_LE(difference(softmax(x), expected), 1e-14) << n;
    EXPECT_LE(difference(softmax(x.to(DType::f32)), expected), 1e-6) << n;
    EXPECT_LE(difference(log_softmax(x), log(expected)), 1e-13) << n;
    EXPECT_LE(difference(log_softmax(x.to(DType::f32)), log(expected)), 1e-6) << n;
    EXPECT_LE(difference(softmax(x.transpose(0, 1)), div(e, sum(e, 0, true)).transpose(0, 1)), 1e-14) << n;
  }
}

TEST(Softmax, GradientsAreTheSlopes) {
  for (const std::int64_t n : reference::awkward_sizes()) {
    const Tensor x = uniform_tensor({2, n}, 1), g = uniform_tensor({2, n}, 2);
    // dL/dx_j = sum_i g_i dy_i/dx_j with dy_i/dx_j = y_i ([i = j] - y_j), and [i = j] - y_j for the logarithm.
    const Tensor y = softmax(x);
    Numbers plain, logarithmic;
    for (std::int64_t row = 0; row < 2; ++row) {
      for (std::int64_t j = 0; j < n; ++j) {
        double of_softmax = 0, of_log = 0;
        for (std::int64_t i = 0; i < n; ++i) {
          const double slope = (i == j ? 1 : 0) - y.at(row * n + j);
          of_softmax += g.at(row * n + i) * y.at(row * n + i) * slope;
          of_log += g.at(row * n + i) * slope;
        }
        plain.push_back(of_softmax);
        logarithmic.push_back(of_log);
      }
    }
    const Tensor expected = Tensor::from(plain, {2, n}), expected_log = Tensor::from(logarithmic, {2, n});
    const Tensor narrow = g.to(DType::f32);
    EXPECT_LE(difference(softmax_backward(g, y), expected), 1e-13);
    EXPECT_LE(difference(softmax_backward(narrow, y.to(DType::f32)), expected), 1e-6);
    EXPECT_LE(difference(log_softmax_backward(g, log_softmax(x)), expected_log), 1e-13);
    EXPECT_LE(difference(log_softmax_backward(narrow, log_softmax(x).to(DType::f32)), expected_log), 2e-6);
  }
}

TEST(Softmax, EndsOfTheNumberLine) {
  const double inf = INFINITY;
  for (const DType dtype : {DType::f32, DType::f64}) {
    const auto of = [&](const Numbers& v) { return Tensor::from(v, {static_cast<std::int64_t>(v.size())}).to(dtype); };
    EXPECT_EQ(softmax(of({1000, -1000, 1000})).numbers(), Numbers({0.5, 0, 0.5}));
    EXPECT_EQ(softmax(of({3, -inf})).numbers(), Numbers({1, 0}));
    EXPECT_EQ(log_softmax(of({1000, -inf})).numbers(), Numbers({0, -inf}));
    for (const double y : softmax(of(Numbers(11, -inf))).numbers()) EXPECT_TRUE(std::isnan(y));
    for (const double y : log_softmax(of(Numbers(11, -inf))).numbers()) EXPECT_TRUE(std::isnan(y));
    for (const double y : softmax(of({1, NAN, 2})).numbers()) EXPECT_TRUE(std::isnan(y));
  }
}

TEST(Softmax, RefusesByName) {
  EXPECT_EQ(refusal([] { softmax(Tensor::scalar(1)); }), "[softmax] f32[]: a scalar has no last axis");
  EXPECT_EQ(refusal([] { log_softmax(Tensor({2}, DType::i64)); }),
            "[log_softmax] i64[2]: only f32 and f64; convert with to()");
  EXPECT_EQ(refusal([] { softmax_backward(Tensor({2}), Tensor({3})); }),
            "[softmax_backward] g f32[2], y f32[3]: shapes differ");
  EXPECT_EQ(refusal([] { softmax(Tensor()); }), "[softmax] the tensor is undefined");
}

}  // namespace
}  // namespace tamis::engine
