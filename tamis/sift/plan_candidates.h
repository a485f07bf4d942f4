#pragma once

#include <cstdint>
#include <vector>

#include "tamis/base/config.h"
#include "tamis/sift/plan.h"

namespace tamis::sift {

/// The [[candidate]] tables of a file. Throws invalid_argument with file and line for an unknown family, two of one
/// name, a blend of an unknown part or of a blend, or fewer than two candidates.
std::vector<Candidate> read_candidates(ConfigFile& file, std::uint64_t seed);

}  // namespace tamis::sift
