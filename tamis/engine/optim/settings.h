#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tamis/engine/optim/optimizer.h"
#include "tamis/engine/optim/rules.h"

// What an optimizer derives from its settings. Inside the room; see optimizer.h.
namespace tamis::optim {

/// Throws invalid_argument("[optimizer] …") for a setting that the rule reads and that is out of its range.
void check(const Settings& settings);
void check(const GroupOptions& options);
void check_step(double rate, double gradient_scale);

/// What the rule keeps for every element besides the parameter, in the order of Stretch.
std::vector<std::string_view> moment_names(const Settings& settings);

/// The numbers of step `step`, counted from 1, for one group.
StepConstants step_constants(const Settings& settings, const GroupOptions& options, std::uint64_t step, double rate,
                             double gradient_scale);

}  // namespace tamis::optim
