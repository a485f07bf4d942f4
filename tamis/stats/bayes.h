#pragma once

#include <span>
#include <vector>

namespace tamis::stats {

/// P(B) = sum over causes of P(A_i) P(B | A_i). priors: P(A_i), in [0, 1], adding up to 1 (to 1e-9); likelihoods:
/// P(B | A_i), in [0, 1]. Throws invalid_argument for unequal or no causes, or numbers that are no probabilities.
double total_probability(std::span<const double> priors, std::span<const double> likelihoods);

/// Bayes' rule: P(A_i | B) = P(A_i) P(B | A_i) / P(B), a value per cause, adding up to 1. Throws as
/// total_probability(), or if P(B) is 0.
std::vector<double> bayes(std::span<const double> priors, std::span<const double> likelihoods);

/// P(A | positive) of a test for A: by its sensitivity P(positive | A) and false-positive rate P(positive | not A).
/// A prior of 1 %, 0.99 and 0.01 give 1/2. Throws as bayes().
double positive_predictive_value(double prior, double sensitivity, double false_positive_rate);

/// The same by the specificity, 1 - false-positive rate.
double positive_predictive_value_by_specificity(double prior, double sensitivity, double specificity);

}  // namespace tamis::stats
