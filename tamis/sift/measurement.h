#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tamis/data/user_values.h"
#include "tamis/evidence/replay/daily.h"

namespace tamis::sift {

/// What one stage found out about one candidate, before any comparison: a piece of work of the journal.
struct Measured {
  data::UserValues values;                              ///< what decides, per user
  std::vector<std::pair<std::string, double>> metrics;  ///< means over users of everything measured, the deciding first
  std::vector<replay::Step> steps;                      ///< offline and replay
  std::uint64_t served = 0;                             ///< questions asked or lists shown
  std::uint64_t cold = 0;                               ///< of these, for users with no history: served by popularity
  std::vector<data::Time> exposed;                      ///< ab: when each user of `values` first met the arm
};

/// One line of JSON and back, every number exactly.
std::string to_json(const Measured& measured);
Measured measured_from_json(std::string_view text);

}  // namespace tamis::sift
