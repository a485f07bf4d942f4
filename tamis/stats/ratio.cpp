#include "tamis/stats/ratio.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>

#include "tamis/base/error.h"

namespace tamis::stats {

Ratio ratio_of_means(const Covariance& units) {
  if (units.count < 2) fail_caller("ratio", fmt::format("{} units; at least 2 are needed", units.count));
  for (const double number : {units.mean_x, units.mean_y, units.m2_x, units.m2_y, units.products}) {
    if (!std::isfinite(number)) fail_caller("ratio", "a value is not finite; a ratio needs finite numbers");
  }
  if (!(units.mean_y > 0))
    fail_caller("ratio", fmt::format("the denominators' mean is {}; it must be above 0", units.mean_y));
  const auto n = static_cast<double>(units.count);
  const double ratio = units.mean_x / units.mean_y;
  const double residual = (units.m2_x - 2 * ratio * units.products + ratio * ratio * units.m2_y) / (n - 1);
  return {ratio, std::sqrt(std::max(0.0, residual) / n) / units.mean_y, units.count};
}

TestResult ratio_test(const Ratio& ratio) {
  // The t-test of a mean with this standard error.
  Summary mean;
  mean.count = ratio.units;
  mean.mean = ratio.estimate;
  const auto n = static_cast<double>(ratio.units);
  mean.m2 = ratio.standard_error * ratio.standard_error * n * (n - 1);
  return one_sample(mean);
}

Interval ratio_interval(const Ratio& ratio, double alpha) {
  if (!(alpha > 0 && alpha < 1)) fail_caller("interval", fmt::format("alpha {} is not in (0, 1)", alpha));
  const double half = quantile(complement(boost::math::normal(), alpha / 2)) * ratio.standard_error;
  return {ratio.estimate - half, ratio.estimate + half};
}

TestResult ratio_difference(const Ratio& a, const Ratio& b) {
  TestResult result;
  result.estimate = a.estimate - b.estimate;
  result.standard_error = std::hypot(a.standard_error, b.standard_error);
  result.degrees = std::numeric_limits<double>::infinity();
  if (result.standard_error == 0) {
    result.p = result.estimate == 0 ? 1 : 0;
    return result;
  }
  const double z = std::abs(result.estimate / result.standard_error);
  result.p = std::min(1.0, 2 * cdf(complement(boost::math::normal(), z)));
  return result;
}

}  // namespace tamis::stats
