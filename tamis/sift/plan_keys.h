#pragma once

#include <span>

#include "tamis/base/config.h"

namespace tamis::sift {

/// The keys of each section of a plan; their documentation and defaults are in plan_keys.cpp.
std::span<const Key> plan_root_keys();
std::span<const Key> data_keys();
std::span<const Key> world_keys();
std::span<const Key> truth_keys();
/// Empty for a kind or family that does not exist.
std::span<const Key> stage_keys(std::string_view kind);
std::span<const Key> candidate_keys(std::string_view family);

}  // namespace tamis::sift
