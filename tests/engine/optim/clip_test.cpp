#include "tamis/engine/optim/clip.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include "tamis/base/parallel.h"
#include "tamis/base/random.h"

namespace tamis::optim {
namespace {

using engine::DType;
using engine::Tensor;

Tensor random(std::int64_t n, std::uint64_t index) {
  Stream stream(7, "clip", index);
  std::vector<float> values(static_cast<std::size_t>(n));
  for (float& value : values) value = static_cast<float>(stream.normal());
  return Tensor::from(values, {n});
}

TEST(Clip, NormGoesOverAllTensors) {
  const Tensor a = Tensor::from(std::vector<float>{3, 0, 0, 0}, {2, 2});
  const Tensor b = Tensor::from(std::vector<double>{-4, 12}, {2});
  EXPECT_DOUBLE_EQ(global_norm({a, Tensor(), b}), 13);
  EXPECT_EQ(global_norm({}), 0);
  EXPECT_EQ(global_norm({Tensor()}), 0);
}

TEST(Clip, NormDoesNotDependOnThreads) {
  const std::vector<Tensor> gradients{random(100'000, 0), random(1, 1), random(33'000, 2), random(17, 3)};
  double expected = 0;
  for (const Tensor& gradient : gradients) {
    for (const float value : gradient.span<float>()) expected += static_cast<double>(value) * value;
  }
  const int before = threads();
  set_threads(1);
  const double one = global_norm(gradients);
  set_threads(3);
  const double three = global_norm(gradients);
  set_threads(before);
  EXPECT_EQ(one, three);
  EXPECT_NEAR(one, std::sqrt(expected), 1e-9 * one);
}

TEST(Clip, FactorBringsTheNormDownAndNeverUp) {
  EXPECT_EQ(clip_factor(0.5, 1), 1);
  EXPECT_EQ(clip_factor(0, 1), 1);
  EXPECT_NEAR(clip_factor(4, 1), 0.25, 1e-6);
  EXPECT_LT(clip_factor(4, 1), 0.25);
  EXPECT_TRUE(std::isnan(clip_factor(std::nan(""), 1)));
}

TEST(Clip, ValuesStayWithinTheLimitAndNaNStays) {
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<Tensor> gradients{
      Tensor::from(std::vector<float>{0.1F, -0.6F, 0.5F, infinity, -infinity, std::nanf("")}, {2, 3}), Tensor(),
      Tensor::from(std::vector<double>{-2, 2, 0.25, -0.25}, {2, 2}).transpose(0, 1)};
  clip_values(gradients, 0.5);
  const auto first = gradients[0].numbers();
  EXPECT_EQ(std::vector<double>(first.begin(), first.end() - 1),
            (std::vector<double>{static_cast<double>(0.1F), -0.5, 0.5, 0.5, -0.5}));
  EXPECT_TRUE(std::isnan(first.back()));
  EXPECT_FALSE(gradients[1].defined());
  EXPECT_EQ(gradients[2].numbers(), (std::vector<double>{-0.5, 0.25, 0.5, -0.25}));
}

TEST(Clip, RefusesALimitThatIsNotAboveZero) {
  std::vector<Tensor> gradients{random(3, 0)};
  for (const double limit : {0.0, -1.0, std::nan("")}) {
    EXPECT_THROW(clip_factor(1, limit), std::invalid_argument) << limit;
    EXPECT_THROW(clip_values(gradients, limit), std::invalid_argument) << limit;
  }
  gradients[0] = Tensor::zeros({3}, DType::i32);
  EXPECT_THROW(clip_values(gradients, 1), std::invalid_argument);
  EXPECT_THROW(global_norm(gradients), std::invalid_argument);
}

}  // namespace
}  // namespace tamis::optim
