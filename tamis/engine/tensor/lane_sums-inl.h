// Sums of f32 numbers whose order is the same for every width of a vector: included after hwy/highway.h, once a target.
#if defined(TAMIS_LANE_SUMS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TAMIS_LANE_SUMS_INL_H
#undef TAMIS_LANE_SUMS_INL_H
#else
#define TAMIS_LANE_SUMS_INL_H
#endif

#include <algorithm>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace tamis::engine::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The 32 lanes of a sum: lane j takes the numbers at j, j + 32, …, in eight vectors without AVX, four of AVX2.
inline constexpr std::int64_t kSumWidth = 32;
using SumLanes = hn::CappedTag<float, kSumWidth>;
inline constexpr std::size_t kSumParts = kSumWidth / hn::MaxLanes(SumLanes());

/// The lanes as one number: halves are added to halves down to 8, and those in f64.
HWY_INLINE double folded(hn::Vec<SumLanes>* parts) {
  constexpr std::int64_t kEnd = 8;
  constexpr auto kLanesOfPart = static_cast<std::int64_t>(hn::MaxLanes(SumLanes()));
  auto count = static_cast<std::int64_t>(kSumParts);
  for (; count > 1 && count * kLanesOfPart > kEnd; count /= 2) {
    for (std::int64_t p = 0; p < count / 2; ++p) parts[p] = hn::Add(parts[p], parts[p + count / 2]);
  }
  HWY_ALIGN float lanes[kSumWidth];
  for (std::int64_t p = 0; p < count; ++p) hn::Store(parts[p], SumLanes(), lanes + p * kLanesOfPart);
  for (std::int64_t width = count * kLanesOfPart; width > kEnd; width /= 2) {
    for (std::int64_t i = 0; i < width / 2; ++i) lanes[i] += lanes[i + width / 2];
  }
  const auto pair = [&lanes](std::size_t i) { return double{lanes[i]} + double{lanes[i + 1]}; };
  return (pair(0) + pair(2)) + (pair(4) + pair(6));
}

/// N sums at once over i < n: at(i, terms) gives the N vectors of terms from i on. Blocks of 1024 in f32, 32 terms a
/// lane; their sums in f64. `at` is asked for whole vectors alone: the caller adds the n % kSumWidth terms left over.
template <std::size_t N, typename At>
HWY_INLINE void sums_of_vectors(std::int64_t n, double* totals, const At& at) {
  constexpr std::int64_t kBlock = 1024;
  constexpr auto kStep = static_cast<std::int64_t>(hn::MaxLanes(SumLanes()));
  const std::int64_t whole = n - n % kSumWidth;
  std::fill_n(totals, N, 0.0);
  for (std::int64_t begin = 0; begin < whole; begin += kBlock) {
    const std::int64_t end = std::min(whole, begin + kBlock);
    hn::Vec<SumLanes> parts[N][kSumParts];
    for (auto& of_sum : parts) {
      for (auto& part : of_sum) part = hn::Zero(SumLanes());
    }
    for (std::int64_t i = begin; i < end; i += kSumWidth) {
      for (std::size_t p = 0; p < kSumParts; ++p) {
        hn::Vec<SumLanes> terms[N];
        at(i + static_cast<std::int64_t>(p) * kStep, terms);
        for (std::size_t sum = 0; sum < N; ++sum) parts[sum][p] = hn::Add(parts[sum][p], terms[sum]);
      }
    }
    for (std::size_t sum = 0; sum < N; ++sum) totals[sum] += folded(parts[sum]);
  }
}

/// The sum of n contiguous numbers.
HWY_INLINE double sum_of(const float* x, std::int64_t n) {
  double total = 0;
  sums_of_vectors<1>(
      n, &total, [x](std::int64_t i, hn::Vec<SumLanes>* terms) HWY_ATTR { terms[0] = hn::LoadU(SumLanes(), x + i); });
  for (std::int64_t i = n - n % kSumWidth; i < n; ++i) total += x[i];
  return total;
}

}  // namespace tamis::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
