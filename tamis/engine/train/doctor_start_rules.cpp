#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tamis/engine/train/doctor_rules.h"

namespace tamis::doctor {

namespace {

// Limits; docs/design/doctor.md says why.
constexpr double kLargestGain = 3;
constexpr double kWorseThanChance = 2;   // initial loss over the loss of the best constant
constexpr double kSaturated = 0.5;       // share of a layer's outputs, at the start
constexpr double kSmallGain = 0.2;       // geometric mean over hidden layers, if nothing is learned
constexpr double kNoGain = 0.02;         // and in any case
constexpr double kGrowth = 1e3;          // of signal or gradient, through the whole network
constexpr double kShrinkage = 1e-3;      // of the gradient
constexpr double kSomeShrinkage = 1e-2;  // if no other rate helps either
constexpr double kGone = 1e-5;           // if half of what there is to learn is not learned
constexpr double kLearnedHalf = 0.5;
constexpr double kDead = 0.8;  // share of a layer's units
constexpr double kSaturatedLater = 0.9;
constexpr double kTwins = 0.5;
constexpr double kLearnedNothing = 0.9;  // of the loss without skill
constexpr double kLearned = 0.7;

const Layer* first_weighted(const std::vector<Layer>& layers) {
  for (const Layer& layer : layers) {
    if (layer.gain) return &layer;
  }
  return nullptr;
}

const Layer* last_weighted(const std::vector<Layer>& layers) {
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    if (layer->gain) return &*layer;
  }
  return nullptr;
}

/// The share of saturated outputs of the layer that has most.
const Layer* most_saturated(const std::vector<Layer>& layers) {
  const Layer* most = nullptr;
  for (const Layer& layer : layers) {
    if (layer.saturated && (most == nullptr || *layer.saturated > *most->saturated)) most = &layer;
  }
  return most;
}

const Layer* most_dead(const std::vector<Layer>& layers) {
  const Layer* most = nullptr;
  for (const Layer& layer : layers) {
    if (layer.bypassed || !layer.dead || layer.units < 4) continue;
    if (most == nullptr || *layer.dead > *most->dead) most = &layer;
  }
  return most;
}

/// dL/d(output) of the first layer with weights over that of the last; nothing for fewer than two.
std::optional<double> gradient_ratio(const std::vector<Layer>& layers) {
  const Layer* first = first_weighted(layers);
  const Layer* last = last_weighted(layers);
  if (first == nullptr || first == last || last->signal <= 0) return std::nullopt;
  return first->signal / last->signal;
}

/// Some other rate lets it learn: then the network is fit to.
bool learns_at_another_rate(const Evidence& evidence) {
  const auto level = no_skill(evidence);
  return level && std::any_of(evidence.trials.begin(), evidence.trials.end(), [&](const Trial& trial) {
           return trial.batch_factor == 1 && trial.last_loss < kLearned * *level;
         });
}

bool learns_nothing(const Evidence& evidence) {
  return !course(evidence) || stuck(evidence, kLearnedNothing);
}

std::optional<double> hidden_gain(const std::vector<Layer>& layers) {
  double logarithms = 0, count = 0;
  for (const Layer& layer : layers) {
    if (!layer.gain || layer.last || layer.renormed || layer.bypassed) continue;
    logarithms += std::log(std::max(*layer.gain, 1e-12));
    count += 1;
  }
  if (count == 0) return std::nullopt;
  return std::exp(logarithms / count);
}

const std::vector<std::string> kInitRemedies = {
    "Draw weights by He (init = \"he_normal\") before relu and its kin, by Xavier (init = \"xavier_uniform\") before "
    "tanh and sigmoid",
    "Put batch norm or layer norm after the layers: it undoes the scale of the weights"};
constexpr const char* kInitSources =
    "Glorot and Bengio (AISTATS 2010), equation 12; He et al., arXiv:1502.01852, equation 10; Schoenholz et al., "
    "arXiv:1611.01232";

void add_vanishing(Findings& findings, Severity severity, std::string evidence, bool dead) {
  std::vector<std::string> remedies = {
      "Use the relu family between layers; leaky_relu where units die",
      "Add residual connections, so that the gradient has a way around the layers (kind = \"residual\")",
      "Put batch norm between the layers", "Trade depth for width",
      "Draw weights by He before relu, by Xavier before tanh"};
  if (dead) std::rotate(remedies.begin(), remedies.begin() + 4, remedies.end());
  if (dead) remedies.emplace_back("Lower the learning rate: one step too long can push a unit below 0 for good");
  findings.push_back({Cause::vanishing_gradients, severity, std::move(evidence), std::move(remedies),
                      dead ? "Lu et al., arXiv:1903.06733; He et al., arXiv:1502.01852"
                           : "Hochreiter (1991); Glorot and Bengio (AISTATS 2010), section 4; He et al., "
                             "arXiv:1512.03385"});
}

}  // namespace

void check_finite_ops(const Evidence& evidence, Findings& findings) {
  if (!evidence.not_finite || ran_away(evidence)) return;
  findings.push_back(
      {Cause::not_finite_op,
       Severity::critical,
       fmt::format("at step {}, with finite data and no run-away before it: {}", evidence.not_finite->step,
                   evidence.not_finite->message),
       {"Take the logarithm inside the op that makes the probability: cross-entropy of logits, log-softmax, logistic "
        "loss of logits",
        "Add a small constant under a division, square root or logarithm (1e-12 in f64, 1e-7 in f32)",
        "Clip the op's input to where it is defined"},
       "Goodfellow, Bengio and Courville, Deep Learning (2016), section 4.1"});
}

void check_weights_too_large(const Evidence& evidence, Findings& findings) {
  const Layer* largest = nullptr;
  for (const Layer& layer : evidence.start) {
    if (!layer.gain || layer.renormed) continue;
    if (largest == nullptr || *layer.gain > *largest->gain) largest = &layer;
  }
  if (largest == nullptr || *largest->gain <= kLargestGain) return;
  std::string effect;
  const Layer* saturated = most_saturated(evidence.start);
  if (evidence.initial_loss && evidence.chance_loss &&
      !(*evidence.initial_loss <= kWorseThanChance * *evidence.chance_loss)) {
    effect = fmt::format("the first loss is {:.4g} where the best constant output has {:.4g} (limit {} times that)",
                         *evidence.initial_loss, *evidence.chance_loss, kWorseThanChance);
  } else if (saturated != nullptr && *saturated->saturated > kSaturated) {
    effect = fmt::format("{:.0f} % of {}'s outputs are saturated before the first step (limit {:.0f} %)",
                         100 * *saturated->saturated, saturated->name, 100 * kSaturated);
  } else if (evidence.not_finite && evidence.not_finite->step == 0) {
    effect = evidence.not_finite->message;
  } else {
    return;
  }
  findings.push_back({Cause::weights_too_large, Severity::critical,
                      fmt::format("{}'s weights have a gain (root mean square times the root of fan_in) of {:.3g} "
                                  "(limit {}; Xavier 1, He 1.41), and {}",
                                  largest->name, *largest->gain, kLargestGain, effect),
                      kInitRemedies, kInitSources});
}

void check_weights_too_small(const Evidence& evidence, Findings& findings) {
  const auto gain = hidden_gain(evidence.start);
  if (!gain || *gain >= kSmallGain) return;
  const bool learns = !learns_nothing(evidence);
  if (learns && *gain >= kNoGain) return;
  const Layer* last = last_weighted(evidence.start);
  std::string effect;
  if (!learns) effect = ", and the loss does not fall below that of a constant output";
  findings.push_back(
      {Cause::weights_too_small, learns ? Severity::serious : Severity::critical,
       fmt::format("the hidden layers' weights have a gain of {:.3g} (geometric mean; limit {}; Xavier 1, He 1.41): a "
                   "signal of {:.3g} at the first layer comes out of the last as {:.3g}{}",
                   *gain, learns ? kNoGain : kSmallGain, first_weighted(evidence.start)->input_rms, last->output_rms,
                   effect),
       kInitRemedies, kInitSources});
}

void check_twins(const Evidence& evidence, Findings& findings) {
  for (const Layer& layer : evidence.start) {
    if (!layer.twins || layer.last || *layer.twins <= kTwins || layer.gain.value_or(0) == 0) continue;
    findings.push_back(
        {Cause::plateau,
         Severity::critical,
         fmt::format("{:.0f} % of {}'s {} units have the same incoming weights as another (limit {:.0f} %): they get "
                     "the same gradients and stay the same, so the layer is as good as a narrower one",
                     100 * *layer.twins, layer.name, layer.units, 100 * kTwins),
         {"Draw the weights at random (He or Xavier); only biases may start equal"},
         "Goodfellow, Bengio and Courville, Deep Learning (2016), section 8.4: initial weights must break the "
         "symmetry"});
    return;
  }
}

void check_exploding_at_start(const Evidence& evidence, Findings& findings) {
  const Layer* first = first_weighted(evidence.start);
  const Layer* last = last_weighted(evidence.start);
  if (first == nullptr || first == last) return;
  const double backward = gradient_ratio(evidence.start).value_or(1);
  const double forward = first->input_rms > 0 ? last->output_rms / first->input_rms : 1;
  if (backward <= kGrowth && forward <= kGrowth) return;
  double norm = 0;
  for (const Layer& layer : evidence.start) norm = std::hypot(norm, layer.gradient_norm);
  findings.push_back(
      {Cause::exploding_gradients,
       Severity::critical,
       fmt::format("before the first step the gradient grows {:.3g} times on its way from {} back to {}, the signal "
                   "{:.3g} times on its way forward (limit {:.0f} for both); the whole gradient's norm is {:.3g}",
                   backward, last->name, first->name, forward, kGrowth, norm),
       {"Draw weights by He before relu, by Xavier before tanh: both keep the scale from layer to layer",
        "Put batch norm or layer norm between the layers", "Add residual connections with a norm in each branch",
        "Clip the gradient's norm ([train] clip_norm), at about what it is when the run goes well",
        "Trade depth for width"},
       "Pascanu, Mikolov and Bengio, arXiv:1211.5063; Glorot and Bengio (AISTATS 2010)"});
}

void check_vanishing_at_start(const Evidence& evidence, Findings& findings) {
  const Layer* dead = most_dead(evidence.start);
  if (dead != nullptr && *dead->dead > kDead) {
    add_vanishing(findings, *dead->dead == 1 ? Severity::critical : Severity::serious,
                  fmt::format("{:.0f} % of {}'s {} units are 0 for every example seen, before the first step (limit "
                              "{:.0f} %): no gradient passes through them",
                              100 * *dead->dead, dead->name, dead->units, 100 * kDead),
                  true);
    return;
  }
  const auto ratio = gradient_ratio(evidence.start);
  const bool gone = ratio && *ratio < kGone && (!course(evidence) || stuck(evidence, kLearnedHalf));
  if (!gone && !learns_nothing(evidence)) return;
  const Layer* saturated = most_saturated(evidence.start);
  if (saturated != nullptr && *saturated->saturated > kSaturated) {
    add_vanishing(
        findings, Severity::critical,
        fmt::format("{:.0f} % of {}'s outputs are saturated before the first step (slope below a tenth of the "
                    "largest; limit {:.0f} %)",
                    100 * *saturated->saturated, saturated->name, 100 * kSaturated),
        false);
    return;
  }
  if (!ratio || *ratio >= kSomeShrinkage || (*ratio >= kShrinkage && learns_at_another_rate(evidence))) return;
  add_vanishing(
      findings, Severity::critical,
      fmt::format("the gradient shrinks to {:.3g} of itself on its way from {} back to {} (limit {:.0e}), and "
                  "the loss does not fall below that of a constant output",
                  *ratio, last_weighted(evidence.start)->name, first_weighted(evidence.start)->name, kSomeShrinkage),
      false);
}

void check_vanished_later(const Evidence& evidence, Findings& findings) {
  if (evidence.end.empty() || !stuck(evidence, kLearnedNothing)) return;
  for (const Finding& finding : findings) {
    if (finding.cause == Cause::vanishing_gradients) return;
  }
  const Layer* dead = most_dead(evidence.end);
  const Layer* saturated = most_saturated(evidence.end);
  if (dead != nullptr && *dead->dead > kDead) {
    add_vanishing(findings, Severity::critical,
                  fmt::format("after {} steps {:.0f} % of {}'s {} units are 0 for every example seen (limit {:.0f} %)",
                              evidence.steps.size(), 100 * *dead->dead, dead->name, dead->units, 100 * kDead),
                  true);
  } else if (saturated != nullptr && *saturated->saturated > kSaturatedLater) {
    add_vanishing(
        findings, Severity::critical,
        fmt::format("after {} steps {:.0f} % of {}'s outputs are saturated (limit {:.0f} %)", evidence.steps.size(),
                    100 * *saturated->saturated, saturated->name, 100 * kSaturatedLater),
        false);
  }
}

}  // namespace tamis::doctor
