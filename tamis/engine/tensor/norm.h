#pragma once

#include "tamis/engine/tensor/tensor.h"

// Layer norm and the parts of batch norm. C is the last axis; the rows are all axes before it.
namespace tamis::engine {

struct LayerNormed {
  Tensor y;       ///< x's shape
  Tensor mean;    ///< [rows]
  Tensor invstd;  ///< [rows], 1 / sqrt(variance + epsilon)
};
/// y = gamma (x - mean) / sqrt(var + epsilon) + beta over the last axis, variance over C (biased). gamma, beta [C].
/// Source: Ba, Kiros and Hinton, arXiv:1607.06450, equation 4.
LayerNormed layer_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon);
struct LayerNormGradients {
  Tensor x, gamma, beta;
};
LayerNormGradients layer_norm_backward(const Tensor& g, const Tensor& x, const Tensor& mean, const Tensor& invstd,
                                       const Tensor& gamma);

/// Per channel: count of rows, mean, and sum of squared deviations from that mean, of some rows of a batch.
struct Moments {
  double count = 0;
  Tensor mean;        ///< [C]
  Tensor deviations;  ///< [C]
};
Moments channel_moments(const Tensor& x);
/// Of both parts together. Source: Chan, Golub and LeVeque, "Updating formulae …" (COMPSTAT 1982), equation 2.1.
Moments merge(const Moments& a, const Moments& b);

/// y = gamma (x - mean) invstd + beta, per channel; all [C].
Tensor normalize_channels(const Tensor& x, const Tensor& mean, const Tensor& invstd, const Tensor& gamma,
                          const Tensor& beta);
/// Per channel over these rows: sum of g, and sum of g xhat with xhat = (x - mean) invstd: [2, C]. The shards' are
/// summed.
Tensor batch_norm_sums(const Tensor& g, const Tensor& x, const Tensor& mean, const Tensor& invstd);
/// dL/dx = gamma invstd (g - sums[0] / n - xhat sums[1] / n), n the rows of the whole batch. Source: Ioffe and Szegedy,
/// arXiv:1502.03167, the equations of section 3.
Tensor batch_norm_backward(const Tensor& g, const Tensor& x, const Tensor& mean, const Tensor& invstd,
                           const Tensor& gamma, const Tensor& sums, double n);

}  // namespace tamis::engine
