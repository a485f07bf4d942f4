#include <limits>

#include "tests/engine/autograd/checked_gradients.h"

namespace tamis::engine {
namespace {

Variable logarithm_of_zero() {
  return log(leaf(Tensor::from<float>({1, 2, 3, 0, 4, 5}, {2, 3})));
}

TEST(AnomalyMode, NamesTheFirstOpThePlaceAndTheInput) {
  const AnomalyMode on;
  EXPECT_EQ(complaint([] { sum(logarithm_of_zero()); }), "[log] made -inf at element 3 of f32[2, 3] from 0");
  const Variable a = leaf(Tensor::from<double>({1, 2}, {2, 1})), b = leaf(Tensor::from<double>({4, 0}, {2}));
  EXPECT_EQ(complaint([&] { div(a, b); }), "[div] made inf at element 1 of f64[2, 2] from 1 and 0");
}

TEST(AnomalyMode, SaysWhenTheInputWasBadAlready) {
  const AnomalyMode on;
  const Variable x(Tensor::from<float>({1, 2, std::numeric_limits<float>::quiet_NaN()}, {3}));
  EXPECT_EQ(complaint([&] { sum(x); }),
            "[sum] made nan at element 0 of f32[] from f32[3], whose element 2 was nan before");
}

TEST(AnomalyMode, NamesTheOpWhoseGradientIsNotFinite) {
  const Variable x = leaf(Tensor::from<double>({4, 0}, {2}));
  const AnomalyMode on;
  EXPECT_EQ(complaint([&] { gradient(sum(sqrt(x)), {x}); }),
            "[sqrt] backward made inf at element 1 of f64[2], the gradient of input 0");
}

TEST(AnomalyMode, WatchesGradientsWrittenInPlaceAndRows) {
  const double huge = 1e308;
  const Variable w = leaf(Tensor::full({1, 1}, 1, DType::f64)), x(Tensor::full({3, 1}, 1, DType::f64));
  const AnomalyMode on;
  const Variable scaled = mul(mul(linear(x, w, {}), 1e-300), 1);
  GradientStore store;
  EXPECT_EQ(complaint([&] { backward(scaled, store, {Tensor::full({3, 1}, huge, DType::f64), false}); }), "");
  store.clear();
  EXPECT_EQ(complaint([&] {
              backward(linear(x, w, {}), store, {Tensor::full({3, 1}, huge, DType::f64), false});
            }),
            "[linear] backward made inf at element 0 of f64[1, 1], the gradient of input 1");
}

TEST(AnomalyMode, EndsWithItsScope) {
  {
    const AnomalyMode on;
    { const AnomalyMode inner; }
    EXPECT_NE(complaint([] { logarithm_of_zero(); }), "");
  }
  EXPECT_EQ(complaint([] { logarithm_of_zero(); }), "");
}

}  // namespace
}  // namespace tamis::engine
