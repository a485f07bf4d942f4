#pragma once

#include <cstdint>

#include "tamis/stats/tests.h"

namespace tamis::stats {

/// The exact interval of a share: the alpha/2 quantile of Beta(k, n - k + 1) and the 1 - alpha/2 quantile of
/// Beta(k + 1, n - k); 0 and 1 at the ends. Covers at least 1 - alpha. Clopper & Pearson 1934.
/// Throws invalid_argument for successes > trials, no trial, or an alpha outside (0, 1).
Interval clopper_pearson(std::uint64_t successes, std::uint64_t trials, double alpha);

/// The shares that a normal test with the variance under each share does not reject: Wilson 1927. Throws as
/// clopper_pearson().
Interval wilson(std::uint64_t successes, std::uint64_t trials, double alpha);

}  // namespace tamis::stats
