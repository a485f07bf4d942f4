#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tamis/sift/analysis.h"
#include "tamis/sift/decision.h"
#include "tamis/sift/plan.h"
#include "tamis/sift/scene.h"

namespace tamis::sift {

/// One stage, done.
struct StageOutcome {
  StagePlan plan;
  std::vector<std::size_t> entered;
  std::vector<Measured> measured;  ///< as `entered`; emptied of per-user values once the stage is decided
  std::vector<Arm> arms;           ///< as `entered`
  std::vector<Verdict> verdicts;   ///< as `entered`
  std::vector<std::string> notes;
  std::uint64_t users = 0;       ///< distinct users that counted
  std::uint64_t cost_users = 0;  ///< people who had to be shown something
  int cost_days = 0;
  std::optional<double> sample_ratio_p;
};

/// The whole run, ready to be told.
struct Outcome {
  std::vector<StageOutcome> stages;
  std::optional<std::size_t> shipped;
  std::string why_not;              ///< why nothing is shipped
  std::optional<stats::Lift> lift;  ///< on users not used for choosing
  std::optional<double> naive;      ///< on those used for choosing
  std::string why_no_lift;
  struct Truth {
    int days = 0;
    std::uint64_t users = 0;
    std::string unit;
    std::vector<double> values;  ///< by candidate
  };
  std::optional<Truth> truth;
};

/// report.json without `threads`, `elapsed_s` and `peak_rss_mb` (docs/formats/report.md).
std::string report_json(const Outcome& outcome, const Plan& plan, const Scene& scene, std::uint64_t seed,
                        const std::string& version);

}  // namespace tamis::sift
