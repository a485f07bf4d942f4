#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tamis/engine/tensor/norm_f32.cpp"
#include "tamis/engine/tensor/simd_targets.h"
// The targets must be known before Highway's headers.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cmath>

#include "tamis/engine/tensor/lane_sums-inl.h"
#include "tamis/engine/tensor/norm_f32.h"
#include "tamis/engine/tensor/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tamis::engine::HWY_NAMESPACE {
namespace {

constexpr auto kStep = static_cast<std::int64_t>(hn::MaxLanes(kLanes));

void layer_norm(const float* x, const float* gamma, const float* beta, double epsilon, float* y, std::int64_t C,
                float* mean, float* invstd) {
  const auto center = static_cast<float>(sum_of(x, C) / static_cast<double>(C));
  const auto centers = hn::Set(SumLanes(), center);
  double squares = 0;
  sums_of_vectors<1>(C, &squares, [x, centers](std::int64_t i, hn::Vec<SumLanes>* terms) HWY_ATTR {
    const auto deviation = hn::Sub(hn::LoadU(SumLanes(), x + i), centers);
    terms[0] = hn::Mul(deviation, deviation);
  });
  for (std::int64_t i = C - C % kSumWidth; i < C; ++i) squares += (x[i] - center) * (x[i] - center);
  const auto factor = static_cast<float>(1 / std::sqrt(squares / static_cast<double>(C) + epsilon));
  const Vector shift = hn::Set(kLanes, center);
  const Vector scale = hn::Set(kLanes, factor);
  std::int64_t i = 0;
  for (; i + kStep <= C; i += kStep) {
    const Vector normal = hn::Mul(hn::Sub(hn::LoadU(kLanes, x + i), shift), scale);
    hn::StoreU(hn::MulAdd(normal, hn::LoadU(kLanes, gamma + i), hn::LoadU(kLanes, beta + i)), kLanes, y + i);
  }
  for (; i < C; ++i) y[i] = (x[i] - center) * factor * gamma[i] + beta[i];
  *mean = center;
  *invstd = factor;
}

/// dx = invstd (h - mean(h) - xhat mean(h xhat)) with h = g gamma; and g xhat, g are added to the sums.
HWY_INLINE void layer_norm_backward_row(const LayerNormBackward& of, std::int64_t row, std::int64_t C) {
  const float* const g = of.g + row * C;
  const float* const x = of.x + row * C;
  const float center = of.mean[row];
  const float factor = of.invstd[row];
  const auto shift = hn::Set(SumLanes(), center);
  const auto scale = hn::Set(SumLanes(), factor);
  double sums[2];
  sums_of_vectors<2>(C, sums, [&](std::int64_t i, hn::Vec<SumLanes>* terms) HWY_ATTR {
    const SumLanes d;
    const auto slope = hn::LoadU(d, g + i);
    const auto normal = hn::Mul(hn::Sub(hn::LoadU(d, x + i), shift), scale);
    hn::StoreU(hn::Add(hn::LoadU(d, of.beta_sums + i), slope), d, of.beta_sums + i);
    hn::StoreU(hn::MulAdd(slope, normal, hn::LoadU(d, of.gamma_sums + i)), d, of.gamma_sums + i);
    terms[0] = hn::Mul(slope, hn::LoadU(d, of.gamma + i));
    terms[1] = hn::Mul(terms[0], normal);
  });
  for (std::int64_t i = C - C % kSumWidth; i < C; ++i) {
    const float normal = (x[i] - center) * factor;
    of.beta_sums[i] += g[i];
    of.gamma_sums[i] += g[i] * normal;
    sums[0] += g[i] * of.gamma[i];
    sums[1] += g[i] * of.gamma[i] * normal;
  }
  const auto mean = static_cast<float>(sums[0] / static_cast<double>(C));
  const auto slope = static_cast<float>(sums[1] / static_cast<double>(C));
  float* const dx = of.dx + row * C;
  const Vector centers = hn::Set(kLanes, center);
  const Vector factors = hn::Set(kLanes, factor);
  std::int64_t i = 0;
  for (; i + kStep <= C; i += kStep) {
    const Vector normal = hn::Mul(hn::Sub(hn::LoadU(kLanes, x + i), centers), factors);
    const Vector h = hn::MulSub(hn::LoadU(kLanes, g + i), hn::LoadU(kLanes, of.gamma + i), hn::Set(kLanes, mean));
    hn::StoreU(hn::Mul(factors, hn::NegMulAdd(normal, hn::Set(kLanes, slope), h)), kLanes, dx + i);
  }
  for (; i < C; ++i) dx[i] = factor * (g[i] * of.gamma[i] - mean - (x[i] - center) * factor * slope);
}

void layer_norm_backward(const LayerNormBackward& of, std::int64_t rows, std::int64_t C) {
  for (std::int64_t row = 0; row < rows; ++row) layer_norm_backward_row(of, row, C);
}

using Wide = hn::RepartitionToWide<Lanes>;  // double
using Half = hn::Rebind<float, Wide>;
using HalfVector = hn::Vec<Half>;
constexpr auto kHalfStep = static_cast<std::int64_t>(hn::MaxLanes(Half()));
constexpr std::int64_t kGroup = 4;  // rows added in f32 before they go into the f64 totals

HWY_INLINE void add_to_totals(double* totals, HalfVector sum) {
  hn::StoreU(hn::Add(hn::LoadU(Wide(), totals), hn::PromoteTo(Wide(), sum)), Wide(), totals);
}

void add_square_deviations(double* totals, const float* x, const float* mean, std::int64_t rows, std::int64_t C) {
  std::int64_t row = 0;
  for (; row + kGroup <= rows; row += kGroup) {
    const float* const at = x + row * C;
    std::int64_t c = 0;
    for (; c + kHalfStep <= C; c += kHalfStep) {
      const HalfVector center = hn::LoadU(Half(), mean + c);
      HalfVector sum = hn::Zero(Half());
      for (std::int64_t i = 0; i < kGroup; ++i) {
        const HalfVector deviation = hn::Sub(hn::LoadU(Half(), at + i * C + c), center);
        sum = hn::MulAdd(deviation, deviation, sum);
      }
      add_to_totals(totals + c, sum);
    }
    for (; c < C; ++c) {
      for (std::int64_t i = 0; i < kGroup; ++i) totals[c] += (at[i * C + c] - mean[c]) * (at[i * C + c] - mean[c]);
    }
  }
  for (; row < rows; ++row) {
    for (std::int64_t c = 0; c < C; ++c) totals[c] += (x[row * C + c] - mean[c]) * (x[row * C + c] - mean[c]);
  }
}

void add_products(double* g_totals, double* products, const float* g, const float* x, const float* mean,
                  std::int64_t rows, std::int64_t C) {
  std::int64_t row = 0;
  for (; row + kGroup <= rows; row += kGroup) {
    const std::int64_t at = row * C;
    std::int64_t c = 0;
    for (; c + kHalfStep <= C; c += kHalfStep) {
      const HalfVector center = hn::LoadU(Half(), mean + c);
      HalfVector slopes = hn::Zero(Half());
      HalfVector sum = hn::Zero(Half());
      for (std::int64_t i = 0; i < kGroup; ++i) {
        const HalfVector slope = hn::LoadU(Half(), g + at + i * C + c);
        slopes = hn::Add(slopes, slope);
        sum = hn::MulAdd(slope, hn::Sub(hn::LoadU(Half(), x + at + i * C + c), center), sum);
      }
      add_to_totals(g_totals + c, slopes);
      add_to_totals(products + c, sum);
    }
    for (; c < C; ++c) {
      for (std::int64_t i = at + c; i < at + kGroup * C; i += C) {
        g_totals[c] += g[i];
        products[c] += g[i] * (x[i] - mean[c]);
      }
    }
  }
  for (; row < rows; ++row) {
    for (std::int64_t c = 0; c < C; ++c) {
      g_totals[c] += g[row * C + c];
      products[c] += g[row * C + c] * (x[row * C + c] - mean[c]);
    }
  }
}

void scale_channels(const float* x, const float* mean, const float* scale, const float* shift, float* y,
                    std::int64_t rows, std::int64_t C) {
  for (std::int64_t row = 0; row < rows; ++row, x += C, y += C) {
    std::int64_t c = 0;
    for (; c + kStep <= C; c += kStep) {
      const Vector deviation = hn::Sub(hn::LoadU(kLanes, x + c), hn::LoadU(kLanes, mean + c));
      hn::StoreU(hn::MulAdd(deviation, hn::LoadU(kLanes, scale + c), hn::LoadU(kLanes, shift + c)), kLanes, y + c);
    }
    for (; c < C; ++c) y[c] = (x[c] - mean[c]) * scale[c] + shift[c];
  }
}

void mix_channels(const float* g, const float* x, const float* mean, const float* a, const float* b, const float* shift,
                  float* y, std::int64_t rows, std::int64_t C) {
  for (std::int64_t row = 0; row < rows; ++row, g += C, x += C, y += C) {
    std::int64_t c = 0;
    for (; c + kStep <= C; c += kStep) {
      const Vector deviation = hn::Sub(hn::LoadU(kLanes, x + c), hn::LoadU(kLanes, mean + c));
      const Vector slope = hn::MulAdd(hn::LoadU(kLanes, g + c), hn::LoadU(kLanes, a + c), hn::LoadU(kLanes, shift + c));
      hn::StoreU(hn::MulAdd(deviation, hn::LoadU(kLanes, b + c), slope), kLanes, y + c);
    }
    for (; c < C; ++c) y[c] = (g[c] * a[c] + shift[c]) + (x[c] - mean[c]) * b[c];
  }
}

const NormLoops* loops_of_target() {
  static constexpr NormLoops loops = {layer_norm,   layer_norm_backward, add_square_deviations,
                                      add_products, scale_channels,      mix_channels};
  return &loops;
}

}  // namespace
}  // namespace tamis::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tamis::engine {

HWY_EXPORT(loops_of_target);

const NormLoops& norm_loops() {
  return *HWY_DYNAMIC_DISPATCH(loops_of_target)();
}

}  // namespace tamis::engine
#endif
