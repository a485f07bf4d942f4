#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tamis/engine/tensor/attention_fused.cpp"
#include "tamis/engine/tensor/simd_targets.h"
// The targets must be known before Highway's headers.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tamis/engine/tensor/attention_fused.h"
#include "tamis/engine/tensor/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tamis::engine::HWY_NAMESPACE {
namespace {

constexpr auto kStep = static_cast<std::int64_t>(hn::MaxLanes(kLanes));
constexpr std::int64_t kRows = 4;  // queries at a time; with two vectors each, eight sums hide the latency of one

std::int64_t whole_vectors(std::int64_t n) {
  return (n + kStep - 1) / kStep * kStep;
}

/// out(r, c) = scale[r] sum over k of a(r, k) b(k, c), for R rows and `columns` columns, a multiple of a vector. Every
/// number is summed in the order of k, whatever R.
template <std::int64_t R, std::int64_t V>
HWY_INLINE void tile(const float* a, std::int64_t a_step, const float* b, std::int64_t b_step, std::int64_t depth,
                     const float* scale, float* out, std::int64_t out_step) {
  Vector sums[R][V];
  for (auto& row : sums) {
    for (auto& sum : row) sum = hn::Zero(kLanes);
  }
  for (std::int64_t k = 0; k < depth; ++k) {
    Vector right[V];
    for (std::int64_t v = 0; v < V; ++v) right[v] = hn::LoadU(kLanes, b + k * b_step + v * kStep);
    for (std::int64_t r = 0; r < R; ++r) {
      const Vector left = hn::Set(kLanes, a[r * a_step + k]);
      for (std::int64_t v = 0; v < V; ++v) sums[r][v] = hn::MulAdd(left, right[v], sums[r][v]);
    }
  }
  for (std::int64_t r = 0; r < R; ++r) {
    const Vector factor = hn::Set(kLanes, scale[r]);
    for (std::int64_t v = 0; v < V; ++v)
      hn::StoreU(hn::Mul(sums[r][v], factor), kLanes, out + r * out_step + v * kStep);
  }
}

template <std::int64_t R>
void multiply(const float* a, std::int64_t a_step, const float* b, std::int64_t b_step, std::int64_t depth,
              std::int64_t columns, const float* scale, float* out, std::int64_t out_step) {
  std::int64_t c = 0;
  for (; c + 2 * kStep <= columns; c += 2 * kStep)
    tile<R, 2>(a, a_step, b + c, b_step, depth, scale, out + c, out_step);
  for (; c < columns; c += kStep) tile<R, 1>(a, a_step, b + c, b_step, depth, scale, out + c, out_step);
}

/// In place: e^(s - largest) for the first n numbers, 0 for the rest up to a whole vector. Returns 1 / their sum.
float exponentials(float* s, std::int64_t n) {
  constexpr float kLeast = -std::numeric_limits<float>::infinity();
  const std::int64_t end = whole_vectors(n);
  std::fill(s + n, s + end, kLeast);
  Vector most = hn::Load(kLanes, s);
  for (std::int64_t i = kStep; i < end; i += kStep) most = hn::Max(most, hn::Load(kLanes, s + i));
  const Vector shift = hn::MaxOfLanes(kLanes, most);
  Vector sum = hn::Zero(kLanes);
  for (std::int64_t i = 0; i < end; i += kStep) {
    const Vector e = exp_of_negative(hn::Sub(hn::Load(kLanes, s + i), shift));
    sum = hn::Add(sum, e);
    hn::Store(e, kLanes, s + i);
  }
  return 1 / hn::GetLane(hn::SumOfLanes(kLanes, sum));
}

/// One head, in memory of its own: keys transposed [width, n], values [n, width], both with whole vectors in a row.
struct Head {
  std::int64_t n, width;
  const float* query;  ///< rows query_step apart
  std::int64_t query_step;
  const float* keys;
  const float* values;
  float* scores;  ///< [kRows, n]
  float* sums;    ///< [kRows, width]
  float* y;
  std::int64_t y_step;
};

template <std::int64_t R>
void attend(const Head& head, std::int64_t row) {
  const std::int64_t across = whole_vectors(head.n);
  const std::int64_t wide = whole_vectors(head.width);
  float scale[R];
  std::fill_n(scale, R, static_cast<float>(1 / std::sqrt(static_cast<double>(head.width))));
  multiply<R>(head.query + row * head.query_step, head.query_step, head.keys, across, head.width, across, scale,
              head.scores, across);
  for (std::int64_t r = 0; r < R; ++r) scale[r] = exponentials(head.scores + r * across, head.n);
  multiply<R>(head.scores, across, head.values, wide, head.n, wide, scale, head.sums, wide);
  for (std::int64_t r = 0; r < R; ++r) {
    std::copy_n(head.sums + r * wide, head.width, head.y + (row + r) * head.y_step);
  }
}

void attend_heads(const float* qkv, std::int64_t n, std::int64_t heads, std::int64_t width, std::int64_t first,
                  std::int64_t last, float* y, float* scratch) {
  const std::int64_t C = heads * width;
  const std::int64_t across = whole_vectors(n);
  const std::int64_t wide = whole_vectors(width);
  float* const keys = scratch;
  float* const values = keys + width * across;
  float* const scores = values + n * wide;
  float* const sums = scores + kRows * across;
  // Columns without a token or a component are multiplied too: they must hold numbers.
  std::fill(keys, scores, 0.0F);
  for (std::int64_t h = first; h < last; ++h) {
    const float* const at = qkv + h * width;
    for (std::int64_t j = 0; j < n; ++j) {
      const float* const key = at + j * 3 * C + C;
      for (std::int64_t k = 0; k < width; ++k) keys[k * across + j] = key[k];
      std::copy_n(key + C, width, values + j * wide);
    }
    const Head head{n, width, at, 3 * C, keys, values, scores, sums, y + h * width, C};
    std::int64_t row = 0;
    for (; row + kRows <= n; row += kRows) attend<kRows>(head, row);
    for (; row < n; ++row) attend<1>(head, row);
  }
}

std::int64_t scratch_floats(std::int64_t n, std::int64_t width) {
  const std::int64_t across = whole_vectors(n);
  const std::int64_t wide = whole_vectors(width);
  return width * across + n * wide + kRows * (across + wide);
}

}  // namespace
}  // namespace tamis::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tamis::engine {

HWY_EXPORT(attend_heads);
HWY_EXPORT(scratch_floats);

std::int64_t attention_scratch(std::int64_t n, std::int64_t width) {
  return HWY_DYNAMIC_DISPATCH(scratch_floats)(n, width);
}

void attention_fused(const float* qkv, std::int64_t n, std::int64_t heads, std::int64_t width, std::int64_t first,
                     std::int64_t last, float* y, float* scratch) {
  HWY_DYNAMIC_DISPATCH(attend_heads)(qkv, n, heads, width, first, last, y, scratch);
}

}  // namespace tamis::engine
#endif
