#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tamis/engine/train/doctor.h"

// The rules of diagnose(), causes before effects; each is pure and silent where its evidence is missing. Limits and
// their reasons: docs/design/doctor.md.
namespace tamis::doctor {

/// How the loss went, smoothed by medians over a twentieth of the steps (at least 5, at most 200).
struct Course {
  double first = 0, last = 0, lowest = 0, highest = 0;
  double middle = 0;   ///< half way
  bool broke = false;  ///< a loss was not finite
};
/// Nothing for fewer than 20 steps, unless the loss broke.
std::optional<Course> course(const Evidence& evidence);
/// The loss of a network that has learned nothing: of the best constant output, or before the first step if that is
/// less or nothing else is known.
std::optional<double> no_skill(const Evidence& evidence);
/// True if the last losses are above `share` of that.
bool stuck(const Evidence& evidence, double share);
/// The median |change| / |weights| over the second half of the steps.
std::optional<double> typical_update(const Evidence& evidence);
/// The highest loss of a step over the first one, or over that without skill if that is more.
double highest_rise(const Evidence& evidence);
/// The loss ran away: it is not finite after it, the gradient or the steps had grown, or it ends above where it began.
bool ran_away(const Evidence& evidence);
const Trial* trial(const Evidence& evidence, double rate_factor, double batch_factor);
double median(std::vector<double> values);

using Findings = std::vector<Finding>;
void check_labels(const Evidence& evidence, Findings& findings);
void check_data_finite(const Evidence& evidence, Findings& findings);
void check_normalized_otherwise(const Evidence& evidence, Findings& findings);
void check_inputs_normalized(const Evidence& evidence, Findings& findings);

void check_finite_ops(const Evidence& evidence, Findings& findings);
void check_weights_too_large(const Evidence& evidence, Findings& findings);
void check_weights_too_small(const Evidence& evidence, Findings& findings);
void check_exploding_at_start(const Evidence& evidence, Findings& findings);
void check_vanishing_at_start(const Evidence& evidence, Findings& findings);
/// Units that compute the same: a plateau by symmetry.
void check_twins(const Evidence& evidence, Findings& findings);

void check_rate_too_high(const Evidence& evidence, Findings& findings);
void check_spikes(const Evidence& evidence, Findings& findings);
void check_vanished_later(const Evidence& evidence, Findings& findings);
void check_batch(const Evidence& evidence, Findings& findings);
void check_rate_too_low(const Evidence& evidence, Findings& findings);

void check_plateau(const Evidence& evidence, Findings& findings);
void check_overfitting(const Evidence& evidence, Findings& findings);

}  // namespace tamis::doctor
