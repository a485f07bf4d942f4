#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tamis/evidence/replay/bandit.h"

namespace tamis::replay {

/// The direct method and the doubly robust estimator as a function of how often each event counts: what a bootstrap
/// asks again and again. Refers to the log and the policy, which must outlive it. Thread-safe.
class ModelEstimator {
 public:
  /// `unit`: [n] the unit of each event. `weight`: [n], or empty for the direct method, which has no correction term
  /// and no folds.
  ModelEstimator(const BanditLog& log, const ActionProbabilities& policy, RewardCells cells, int folds,
                 std::uint64_t seed, std::span<const data::Index> unit, std::span<const double> weight);

  /// The value where event e counts times[unit[e]] times; NaN where nothing counts.
  double value(std::span<const std::uint32_t> times) const;

 private:
  struct Means;
  Means fit(std::span<const std::uint32_t> times) const;
  std::vector<double> baselines(const Means& means) const;

  const BanditLog& log_;
  const ActionProbabilities& policy_;
  std::span<const data::Index> unit_;
  std::span<const double> weight_;
  std::size_t arms_, cells_ = 0, folds_;
  std::vector<std::size_t> cell_;   // [situations]
  std::vector<std::uint8_t> fold_;  // [n]
};

}  // namespace tamis::replay
