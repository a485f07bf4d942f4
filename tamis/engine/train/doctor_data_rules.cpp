#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tamis/engine/train/doctor_rules.h"

namespace tamis::doctor {

namespace {

// Limits; docs/design/doctor.md says why.
constexpr double kLargestRms = 4;        // curvature grows with its square: 16 times
constexpr double kLargestFeature = 8;    // one feature's: 64 times
constexpr double kFarMean = 10;          // deviations between 0 and the mean
constexpr double kSmallestRms = 0.02;    // together with
constexpr double kShortestRow = 0.5;     // rows shorter than half of unit length
constexpr double kShiftedMean = 1.05;    // deviations; scaling [0, 1] to [-1, 1] stays within 1
constexpr double kStretched = 3;         // deviation of what should have deviation 1
constexpr double kShrunk = 0.1;          // scaling skewed data onto [0, 1] leaves 0.1 to 0.3
constexpr double kOffCentre = 4;         // deviations between the mean that was subtracted and the real one
constexpr double kHeldOutShift = 0.5;    // Cohen's medium effect
constexpr double kHeldOutStretch = 1.5;  // ratio of deviations
constexpr std::int64_t kFewestHeldOut = 30;

struct Scale {
  double rms = 0;      // of all features
  double largest = 0;  // of one feature
  std::size_t at = 0;
  double mean = 0;       // root of the mean squared mean
  double deviation = 0;  // root of the mean variance
};

Scale scale_of(const Inputs& inputs) {
  Scale scale;
  for (std::size_t i = 0; i < inputs.features.size(); ++i) {
    const Feature& feature = inputs.features[i];
    const double rms = std::hypot(feature.mean, feature.deviation);
    scale.mean += feature.mean * feature.mean;
    scale.deviation += feature.deviation * feature.deviation;
    if (rms > scale.largest) {
      scale.largest = rms;
      scale.at = i;
    }
  }
  const auto count = static_cast<double>(std::max<std::size_t>(1, inputs.features.size()));
  scale.mean = std::sqrt(scale.mean / count);
  scale.deviation = std::sqrt(scale.deviation / count);
  scale.rms = std::hypot(scale.mean, scale.deviation);
  return scale;
}

const std::vector<std::string> kNormalize = {
    "Subtract the training rows' mean and divide by their deviation ([data] normalize = \"standard\" or \"feature\")",
    "Use the same two numbers for validation, test and serving",
    "Or begin the network with batch norm, which does it layer by layer"};
constexpr const char* kEfficientBackProp =
    "LeCun, Bottou, Orr and Müller, Efficient BackProp (1998), sections 4.3 and 5";

/// How badly what was subtracted and divided by fits the raw training rows: "" where it does.
std::string misfit(const Normalization& normalization) {
  double shift = 0, count = 0;
  std::vector<double> stretch;
  for (std::size_t i = 0; i < normalization.applied.size() && i < normalization.of_training.size(); ++i) {
    const Feature& applied = normalization.applied[i];
    const Feature& real = normalization.of_training[i];
    if (applied.deviation <= 0 || real.deviation <= 0) continue;
    shift += std::pow((real.mean - applied.mean) / applied.deviation, 2);
    stretch.push_back(real.deviation / applied.deviation);
    count += 1;
  }
  if (count == 0) return "";
  shift = std::sqrt(shift / count);
  const double typical = median(std::move(stretch));
  // A scale alone (mean 0) leaves the mean where it was: that is not a wrong mean.
  const bool centres = normalization.applied.front().mean != 0;
  const bool off_centre = shift > kShiftedMean || (centres && typical < 1 / kStretched && shift > kOffCentre * typical);
  if (!off_centre && typical <= kStretched && typical >= kShrunk) return "";
  return fmt::format(
      "mean and deviation from the {} leave the training rows with a mean of {:.3g} (limit {}) and a deviation of "
      "{:.3g} "
      "(limits {} and {}; between {} and {:.2g} the mean must be within {} deviations): {:.4g} and {:.4g} were "
      "applied, "
      "the training rows' own are {:.4g} and {:.4g}",
      normalization.source, shift, kShiftedMean, typical, kShrunk, kStretched, kShrunk, 1 / kStretched, kOffCentre,
      normalization.applied.front().mean, normalization.applied.front().deviation,
      normalization.of_training.front().mean, normalization.of_training.front().deviation);
}

/// The same for held-out rows against training rows, as the network sees both.
std::string departure(const Inputs& train, const Inputs& held_out, const char* part) {
  if (train.features.size() != held_out.features.size() || train.features.empty()) return "";
  if (held_out.rows < kFewestHeldOut || train.not_finite + held_out.not_finite > 0) return "";
  double shift = 0, spread = 0, other_spread = 0;
  for (std::size_t i = 0; i < train.features.size(); ++i) {
    shift += std::pow(held_out.features[i].mean - train.features[i].mean, 2);
    spread += std::pow(train.features[i].deviation, 2);
    other_spread += std::pow(held_out.features[i].deviation, 2);
  }
  if (spread <= 0) return "";
  // What sampling alone makes of equal means.
  const double chance = 1 / static_cast<double>(held_out.rows) + 1 / static_cast<double>(train.rows);
  const double effect = std::sqrt(std::max(0.0, shift / spread - chance));
  const double stretch = std::sqrt(other_spread / spread);
  if (effect <= kHeldOutShift && stretch <= kHeldOutStretch && stretch >= 1 / kHeldOutStretch) return "";
  return fmt::format(
      "the {} rows' means lie {:.3g} deviations from the training rows' (limit {}), their deviation is {:.3g} "
      "times theirs (limits {:.3g} and {})",
      part, effect, kHeldOutShift, stretch, 1 / kHeldOutStretch, kHeldOutStretch);
}

}  // namespace

void check_labels(const Evidence& evidence, Findings& findings) {
  for (const auto& [labels, part] :
       {std::pair(&evidence.train_labels, "training"), std::pair(&evidence.validation_labels, "validation")}) {
    if (!*labels || (*labels)->outside == 0) continue;
    const Labels& seen = **labels;
    findings.push_back({Cause::labels_outside_classes,
                        Severity::critical,
                        fmt::format("{} of {} {} labels are not in 0 .. {}: {}", seen.outside, seen.rows, part,
                                    seen.classes - 1, seen.first_outside),
                        {fmt::format("If there are more classes, set classes to their number (now {})", seen.classes),
                         "If labels count from 1, subtract 1; if a number stands for 'unknown', leave those rows out",
                         "Check that the label column is the one that was meant"},
                        "the definition of cross-entropy: the label picks an output"});
    return;
  }
}

void check_data_finite(const Evidence& evidence, Findings& findings) {
  for (const auto& [inputs, part] :
       {std::pair(&evidence.train_inputs, "training"), std::pair(&evidence.validation_inputs, "validation")}) {
    if (!*inputs || (*inputs)->not_finite == 0) continue;
    findings.push_back({Cause::data_not_finite,
                        Severity::critical,
                        fmt::format("{} values of the {} rows are NaN or infinite: {}", (*inputs)->not_finite, part,
                                    (*inputs)->first_not_finite),
                        {"Leave out the rows, or fill the gaps with the feature's training mean and add a feature "
                         "that says so",
                         "Find what made them: a missing field, a division by zero, a logarithm of 0 upstream"},
                        "IEEE 754: one NaN in a batch makes every gradient NaN"});
    return;
  }
}

void check_normalized_otherwise(const Evidence& evidence, Findings& findings) {
  std::string found;
  if (evidence.normalization) found = misfit(*evidence.normalization);
  for (const auto& [inputs, part] :
       {std::pair(&evidence.validation_inputs, "validation"), std::pair(&evidence.test_inputs, "test")}) {
    if (found.empty() && evidence.train_inputs && *inputs) found = departure(*evidence.train_inputs, **inputs, part);
  }
  if (found.empty()) return;
  findings.push_back({Cause::normalized_otherwise,
                      Severity::critical,
                      found,
                      {"Take mean and deviation from the training rows and use these for every part (leave out [data] "
                       "mean and deviation)",
                       "If the statistics are right, the parts are drawn from different sources: shuffle before "
                       "splitting, or treat the shift as one"},
                      kEfficientBackProp});
}

void check_inputs_normalized(const Evidence& evidence, Findings& findings) {
  if (!evidence.train_inputs || evidence.normalizes_itself || evidence.train_inputs->features.empty()) return;
  if (evidence.train_inputs->not_finite > 0) return;
  const Scale scale = scale_of(*evidence.train_inputs);
  std::string found;
  if (scale.rms > kLargestRms) {
    found = fmt::format("the inputs' root mean square is {:.4g} (limit {}; normalised inputs have 1)", scale.rms,
                        kLargestRms);
  } else if (scale.largest > kLargestFeature) {
    found = fmt::format("feature {} has a root mean square of {:.4g} (limit {}), all together {:.3g}", scale.at,
                        scale.largest, kLargestFeature, scale.rms);
  } else if (scale.mean > 1 && scale.mean > kFarMean * scale.deviation) {
    found = fmt::format("the inputs' mean of {:.4g} is {:.3g} deviations away from 0 (limit {})", scale.mean,
                        scale.mean / std::max(scale.deviation, 1e-12), kFarMean);
  } else if (scale.rms < kSmallestRms && evidence.train_inputs->row_length < kShortestRow) {
    found = fmt::format("the inputs' root mean square is {:.3g} (limit {}) and a row's length {:.3g} (limit {})",
                        scale.rms, kSmallestRms, evidence.train_inputs->row_length, kShortestRow);
  }
  if (found.empty()) return;
  findings.push_back({Cause::inputs_not_normalized, Severity::serious, found, kNormalize, kEfficientBackProp});
}

}  // namespace tamis::doctor
