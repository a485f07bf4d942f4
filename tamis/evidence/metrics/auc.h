#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace tamis::metrics {

/// Area under the ROC curve: the share of (positive, negative) pairs in which the positive scores higher, a tied pair
/// counting 1/2 (Fawcett 2006, section 7; Hanley & McNeil 1982). scores: one per row, any order, higher is more
/// positive. labels: 1 or 0 per row. In [0, 1], exact: pairs are counted in whole numbers and divided once. -0 ties
/// with 0. nullopt unless there is a positive and a negative.
/// Throws invalid_argument for unequal lengths, a score that is NaN or infinite, a label other than 0 and 1, or 2^32
/// rows or more. Parallel: radix sort of the scores as whole numbers; 8 (float) or 16 (double) bytes a row beside the
/// input, and doubles that are all floats are sorted as such. The same at any number of threads.
std::optional<double> auc(std::span<const float> scores, std::span<const std::uint8_t> labels);
std::optional<double> auc(std::span<const double> scores, std::span<const std::uint8_t> labels);

}  // namespace tamis::metrics
