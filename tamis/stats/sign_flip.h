#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tamis/stats/clusters.h"
#include "tamis/stats/tests.h"

namespace tamis::stats {

/// Fisher's randomisation test of paired differences: were they exchangeable, each (with clusters: each cluster's, all
/// together) could as well have had the other sign. The statistic is |mean|.
struct SignFlip {
  double estimate = 0;
  bool exact = false;       ///< all 2^n signs were gone through, else signs were drawn
  std::uint64_t flips = 0;  ///< 2^n, or the number drawn
  std::uint64_t at_least =
      0;         ///< flips whose |mean| is at least the one seen (up to rounding); exact: itself among them
  double p = 1;  ///< two-sided: at_least / flips if exact, else (at_least + 1) / (flips + 1)

  /// The shifts of all differences that the test does not reject at alpha, on the same flips (Hartigan 1969, "Using
  /// Subsample Values as Typical Values"): a flip counts for a shift that lies between the mean of what it flips and
  /// the mean of the rest. It leaves out 0 exactly when p < alpha. nullopt where there are too few flips for this
  /// alpha. Throws invalid_argument unless alpha is in (0, 1).
  std::optional<Interval> interval(double alpha) const;

  std::vector<double> low_ends, high_ends;  ///< of each flip's shifts, ascending; infinite where it flips all or none
};

/// Exact where 2^n <= draws for n clusters, else `draws` signs: flip r takes bits of Philox at (seed, "sign flip", r).
/// Throws invalid_argument for no cluster, a difference that is not finite, or draws < 1. Parallel; the same bits at
/// any number of threads. Room: 64 bytes a cluster. Fisher, The Design of Experiments (1935), chapter III; p with the
/// sample itself counted: Phipson & Smyth 2010.
SignFlip sign_flip_test(const Clusters& clusters, int draws, std::uint64_t seed);

}  // namespace tamis::stats
