#pragma once

#include <cstdint>

// The f32 loops of norm.h over rows of C numbers, for the instruction set of this machine.
namespace tamis::engine {

struct LayerNormBackward {
  const float* g;
  const float* x;
  const float* mean;
  const float* invstd;
  const float* gamma;
  float* dx;
  float* gamma_sums;  ///< [C], added to
  float* beta_sums;   ///< [C], added to
};

struct NormLoops {
  /// One row; `mean` and `invstd` receive its statistics.
  void (*layer_norm)(const float* x, const float* gamma, const float* beta, double epsilon, float* y, std::int64_t C,
                     float* mean, float* invstd);
  void (*layer_norm_backward)(const LayerNormBackward& of, std::int64_t rows, std::int64_t C);
  /// totals[c] += sum over rows of (x - mean[c])^2.
  void (*add_square_deviations)(double* totals, const float* x, const float* mean, std::int64_t rows, std::int64_t C);
  /// g_totals[c] += sum over rows of g, products[c] += sum of g (x - mean[c]).
  void (*add_products)(double* g_totals, double* products, const float* g, const float* x, const float* mean,
                       std::int64_t rows, std::int64_t C);
  /// y = (x - mean[c]) scale[c] + shift[c].
  void (*scale_channels)(const float* x, const float* mean, const float* scale, const float* shift, float* y,
                         std::int64_t rows, std::int64_t C);
  /// y = g a[c] + (x - mean[c]) b[c] + shift[c].
  void (*mix_channels)(const float* g, const float* x, const float* mean, const float* a, const float* b,
                       const float* shift, float* y, std::int64_t rows, std::int64_t C);
};
const NormLoops& norm_loops();

}  // namespace tamis::engine
