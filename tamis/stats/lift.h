#pragma once

#include "tamis/stats/tests.h"

namespace tamis::stats {

/// mean(a) / mean(b) - 1 with its delta-method interval. `covariance` is that of the two means (0 for independent
/// samples). Deng, Knoblich & Lu, "Applying the Delta Method in Metric Analytics" (KDD 2018), section 3.
/// The interval is low = high = estimate when neither side varies. Requires mean(b) > 0 (invalid_argument else).
struct Lift {
  double estimate = 0;
  double standard_error = 0;
  Interval interval;
};
Lift relative_lift(const Summary& a, const Summary& b, double covariance, double alpha);

}  // namespace tamis::stats
