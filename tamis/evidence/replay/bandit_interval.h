#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "tamis/base/progress.h"

namespace tamis::replay {

/// A value of the units drawn: `times` [units] says how often each one was. NaN where it is undefined.
using Resampled = std::function<double(std::span<const std::uint32_t> times)>;

/// The values of `resamples` resamples of the units with replacement, ascending, undefined ones left out. Resample r
/// draws from the stream (seed, "bandit bootstrap", r). Parallel; the same bits at any number of threads. `progress`
/// advances by one a resample.
std::vector<double> bootstrap_values(std::size_t units, int resamples, std::uint64_t seed, const Resampled& value,
                                     Progress& progress);

}  // namespace tamis::replay
