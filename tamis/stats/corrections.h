#pragma once

#include <span>
#include <vector>

namespace tamis::stats {

enum class Correction { none, bonferroni, holm, benjamini_hochberg };

/// Adjusted p-values, in input order, each at most 1. Bonferroni: m p; Holm 1979, never larger (both family-wise
/// error); Benjamini & Hochberg 1995 (false discovery rate, independent or positively dependent tests). Empty in, empty
/// out. Throws invalid_argument for a p outside [0, 1].
std::vector<double> adjust(std::span<const double> p, Correction correction);

/// The alpha at which each comparison's own interval is drawn so that the intervals agree with the corrected tests at
/// `alpha`: an interval excludes 0 exactly when its adjusted p-value is < alpha. none: alpha. Bonferroni: alpha / m.
/// Holm: the step-down levels alpha / (m - i) of the i-th smallest p (from 0), the level of the first test not rejected
/// for all after it. Benjamini-Hochberg: R alpha / m for all, R rejections (at least 1): Benjamini & Yekutieli 2005
/// (false coverage rate). Equal p-values are taken in input order. Throws invalid_argument for a p outside [0, 1] or an
/// alpha outside (0, 1).
std::vector<double> interval_levels(std::span<const double> p, Correction correction, double alpha);

}  // namespace tamis::stats
