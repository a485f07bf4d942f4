#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tamis/engine/tensor/accumulate_f32.cpp"
#include "tamis/engine/tensor/simd_targets.h"
// The targets must be known before Highway's headers.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "tamis/engine/tensor/accumulate_f32.h"
#include "tamis/engine/tensor/lane_sums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tamis::engine::HWY_NAMESPACE {
namespace {

using Lanes = hn::ScalableTag<float>;
inline constexpr Lanes kLanes;
using WideLanes = hn::RepartitionToWide<Lanes>;  // double

void add_scaled(float* y, const float* x, float factor, std::int64_t n) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(kLanes));
  const auto scale = hn::Set(kLanes, factor);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::Add(hn::LoadU(kLanes, y + i), hn::Mul(scale, hn::LoadU(kLanes, x + i))), kLanes, y + i);
  }
  for (; i < n; ++i) y[i] += factor * x[i];
}

double sum(const float* x, std::int64_t n) {
  return sum_of(x, n);
}

double sum_of_squares(const float* x, std::int64_t n) {
  const WideLanes wide;
  const hn::Rebind<float, WideLanes> half;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(wide));
  constexpr std::int64_t kWidth = 16;
  const auto parts = static_cast<std::size_t>(kWidth / lanes);
  HWY_ALIGN double sums[kWidth] = {};
  hn::Vec<WideLanes> held[kWidth / hn::MaxLanes(WideLanes())];
  for (std::size_t p = 0; p < parts; ++p) held[p] = hn::Zero(wide);
  std::int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) {
    for (std::size_t p = 0; p < parts; ++p) {
      const auto v = hn::PromoteTo(wide, hn::LoadU(half, x + i + static_cast<std::int64_t>(p) * lanes));
      held[p] = hn::Add(held[p], hn::Mul(v, v));
    }
  }
  for (std::size_t p = 0; p < parts; ++p) hn::Store(held[p], wide, sums + static_cast<std::int64_t>(p) * lanes);
  for (std::int64_t j = 0; i + j < n; ++j) sums[j] += static_cast<double>(x[i + j]) * x[i + j];
  double total = 0;
  for (const double part : sums) total += part;
  return total;
}

/// Four rows are added in f32 before they go into the f64 totals: half the conversions, and an error of one rounding.
void add_rows(double* totals, const float* x, std::int64_t rows, std::int64_t stride, std::int64_t columns) {
  const WideLanes wide;
  const hn::Rebind<float, WideLanes> half;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(wide));
  std::int64_t row = 0;
  for (; row + 4 <= rows; row += 4) {
    const float* const first = x + row * stride;
    std::int64_t c = 0;
    for (; c + lanes <= columns; c += lanes) {
      const auto top = hn::Add(hn::LoadU(half, first + c), hn::LoadU(half, first + stride + c));
      const auto bottom = hn::Add(hn::LoadU(half, first + 2 * stride + c), hn::LoadU(half, first + 3 * stride + c));
      const auto four = hn::PromoteTo(wide, hn::Add(top, bottom));
      hn::StoreU(hn::Add(hn::LoadU(wide, totals + c), four), wide, totals + c);
    }
    for (; c < columns; ++c) {
      totals[c] += (first[c] + first[stride + c]) + (first[2 * stride + c] + first[3 * stride + c]);
    }
  }
  for (; row < rows; ++row) {
    for (std::int64_t c = 0; c < columns; ++c) totals[c] += x[row * stride + c];
  }
}

bool all_finite(const float* x, std::int64_t n) {
  // x - x is 0 for a finite number and NaN for all others; NaN stays in a sum.
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(kLanes));
  constexpr std::int64_t kBlock = 4096;
  for (std::int64_t begin = 0; begin < n; begin += kBlock) {
    const std::int64_t end = std::min(n, begin + kBlock);
    auto difference = hn::Zero(kLanes);
    std::int64_t i = begin;
    for (; i + lanes <= end; i += lanes) {
      const auto v = hn::LoadU(kLanes, x + i);
      difference = hn::Or(difference, hn::Sub(v, v));
    }
    float rest = 0;
    for (; i < end; ++i) rest += x[i] - x[i];
    if (rest != 0 || !hn::AllFalse(kLanes, hn::IsNaN(difference)) || rest != rest) return false;
  }
  return true;
}

const AccumulateLoops* loops_of_target() {
  static constexpr AccumulateLoops loops = {add_scaled, sum, sum_of_squares, add_rows, all_finite};
  return &loops;
}

}  // namespace
}  // namespace tamis::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tamis::engine {

HWY_EXPORT(loops_of_target);

const AccumulateLoops& accumulate_loops() {
  return *HWY_DYNAMIC_DISPATCH(loops_of_target)();
}

}  // namespace tamis::engine
#endif
