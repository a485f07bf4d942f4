#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tamis/base/progress.h"
#include "tamis/sift/plan.h"

namespace tamis::sift {

/// Everything the stages work on: the log that candidates learn from and are scored on, and the simulated people that
/// the online stages meet.
struct Scene {
  data::Dataset data;
  std::unique_ptr<data::Histories> histories;
  std::vector<data::Index> catalogue;            ///< what there is to choose from
  std::unique_ptr<simulate::Audience> audience;  ///< null when the plan has no online stage and no truth
  data::Time until = 0;                          ///< end of the log: online candidates are fitted up to here
  bool world = false;                            ///< the people are generated and the truth is known
  std::uint64_t fingerprint = 0;                 ///< of all that was read or generated, to tell other data by
  std::string source;                            ///< in words
  std::vector<std::string> notes;                ///< what was counted on the way, in words
};

/// How many users the online stages and the truth may ask for at the most.
std::size_t users_needed(const Plan& plan);

/// Reads or generates the plan's data. For real logs with online stages the users are split by a hash of their names:
/// the candidates get one part, the online stages' users are fitted to the other.
Scene load_scene(const Plan& plan, std::uint64_t seed, Quarantine& quarantine, double max_bad, Progress& progress);

}  // namespace tamis::sift
