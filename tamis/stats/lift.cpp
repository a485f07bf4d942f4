#include "tamis/stats/lift.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

#include "tamis/base/error.h"

namespace tamis::stats {

Lift relative_lift(const Summary& a, const Summary& b, double covariance, double alpha) {
  if (!(b.mean > 0)) fail_caller("lift", "the base's mean must be above 0 for a relative lift");
  const double ratio = a.mean / b.mean;
  const double sa = a.standard_error();
  const double sb = b.standard_error();
  const double variance = (sa * sa - 2 * ratio * covariance + ratio * ratio * sb * sb) / (b.mean * b.mean);
  Lift lift;
  lift.estimate = ratio - 1;
  lift.standard_error = std::sqrt(std::max(0.0, variance));
  const double reach = boost::math::quantile(boost::math::normal(), 1 - alpha / 2) * lift.standard_error;
  lift.interval = {lift.estimate - reach, lift.estimate + reach};
  return lift;
}

}  // namespace tamis::stats
