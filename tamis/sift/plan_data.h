#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "tamis/base/config.h"
#include "tamis/sift/plan.h"

namespace tamis::sift {

/// Reads [data], and [world] where the data are one, into `plan` (source, folder, log, items, columns, world,
/// judge_share, click_prior), whose path must be set. `folder`, if given, replaces the one the plan reads from. Throws
/// invalid_argument naming file and line.
void read_plan_data(ConfigFile& file, const std::optional<std::filesystem::path>& folder, std::uint64_t seed,
                    Plan& plan);

}  // namespace tamis::sift
