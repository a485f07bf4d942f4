#include "tamis/engine/train/doctor.h"

#include <fmt/format.h>

#include "tamis/engine/train/doctor_rules.h"

namespace tamis::doctor {

std::string_view name(Cause cause) {
  switch (cause) {
    case Cause::labels_outside_classes:
      return "labels outside the classes";
    case Cause::data_not_finite:
      return "NaN or infinity in the data";
    case Cause::normalized_otherwise:
      return "normalised with other statistics than the training set's";
    case Cause::inputs_not_normalized:
      return "inputs not normalised";
    case Cause::not_finite_op:
      return "division by zero, log(0) or the like";
    case Cause::weights_too_large:
      return "weights initialised too large";
    case Cause::weights_too_small:
      return "weights initialised too small";
    case Cause::exploding_gradients:
      return "exploding gradients";
    case Cause::vanishing_gradients:
      return "vanishing gradients";
    case Cause::rate_too_high:
      return "learning rate too high";
    case Cause::batch_too_small:
      return "batch too small";
    case Cause::rate_too_low:
      return "learning rate too low";
    case Cause::plateau:
      return "a plateau or local optimum";
    case Cause::overfitting:
      break;
  }
  return "overfitting";
}

std::string_view key(Cause cause) {
  switch (cause) {
    case Cause::labels_outside_classes:
      return "labels_outside_classes";
    case Cause::data_not_finite:
      return "data_not_finite";
    case Cause::normalized_otherwise:
      return "normalized_otherwise";
    case Cause::inputs_not_normalized:
      return "inputs_not_normalized";
    case Cause::not_finite_op:
      return "not_finite_op";
    case Cause::weights_too_large:
      return "weights_too_large";
    case Cause::weights_too_small:
      return "weights_too_small";
    case Cause::exploding_gradients:
      return "exploding_gradients";
    case Cause::vanishing_gradients:
      return "vanishing_gradients";
    case Cause::rate_too_high:
      return "rate_too_high";
    case Cause::batch_too_small:
      return "batch_too_small";
    case Cause::rate_too_low:
      return "rate_too_low";
    case Cause::plateau:
      return "plateau";
    case Cause::overfitting:
      break;
  }
  return "overfitting";
}

std::string_view name(Severity severity) {
  return severity == Severity::critical ? "critical" : "serious";
}

std::vector<Finding> diagnose(const Evidence& evidence) {
  Findings findings;
  check_labels(evidence, findings);
  check_data_finite(evidence, findings);
  check_normalized_otherwise(evidence, findings);
  check_inputs_normalized(evidence, findings);

  check_weights_too_large(evidence, findings);
  check_finite_ops(evidence, findings);
  check_weights_too_small(evidence, findings);
  check_twins(evidence, findings);
  check_exploding_at_start(evidence, findings);
  check_vanishing_at_start(evidence, findings);

  check_batch(evidence, findings);
  check_rate_too_high(evidence, findings);
  check_spikes(evidence, findings);
  check_rate_too_low(evidence, findings);
  check_vanished_later(evidence, findings);

  // What is left when nothing else explains a loss that stands still.
  if (findings.empty()) check_plateau(evidence, findings);
  check_overfitting(evidence, findings);
  return findings;
}

namespace {

std::string looked_at(const Evidence& evidence) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (evidence.train_inputs) add(fmt::format("{} training rows", evidence.train_inputs->rows));
  if (!evidence.start.empty()) add(fmt::format("{} layers before the first step", evidence.start.size()));
  if (!evidence.steps.empty()) add(fmt::format("{} steps", evidence.steps.size()));
  if (!evidence.evaluations.empty()) add(fmt::format("{} evaluations", evidence.evaluations.size()));
  if (!evidence.trials.empty()) add(fmt::format("{} trials with other settings", evidence.trials.size()));
  return text.empty() ? "nothing" : text;
}

}  // namespace

std::string report_text(const Evidence& evidence, const std::vector<Finding>& findings) {
  std::string text = fmt::format("{}: looked at {}.\n", evidence.subject, looked_at(evidence));
  for (const std::string& note : evidence.notes) text += fmt::format("Not looked at: {}.\n", note);
  if (findings.empty()) return text + "Nothing is wrong as far as this shows.";
  for (std::size_t i = 0; i < findings.size(); ++i) {
    const Finding& finding = findings[i];
    text += fmt::format("\n{}. {} ({})\n", i + 1, name(finding.cause), name(finding.severity));
    text += fmt::format("   Evidence: {}\n", finding.evidence);
    for (const std::string& remedy : finding.remedies) text += fmt::format("   - {}\n", remedy);
    text += fmt::format("   Source: {}\n", finding.source);
  }
  if (findings.size() > 1) text += "\nCauses come before their effects: mend the first and look again.\n";
  text.pop_back();
  return text;
}

}  // namespace tamis::doctor
