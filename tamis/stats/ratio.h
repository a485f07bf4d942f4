#pragma once

#include "tamis/stats/covariance.h"
#include "tamis/stats/tests.h"

namespace tamis::stats {

/// A ratio of sums over units (clicks per view: x are a unit's clicks, y its views): mean x / mean y. Units are
/// independent, what lies inside one need not be.
struct Ratio {
  double estimate = 0;
  double standard_error = 0;
  std::uint64_t units = 0;
};

/// By the delta method: variance = (s_xx - 2 R s_xy + R^2 s_yy) / (n mean_y^2). Deng, Knoblich & Lu 2018.
/// Throws invalid_argument for fewer than two units, a mean of y that is not above 0, or numbers that are not finite.
Ratio ratio_of_means(const Covariance& units);

/// Student's t with units - 1 degrees against a ratio of 0: with x a cluster's total and y its size this is the
/// cluster-robust test of a mean (the sandwich with the factor C / (C - 1)).
TestResult ratio_test(const Ratio& ratio);

/// estimate ± z_{1 - alpha/2} standard_error. Throws invalid_argument unless alpha is in (0, 1).
Interval ratio_interval(const Ratio& ratio, double alpha);

/// Ratio of a less ratio of b, independent arms, by the normal distribution (`degrees` is infinite).
TestResult ratio_difference(const Ratio& a, const Ratio& b);

}  // namespace tamis::stats
