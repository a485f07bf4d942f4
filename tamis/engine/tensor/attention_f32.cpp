#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tamis/engine/tensor/attention_f32.cpp"
#include "tamis/engine/tensor/simd_targets.h"
// The targets must be known before Highway's headers.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "tamis/engine/tensor/attention_f32.h"
#include "tamis/engine/tensor/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tamis::engine::HWY_NAMESPACE {

void score_slopes_of_target(const float* weights, const float* probabilities, float* slopes, std::int64_t rows,
                            std::int64_t n) {
  constexpr auto kStep = static_cast<std::int64_t>(hn::MaxLanes(kLanes));
  const std::int64_t whole = n - n % kStep;
  for (std::int64_t row = 0; row < rows; ++row, weights += n, probabilities += n, slopes += n) {
    Vector sum = hn::Zero(kLanes);
    for (std::int64_t i = 0; i < whole; i += kStep) {
      const Vector term = hn::Mul(hn::LoadU(kLanes, weights + i), hn::LoadU(kLanes, slopes + i));
      hn::StoreU(term, kLanes, slopes + i);
      sum = hn::Add(sum, term);
    }
    float total = hn::GetLane(hn::SumOfLanes(kLanes, sum));
    for (std::int64_t i = whole; i < n; ++i) total += slopes[i] *= weights[i];
    const Vector factor = hn::Set(kLanes, total);
    for (std::int64_t i = 0; i < whole; i += kStep) {
      const Vector slope = hn::NegMulAdd(hn::LoadU(kLanes, probabilities + i), factor, hn::LoadU(kLanes, slopes + i));
      hn::StoreU(slope, kLanes, slopes + i);
    }
    for (std::int64_t i = whole; i < n; ++i) slopes[i] -= probabilities[i] * total;
  }
}

}  // namespace tamis::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tamis::engine {

HWY_EXPORT(score_slopes_of_target);

void score_slopes_f32(const float* weights, const float* probabilities, float* slopes, std::int64_t rows,
                      std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(score_slopes_of_target)(weights, probabilities, slopes, rows, n);
}

}  // namespace tamis::engine
#endif
