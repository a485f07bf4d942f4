#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tamis/stats/clusters.h"
#include "tamis/stats/tests.h"

namespace tamis::stats {

/// The bootstrap of a mean of paired differences: whole clusters are drawn with replacement (multinomial weights, see
/// resampled_totals()), and what is drawn is averaged over the differences it holds.
/// Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapters 13 and 14.
struct PairedBootstrap {
  double estimate = 0;
  std::vector<double> replicates;  ///< ascending
  double bias = 0;                 ///< z0 of BCa: by how much the replicates' median lies off, in normal deviations
  double acceleration = 0;         ///< a of BCa

  /// The alpha/2 and 1 - alpha/2 quantiles (type 7) of the replicates. Throws invalid_argument unless alpha is in
  /// (0, 1).
  Interval percentile(double alpha) const;
  /// Two-sided p-value of mean = 0 by the percentile interval: 2 min(share <= 0, share >= 0), each counted with the
  /// sample itself ((c + 1) / (replicates + 1)), at most 1.
  double percentile_p() const;
  /// Bias-corrected and accelerated: the quantiles at Phi(z0 + (z0 + z) / (1 - a (z0 + z))), z those of alpha/2 and
  /// 1 - alpha/2. Efron 1987, "Better Bootstrap Confidence Intervals" (Efron & Tibshirani, equation 14.10). With
  /// all replicates on one side of the estimate it is both ends of the replicates. Throws as percentile().
  Interval bca(double alpha) const;
  /// The alpha at which the BCa interval would end at 0, the shares counted as in percentile_p(); the same as that
  /// where z0 = a = 0.
  double bca_p() const;
};

/// Replicates, z0 and a. Throws invalid_argument for fewer than two clusters, a difference that is not finite, or
/// replicates < 1. Parallel; the same bits at any number of threads.
PairedBootstrap paired_bootstrap(const Clusters& clusters, int replicates, std::uint64_t seed);

/// Phi^-1 of the share of replicates below the estimate, equal ones counted half (Efron & Tibshirani, equation
/// 14.14); infinite if all lie on one side.
double bias_correction(double estimate, std::span<const double> replicates);

/// a = sum u^3 / (6 (sum u^2)^1.5), u the mean of all leave-one-out means less the one without the cluster (Efron &
/// Tibshirani, equation 14.15); 0 where nothing varies.
double jackknife_acceleration(const Clusters& clusters);

}  // namespace tamis::stats
