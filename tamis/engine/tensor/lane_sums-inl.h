// Sums of f32 numbers whose order is the same for every width of a vector: included inside hwy/foreach_target.h.
#if defined(TAMIS_LANE_SUMS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TAMIS_LANE_SUMS_INL_H
#undef TAMIS_LANE_SUMS_INL_H
#else
#define TAMIS_LANE_SUMS_INL_H
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace tamis::engine::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The 32 lanes of a sum: lane j takes the numbers at j, j + 32, …, in eight vectors without AVX, four of AVX2.
inline constexpr std::int64_t kSumWidth = 32;
using SumLanes = hn::CappedTag<float, kSumWidth>;
inline constexpr std::size_t kSumParts = kSumWidth / hn::MaxLanes(SumLanes());

/// The lanes as one number, halves added to halves.
HWY_INLINE double folded(const hn::Vec<SumLanes>* parts) {
  HWY_ALIGN float lanes[kSumWidth];
  for (std::size_t p = 0; p < kSumParts; ++p) hn::Store(parts[p], SumLanes(), lanes + p * hn::MaxLanes(SumLanes()));
  for (std::int64_t half = kSumWidth / 2; half > 4; half /= 2) {
    for (std::int64_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  double sum = 0;
  for (std::int64_t i = 0; i < 8; ++i) sum += lanes[i];
  return sum;
}

/// The sum of at(i), i < n, where at(i) gives the vector of the numbers from i on. Blocks of 2048 in f32, 64 numbers a
/// lane; their sums in f64. `at` is asked for whole vectors alone: the caller adds the n % kSumWidth numbers left over.
template <typename At>
HWY_INLINE double sum_of_vectors(std::int64_t n, const At& at) {
  constexpr std::int64_t kBlock = 2048;
  constexpr auto kStep = static_cast<std::int64_t>(hn::MaxLanes(SumLanes()));
  const std::int64_t whole = n - n % kSumWidth;
  double total = 0;
  for (std::int64_t begin = 0; begin < whole; begin += kBlock) {
    const std::int64_t end = std::min(whole, begin + kBlock);
    hn::Vec<SumLanes> parts[kSumParts];
    for (auto& part : parts) part = hn::Zero(SumLanes());
    for (std::int64_t i = begin; i < end; i += kSumWidth) {
      for (std::size_t p = 0; p < kSumParts; ++p) {
        parts[p] = hn::Add(parts[p], at(i + static_cast<std::int64_t>(p) * kStep));
      }
    }
    total += folded(parts);
  }
  return total;
}

/// The sum of n contiguous numbers.
HWY_INLINE double sum_of(const float* x, std::int64_t n) {
  double total = sum_of_vectors(n, [x](std::int64_t i) HWY_ATTR { return hn::LoadU(SumLanes(), x + i); });
  for (std::int64_t i = n - n % kSumWidth; i < n; ++i) total += x[i];
  return total;
}

}  // namespace tamis::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
