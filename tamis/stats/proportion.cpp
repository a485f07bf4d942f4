#include "tamis/stats/proportion.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

#include "tamis/base/error.h"

namespace tamis::stats {

namespace {

void check(std::uint64_t successes, std::uint64_t trials, double alpha) {
  if (trials == 0) fail_caller("proportion", "no trials; at least 1 is needed");
  if (successes > trials)
    fail_caller("proportion", fmt::format("{} successes of {} trials; there cannot be more", successes, trials));
  if (!(alpha > 0 && alpha < 1)) fail_caller("proportion", fmt::format("alpha {} is not in (0, 1)", alpha));
}

}  // namespace

Interval clopper_pearson(std::uint64_t successes, std::uint64_t trials, double alpha) {
  check(successes, trials, alpha);
  const auto k = static_cast<double>(successes);
  const auto n = static_cast<double>(trials);
  using Beta = boost::math::beta_distribution<double>;
  return {successes == 0 ? 0 : quantile(Beta(k, n - k + 1), alpha / 2),
          successes == trials ? 1 : quantile(complement(Beta(k + 1, n - k), alpha / 2))};
}

Interval wilson(std::uint64_t successes, std::uint64_t trials, double alpha) {
  check(successes, trials, alpha);
  const auto n = static_cast<double>(trials);
  const double share = static_cast<double>(successes) / n;
  const double z = quantile(complement(boost::math::normal(), alpha / 2));
  const double scale = 1 + z * z / n;
  const double centre = (share + z * z / (2 * n)) / scale;
  const double reach = z * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale;
  return {successes == 0 ? 0 : std::max(0.0, centre - reach), successes == trials ? 1 : std::min(1.0, centre + reach)};
}

}  // namespace tamis::stats
