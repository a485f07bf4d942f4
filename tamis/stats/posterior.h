#pragma once

#include <cstdint>

#include "tamis/stats/tests.h"

namespace tamis::stats {

/// Beta(a, b) of a share; the default is the uniform prior. Conjugate to the binomial: Gelman et al., Bayesian Data
/// Analysis (3rd edition), chapter 2.
struct BetaPosterior {
  double a = 1;
  double b = 1;

  double mean() const { return a / (a + b); }
  /// Equal tails: the alpha/2 and 1 - alpha/2 quantiles. Throws invalid_argument unless alpha is in (0, 1).
  Interval credible(double alpha) const;
};

/// Prior and data: Beta(a + successes, b + trials - successes). Throws invalid_argument for successes > trials or a
/// prior whose numbers are not above 0 and finite.
BetaPosterior beta_binomial(const BetaPosterior& prior, std::uint64_t successes, std::uint64_t trials);

/// P(x > y) of independent x and y: the integral over u in (0, 1) of P(y < the u-quantile of x), by adaptive
/// Gauss-Kronrod, to about 1e-10. Some milliseconds.
double probability_greater(const BetaPosterior& x, const BetaPosterior& y);

/// Normal of a mean. Gelman et al., chapter 2.
struct NormalPosterior {
  double mean = 0;
  double deviation = 1;  ///< > 0

  Interval credible(double alpha) const;
};

/// Prior and an estimate with a known standard error: precisions add, means weigh by them. Throws invalid_argument
/// unless both deviations are above 0 and all is finite.
NormalPosterior normal_update(const NormalPosterior& prior, double estimate, double standard_error);

/// P(x > y) of independent x and y: Phi((mean x - mean y) / hypot of deviations).
double probability_greater(const NormalPosterior& x, const NormalPosterior& y);

}  // namespace tamis::stats
