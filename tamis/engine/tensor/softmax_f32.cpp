#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tamis/engine/tensor/softmax_f32.cpp"
#include "tamis/engine/tensor/simd_targets.h"
// The targets must be known before Highway's headers.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cmath>
#include <limits>

#include "tamis/engine/tensor/softmax_f32.h"
#include "tamis/engine/tensor/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tamis::engine::HWY_NAMESPACE {
namespace {

constexpr float kLeast = -std::numeric_limits<float>::infinity();

constexpr auto kStep = static_cast<std::int64_t>(hn::MaxLanes(kLanes));

float largest(const float* x, std::int64_t n) {
  Vector most = hn::Set(kLanes, kLeast);
  std::int64_t i = 0;
  for (; i + kStep <= n; i += kStep) most = hn::Max(most, hn::LoadU(kLanes, x + i));
  if (i < n) most = hn::Max(most, load_rest(x + i, n - i, kLeast));
  return hn::GetLane(hn::MaxOfLanes(kLanes, most));
}

/// Writes e^(x - largest) if `y` is given; returns the sum.
template <bool kWrites>
float exponentials(const float* x, float* y, std::int64_t n, Vector shift) {
  Vector sum = hn::Zero(kLanes);
  std::int64_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    const Vector e = exp_of_negative(hn::Sub(hn::LoadU(kLanes, x + i), shift));
    sum = hn::Add(sum, e);
    if constexpr (kWrites) hn::StoreU(e, kLanes, y + i);
  }
  if (i < n) {
    const Vector e = exp_of_negative(hn::Sub(load_rest(x + i, n - i, kLeast), shift));
    sum = hn::Add(sum, e);
    if constexpr (kWrites) store_rest(e, y + i, n - i);
  }
  return hn::GetLane(hn::SumOfLanes(kLanes, sum));
}

void softmax(const float* x, float* y, std::int64_t n) {
  const float sum = exponentials<true>(x, y, n, hn::Set(kLanes, largest(x, n)));
  const Vector factor = hn::Set(kLanes, 1 / sum);
  std::int64_t i = 0;
  for (; i + kStep <= n; i += kStep) hn::StoreU(hn::Mul(hn::LoadU(kLanes, y + i), factor), kLanes, y + i);
  for (; i < n; ++i) y[i] *= 1 / sum;
}

void log_softmax(const float* x, float* y, std::int64_t n) {
  const float most = largest(x, n);
  const float log_sum = std::log(exponentials<false>(x, y, n, hn::Set(kLanes, most)));
  const Vector shift = hn::Set(kLanes, most);
  const Vector rest = hn::Set(kLanes, log_sum);
  std::int64_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    hn::StoreU(hn::Sub(hn::Sub(hn::LoadU(kLanes, x + i), shift), rest), kLanes, y + i);
  }
  for (; i < n; ++i) y[i] = (x[i] - most) - log_sum;
}

void softmax_backward(const float* g, const float* y, float* dx, std::int64_t n) {
  Vector dot = hn::Zero(kLanes);
  std::int64_t i = 0;
  for (; i + kStep <= n; i += kStep) dot = hn::MulAdd(hn::LoadU(kLanes, g + i), hn::LoadU(kLanes, y + i), dot);
  if (i < n) dot = hn::MulAdd(load_rest(g + i, n - i), load_rest(y + i, n - i), dot);
  dot = hn::SumOfLanes(kLanes, dot);
  for (i = 0; i + kStep <= n; i += kStep) {
    hn::StoreU(hn::Mul(hn::LoadU(kLanes, y + i), hn::Sub(hn::LoadU(kLanes, g + i), dot)), kLanes, dx + i);
  }
  for (; i < n; ++i) dx[i] = y[i] * (g[i] - hn::GetLane(dot));
}

void log_softmax_backward(const float* g, const float* y, float* dx, std::int64_t n) {
  Vector sum = hn::Zero(kLanes);
  std::int64_t i = 0;
  for (; i + kStep <= n; i += kStep) sum = hn::Add(sum, hn::LoadU(kLanes, g + i));
  if (i < n) sum = hn::Add(sum, load_rest(g + i, n - i));
  sum = hn::SumOfLanes(kLanes, sum);
  for (i = 0; i + kStep <= n; i += kStep) {
    const Vector probability = exp_of_negative(hn::LoadU(kLanes, y + i));
    hn::StoreU(hn::NegMulAdd(probability, sum, hn::LoadU(kLanes, g + i)), kLanes, dx + i);
  }
  if (i < n) {
    const Vector probability = exp_of_negative(load_rest(y + i, n - i));
    store_rest(hn::NegMulAdd(probability, sum, load_rest(g + i, n - i)), dx + i, n - i);
  }
}

const SoftmaxRows* rows_of_target() {
  static constexpr SoftmaxRows rows = {softmax, log_softmax, softmax_backward, log_softmax_backward};
  return &rows;
}

}  // namespace
}  // namespace tamis::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tamis::engine {

HWY_EXPORT(rows_of_target);

const SoftmaxRows& softmax_rows() {
  return *HWY_DYNAMIC_DISPATCH(rows_of_target)();
}

}  // namespace tamis::engine
#endif
