#pragma once

#include <string>
#include <vector>

#include "tamis/base/progress.h"
#include "tamis/sift/journal.h"
#include "tamis/sift/measurement.h"
#include "tamis/sift/plan.h"
#include "tamis/sift/scene.h"
#include "tamis/sift/traffic.h"

namespace tamis::sift {

/// What every stage works with. All outlive the run.
struct Run {
  const Plan& plan;
  const Scene& scene;
  std::uint64_t seed;
  Journal& journal;
  Progress& progress;
};

/// Offline and replay: the candidates fitted on what was known and scored on what came. One per name in `entered`, in
/// that order; each a piece of the journal. `notes` gets what was counted.
std::vector<Measured> measure_ranking(const Run& run, const StagePlan& stage, const std::vector<std::size_t>& entered,
                                      std::vector<std::string>& notes);

/// Interleaving: each candidate against the incumbent on users of its own; values are preferences in [-1, 1]. The
/// incumbent's place is left empty.
std::vector<Measured> measure_interleave(const Run& run, const StagePlan& stage,
                                         const std::vector<std::size_t>& entered, Traffic& traffic);

/// A/B: users spread over the arms by hash; values are clicks or seconds per exposed user.
struct AbResult {
  std::vector<Measured> arms;  ///< in the order of `entered`
  double sample_ratio_p = 1;
};
AbResult measure_ab(const Run& run, const StagePlan& stage, const std::vector<std::size_t>& entered, Traffic& traffic);

/// The truth: every candidate alone on the same users for `days` days; values as in measure_ab. In order of the plan.
std::vector<Measured> roll_out_all(const Run& run, int days, interleave::CreditBy credit, Traffic& traffic);

}  // namespace tamis::sift
