#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tamis::stats {

/// Totals of columns over resamples of their units with replacement, as many units as there are: multinomial weights,
/// drawn once for all columns. result[column][r] is the total of resample r.
/// columns: [columns][units], finite, units >= 2 and the same of all; replicates >= 1 (invalid_argument else).
/// Units are cut into blocks of 4096; how many draws fall into a block is binomial (drawn from the stream (seed,
/// "multinomial blocks", r)), and within it they are uniform (Philox at (seed, "multinomial", r)), so that values are
/// read from the nearest cache. That is the same distribution as drawing one unit after the other. No unit's chance is
/// off by more than 2^-20 of itself. Parallel; the same bits at any number of threads. 8 bytes a column and replicate.
std::vector<std::vector<double>> resampled_totals(std::span<const std::span<const double>> columns, int replicates,
                                                  std::uint64_t seed);

}  // namespace tamis::stats
