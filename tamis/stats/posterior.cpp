#include "tamis/stats/posterior.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <cmath>

#include "tamis/base/error.h"

namespace tamis::stats {

namespace {

namespace policies = boost::math::policies;

// A density that is infinite at an end, or a quantile that vanishes, is no failure.
using Quiet = policies::policy<policies::overflow_error<policies::ignore_error>,
                               policies::underflow_error<policies::ignore_error>>;
using Beta = boost::math::beta_distribution<double, Quiet>;

void check_alpha(double alpha) {
  if (!(alpha > 0 && alpha < 1)) fail_caller("credible", fmt::format("alpha {} is not in (0, 1)", alpha));
}

void check(const BetaPosterior& beta) {
  if (!(beta.a > 0 && beta.b > 0 && std::isfinite(beta.a) && std::isfinite(beta.b)))
    fail_caller("beta", fmt::format("Beta({}, {}); both numbers must be above 0", beta.a, beta.b));
}

void check(double estimate, double deviation) {
  if (!(deviation > 0 && std::isfinite(deviation) && std::isfinite(estimate)))
    fail_caller("normal", fmt::format("mean {} and deviation {}; a finite mean and a deviation above 0 are needed",
                                      estimate, deviation));
}

}  // namespace

Interval BetaPosterior::credible(double alpha) const {
  check_alpha(alpha);
  check(*this);
  const Beta beta(a, b);
  return {quantile(beta, alpha / 2), quantile(complement(beta, alpha / 2))};
}

BetaPosterior beta_binomial(const BetaPosterior& prior, std::uint64_t successes, std::uint64_t trials) {
  check(prior);
  if (successes > trials)
    fail_caller("beta", fmt::format("{} successes of {} trials; there cannot be more", successes, trials));
  return {prior.a + static_cast<double>(successes), prior.b + static_cast<double>(trials - successes)};
}

double probability_greater(const BetaPosterior& x, const BetaPosterior& y) {
  check(x);
  check(y);
  const Beta other(y.a, y.b);
  const Beta own(x.a, x.b);
  // Over the quantiles of x rather than over x: the integrand is bounded whatever the density does.
  const auto below = [&](double share) {
    const double at = share < 0.5 ? quantile(own, share) : quantile(complement(own, 1 - share));
    return cdf(other, std::clamp(at, 0.0, 1.0));
  };
  return std::clamp(boost::math::quadrature::gauss_kronrod<double, 61>::integrate(below, 0.0, 1.0, 12, 1e-13), 0.0,
                    1.0);
}

Interval NormalPosterior::credible(double alpha) const {
  check_alpha(alpha);
  check(mean, deviation);
  const double half = quantile(complement(boost::math::normal(), alpha / 2)) * deviation;
  return {mean - half, mean + half};
}

NormalPosterior normal_update(const NormalPosterior& prior, double estimate, double standard_error) {
  check(prior.mean, prior.deviation);
  check(estimate, standard_error);
  // By the ratio of the deviations: precisions themselves could overflow.
  const double ratio = prior.deviation / standard_error;
  const double weight = ratio / std::hypot(1.0, ratio);
  return {prior.mean + weight * weight * (estimate - prior.mean), prior.deviation / std::hypot(1.0, ratio)};
}

double probability_greater(const NormalPosterior& x, const NormalPosterior& y) {
  check(x.mean, x.deviation);
  check(y.mean, y.deviation);
  return cdf(boost::math::normal(), (x.mean - y.mean) / std::hypot(x.deviation, y.deviation));
}

}  // namespace tamis::stats
