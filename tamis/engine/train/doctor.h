#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tamis/engine/train/doctor_evidence.h"

namespace tamis::doctor {

/// What can be wrong, causes before the effects they have: a finding explains those after it.
enum class Cause {
  labels_outside_classes,
  data_not_finite,
  normalized_otherwise,
  inputs_not_normalized,
  not_finite_op,
  weights_too_large,
  weights_too_small,
  exploding_gradients,
  vanishing_gradients,
  rate_too_high,
  batch_too_small,
  rate_too_low,
  plateau,
  overfitting
};
/// "labels outside the classes".
std::string_view name(Cause cause);
/// "labels_outside_classes", for JSON.
std::string_view key(Cause cause);

enum class Severity {
  critical,  ///< the run cannot learn as it is
  serious    ///< it learns less than it could
};
std::string_view name(Severity severity);

struct Finding {
  Cause cause;
  Severity severity;
  std::string evidence;               ///< what was measured, with numbers and the limit it passed
  std::vector<std::string> remedies;  ///< what to do, the likeliest help first
  std::string source;                 ///< whose result the rule and the remedies rest on
};

/// What is wrong with the run, the likeliest cause first; empty for a healthy run. Every limit and its reason is in
/// docs/design/doctor.md. Pure.
std::vector<Finding> diagnose(const Evidence& evidence);

/// The findings as a text for a terminal, or that there is none and on what that rests.
std::string report_text(const Evidence& evidence, const std::vector<Finding>& findings);

}  // namespace tamis::doctor
