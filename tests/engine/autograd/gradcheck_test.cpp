#include "tamis/engine/autograd/gradcheck.h"

#include <cmath>

#include "tests/engine/autograd/checked_gradients.h"

namespace tamis::engine {
namespace {

/// Squares, but whose gradient is wrong at one element.
Variable wrong_square(const Variable& x, std::int64_t at, double by) {
  return record("wrong", square(x.value()), {x}, [x_value = x.value(), at, by](const Tensor& g, Sink& sink) {
    Tensor d = mul(mul(g, x_value), 2);
    d.span<double>()[static_cast<std::size_t>(at)] += by;
    sink.add(0, d);
  });
}

TEST(Gradcheck, FindsTheElementThatIsWrong) {
  const Tensor x = uniform({3, 4}, -1, 1, 1);
  const auto result = gradcheck([](const auto& in) { return sum(wrong_square(in[1], 7, 1e-4)); }, {x, x});
  EXPECT_EQ(result.input, 1u);
  EXPECT_EQ(result.element, 7);
  EXPECT_NEAR(result.largest, 1e-4, 1e-8);
  EXPECT_NEAR(result.tape - result.numeric, 1e-4, 1e-8);
  EXPECT_EQ(result.compared, 24);
}

TEST(Gradcheck, FindsItAlongDirections) {
  const Tensor x = uniform({1000}, -1, 1, 1);
  const auto result = gradcheck([](const auto& in) { return sum(wrong_square(in[0], 7, 0.5)); }, {x});
  EXPECT_EQ(result.compared, 8);
  EXPECT_EQ(result.element, -1);
  EXPECT_GT(result.largest, 1e-3);
  EXPECT_LT(gradcheck([](const auto& in) { return sum(square(in[0])); }, {x}).largest, 1e-6);
}

TEST(Gradcheck, ANaNIsNoAgreement) {
  const auto result =
      gradcheck([](const auto& in) { return sum(wrong_square(in[0], 0, std::nan(""))); }, {uniform({3}, -1, 1, 1)});
  EXPECT_TRUE(std::isnan(result.largest));
  EXPECT_FALSE(result.largest <= 1e-6);
}

TEST(Gradcheck, LeavesItsInputsAsTheyWere) {
  const Tensor x = uniform({5}, -1, 1, 1);
  const auto before = x.numbers();
  gradcheck([](const auto& in) { return exp(in[0]); }, {x});
  EXPECT_EQ(x.numbers(), before);
}

TEST(Gradcheck, IsForF64) {
  EXPECT_EQ(complaint([] { gradcheck([](const auto& in) { return in[0]; }, {Tensor::zeros({2})}); }),
            "[gradcheck] input 0 is f32[2], not f64");
}

}  // namespace
}  // namespace tamis::engine
