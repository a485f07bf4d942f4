#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tamis/sift/decision.h"
#include "tamis/sift/measurement.h"
#include "tamis/sift/plan.h"
#include "tamis/stats/lift.h"

namespace tamis::sift {

/// One arm of a stage after the comparison with the incumbent.
struct Arm {
  std::size_t candidate = 0;
  double value = 0;          ///< mean of what decides, over the users that count
  double estimate = 0;       ///< difference from the incumbent, per user; 0 for the incumbent itself
  double p = 1;              ///< two-sided, uncorrected
  stats::Interval interval;  ///< corrected: excludes 0 exactly when the corrected test rejects
  std::uint64_t users = 0;   ///< users that count
};

/// Compares every arm with the incumbent on the users for whom `counts` holds, correcting over all arms but the
/// incumbent. Offline and replay: paired differences per user, percentile bootstrap. Interleave: one-sample t-test of
/// the preferences. A/B: Welch. `measured` is in the order of `entered`. Throws runtime_error if an arm or the
/// incumbent has fewer than two users.
std::vector<Arm> compare(const StagePlan& stage, const std::vector<std::size_t>& entered,
                         const std::vector<Measured>& measured, const Plan& plan, std::uint64_t seed,
                         const std::function<bool(data::Index user)>& counts);

/// The relative lift of one arm over the incumbent on the users for whom `counts` holds, with its interval at `alpha`;
/// nullopt where there is none (interleaving has no level to be relative to, or the incumbent's mean is not above 0).
std::optional<stats::Lift> lift_of(const StagePlan& stage, const Measured& arm, const Measured& incumbent, double alpha,
                                   const std::function<bool(data::Index user)>& counts);

}  // namespace tamis::sift
