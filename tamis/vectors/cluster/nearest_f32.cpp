#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tamis/vectors/cluster/nearest_f32.cpp"
#include "tamis/engine/tensor/simd_targets.h"
// The targets must be known before Highway's headers.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cmath>

#include "tamis/vectors/cluster/nearest_f32.h"

HWY_BEFORE_NAMESPACE();
namespace tamis::cluster::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Lanes = hn::ScalableTag<float>;
using Places = hn::RebindToSigned<Lanes>;
constexpr auto kStep = static_cast<std::int64_t>(hn::MaxLanes(Lanes()));

/// Takes one more value, of a later place than `found` has seen.
void take(TwoLeast& found, float value, std::int32_t place) {
  if (value < found.least) {
    found.second = found.least;
    found.least = value;
    found.place = place;
  } else if (value < found.second) {
    found.second = value;
  }
}

TwoLeast two_least(const float* values, std::int64_t k) {
  constexpr Lanes d;
  constexpr Places whole;
  auto least = hn::Set(d, INFINITY), second = least;
  auto place = hn::Zero(whole), here = hn::Iota(whole, 0);
  const auto step = hn::Set(whole, static_cast<std::int32_t>(kStep));
  std::int64_t j = 0;
  for (; j + kStep <= k; j += kStep) {
    const auto value = hn::LoadU(d, values + j);
    const auto less = hn::Lt(value, least);
    const auto larger = hn::IfThenElse(less, least, value);
    second = hn::IfThenElse(hn::Lt(larger, second), larger, second);
    least = hn::IfThenElse(less, value, least);
    place = hn::IfThenElse(hn::RebindMask(whole, less), here, place);
    here = hn::Add(here, step);
  }
  HWY_ALIGN float leasts[hn::MaxLanes(d)], seconds[hn::MaxLanes(d)];
  HWY_ALIGN std::int32_t places[hn::MaxLanes(whole)];
  hn::Store(least, d, leasts);
  hn::Store(second, d, seconds);
  hn::Store(place, whole, places);
  TwoLeast found{0, INFINITY, INFINITY};
  for (std::int64_t lane = 0; j > 0 && lane < kStep; ++lane) {
    if (leasts[lane] == found.least && places[lane] < found.place) {
      found.place = places[lane];
      found.second = leasts[lane];
    } else {
      take(found, leasts[lane], places[lane]);
    }
    if (seconds[lane] < found.second) found.second = seconds[lane];
  }
  for (; j < k; ++j) take(found, values[j], static_cast<std::int32_t>(j));
  return found;
}

std::int64_t first_within(const float* values, std::int64_t begin, std::int64_t k, float limit) {
  constexpr Lanes d;
  const auto limits = hn::Set(d, limit);
  std::int64_t j = begin;
  for (; j + kStep <= k; j += kStep) {
    const auto found = hn::FindFirstTrue(d, hn::Le(hn::LoadU(d, values + j), limits));
    if (found >= 0) return j + static_cast<std::int64_t>(found);
  }
  for (; j < k; ++j) {
    if (values[j] <= limit) return j;
  }
  return k;
}

float square_distance(const float* x, const float* y, std::int64_t C) {
  constexpr Lanes d;
  auto even = hn::Zero(d), odd = hn::Zero(d);
  std::int64_t c = 0;
  for (; c + 2 * kStep <= C; c += 2 * kStep) {
    const auto first = hn::Sub(hn::LoadU(d, x + c), hn::LoadU(d, y + c));
    const auto next = hn::Sub(hn::LoadU(d, x + c + kStep), hn::LoadU(d, y + c + kStep));
    even = hn::MulAdd(first, first, even);
    odd = hn::MulAdd(next, next, odd);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
  for (; c < C; ++c) sum += (x[c] - y[c]) * (x[c] - y[c]);
  return sum;
}

const NearestLoops* loops_of_target() {
  static constexpr NearestLoops loops = {two_least, first_within, square_distance};
  return &loops;
}

}  // namespace
}  // namespace tamis::cluster::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tamis::cluster {

HWY_EXPORT(loops_of_target);

const NearestLoops& nearest_loops() {
  return *HWY_DYNAMIC_DISPATCH(loops_of_target)();
}

}  // namespace tamis::cluster
#endif
