#include "tamis/stats/bayes.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <numeric>
#include <string_view>

#include "tamis/base/error.h"

namespace tamis::stats {

namespace {

void need_probabilities(std::string_view what, std::span<const double> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!(values[i] >= 0 && values[i] <= 1))
      fail_caller("bayes", fmt::format("{} {} is {}; it must lie in [0, 1]", what, i + 1, values[i]));
  }
}

}  // namespace

double total_probability(std::span<const double> priors, std::span<const double> likelihoods) {
  if (priors.size() != likelihoods.size() || priors.empty())
    fail_caller("bayes", fmt::format("{} priors and {} likelihoods; as many of both, at least 1, are needed",
                                     priors.size(), likelihoods.size()));
  need_probabilities("prior", priors);
  need_probabilities("likelihood", likelihoods);
  const double sum = std::accumulate(priors.begin(), priors.end(), 0.0);
  if (std::abs(sum - 1) > 1e-9) fail_caller("bayes", fmt::format("the priors add up to {}; they must to 1", sum));
  return std::inner_product(priors.begin(), priors.end(), likelihoods.begin(), 0.0);
}

std::vector<double> bayes(std::span<const double> priors, std::span<const double> likelihoods) {
  const double evidence = total_probability(priors, likelihoods);
  if (evidence == 0) fail_caller("bayes", "no cause could have led to what was seen: its probability is 0");
  std::vector<double> posterior(priors.size());
  for (std::size_t i = 0; i < priors.size(); ++i) posterior[i] = priors[i] * likelihoods[i] / evidence;
  return posterior;
}

double positive_predictive_value(double prior, double sensitivity, double false_positive_rate) {
  return bayes(std::array{prior, 1 - prior}, std::array{sensitivity, false_positive_rate})[0];
}

double positive_predictive_value_by_specificity(double prior, double sensitivity, double specificity) {
  return positive_predictive_value(prior, sensitivity, 1 - specificity);
}

}  // namespace tamis::stats
