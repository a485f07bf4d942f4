#pragma once

#include <optional>
#include <span>

#include "tamis/stats/summary.h"

namespace tamis::stats {

/// Cohen's d_z of paired differences: mean / standard deviation (Cohen 1988; Lakens 2013). nullopt for fewer than
/// two differences or where they do not vary.
std::optional<double> cohens_dz(const Summary& differences);

/// Cohen's d of two samples: the difference of means over the pooled standard deviation. nullopt where neither varies
/// or both together hold fewer than three values.
std::optional<double> cohens_d(const Summary& a, const Summary& b);

/// What makes Cohen's d unbiased for normal data, with `degrees` > 1 of freedom (n - 1 paired, n + m - 2 else):
/// Gamma(m / 2) / (sqrt(m / 2) Gamma((m - 1) / 2)), in (0, 1). Hedges 1981, equation 6e. Hedges' g is d times it.
/// Throws invalid_argument unless degrees > 1.
double hedges_correction(double degrees);

/// Cliff's delta of two samples, paired or not: share of pairs (a_i, b_j) with a_i > b_j less the share with a_i < b_j,
/// in [-1, 1]. Cliff 1993. Time n log n. nullopt where a side is empty; throws invalid_argument for a NaN.
std::optional<double> cliffs_delta(std::span<const double> a, std::span<const double> b);

}  // namespace tamis::stats
