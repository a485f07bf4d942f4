#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tamis/engine/train/doctor_rules.h"

namespace tamis::doctor {

namespace {

// Limits; docs/design/doctor.md says why.
constexpr double kLearnedNothing = 0.9;  // of the loss without skill
constexpr double kLearnedLittle = 0.8;
constexpr double kLearned = 0.7;
constexpr double kFarBetter = 0.5;     // a tenth of the rate ends at half the loss
constexpr double kLongSteps = 0.03;    // |change| / |weights|, with that
constexpr double kTooLongSteps = 0.1;  // by itself, if nothing is learned
constexpr double kRise = 3;            // of the loss, over its start
constexpr double kShortSteps = 1e-4;   // |change| / |weights|
constexpr double kNoise = 10;          // noise scale over batch
constexpr double kNoiseIfFailed = 4;   // the same, where the run learns nothing
constexpr double kEatenByNoise = 0.5;  // of what a 16 times larger batch achieves in as many steps
constexpr std::int64_t kLargeBatch = 32;
constexpr double kSpike = 100;  // gradient norm over that of the first steps

constexpr const char* kRateSources =
    "Smith, arXiv:1506.01186, section 3.3 (range test); Bengio, arXiv:1206.5533, section 3.1.1";

/// The best trial at lower (or higher) rates and the run's batch.
const Trial* best(const Evidence& evidence, bool lower) {
  const Trial* best = nullptr;
  for (const Trial& trial : evidence.trials) {
    const bool counts = trial.batch_factor == 1 && (lower ? trial.rate_factor < 1 : trial.rate_factor > 1);
    if (counts && (best == nullptr || trial.last_loss < best->last_loss)) best = &trial;
  }
  return best;
}

std::string ended(double loss) {
  return std::isfinite(loss) ? fmt::format("{:.4g}", loss) : "no finite loss";
}

/// The gradient's norm while the run was well: for the limit of clipping.
double norm_at_first(const Evidence& evidence) {
  std::vector<double> norms;
  for (std::size_t i = 0; i < std::min<std::size_t>(10, evidence.steps.size()); ++i) {
    if (std::isfinite(evidence.steps[i].gradient_norm)) norms.push_back(evidence.steps[i].gradient_norm);
  }
  return median(std::move(norms));
}

void add_rate_too_high(const Evidence& evidence, Findings& findings, Severity severity, std::string found,
                       double better_rate) {
  const double norm = norm_at_first(evidence);
  std::vector<std::string> remedies = {
      fmt::format("Lower the rate from {:.3g} to about {:.2g}", evidence.peak_rate, better_rate),
      "Warm up: let the rate rise over the first steps ([schedule] kind = \"warmup_cosine\")"};
  if (norm > 0)
    remedies.push_back(fmt::format("Clip the gradient's norm at what it is at first: clip_norm = {:.2g}", norm));
  remedies.emplace_back("Use an adaptive optimizer (adam, adamw), whose steps do not grow with the gradient");
  findings.push_back({Cause::rate_too_high, severity, std::move(found), std::move(remedies), kRateSources});
}

/// What the log alone says of steps that are too long; "" if nothing.
std::string steps_too_long(const Evidence& evidence) {
  const auto level = no_skill(evidence);
  if (!level || !course(evidence)) return "";
  const double highest = highest_rise(evidence) * std::max(*level, evidence.steps.front().loss);
  const double update = typical_update(evidence).value_or(0);
  const std::string last =
      course(evidence)->broke ? "is not finite at the end" : fmt::format("ends at {:.4g}", course(evidence)->last);
  if (ran_away(evidence))
    return fmt::format("the loss ran away: it begins at {:.4g}, reaches {:.4g} and {}", evidence.steps.front().loss,
                       highest, last);
  if (!stuck(evidence, kLearnedNothing)) return "";
  if (highest_rise(evidence) > kRise)
    return fmt::format(
        "the loss rises from {:.4g} to {:.4g} (limit {} times) and {}, no better than a constant output "
        "({:.4g})",
        evidence.steps.front().loss, highest, kRise, last, *level);
  if (update > kTooLongSteps)
    return fmt::format(
        "a step changes the weights by {:.2g} of their length (limit {}; about 0.001 is usual), and the "
        "loss {}, no better than a constant output ({:.4g})",
        update, kTooLongSteps, last, *level);
  return "";
}

}  // namespace

void check_batch(const Evidence& evidence, Findings& findings) {
  const Trial* base = trial(evidence, 1, 1);
  const Trial* larger = trial(evidence, 1, 16);
  const auto level = no_skill(evidence);
  if (!evidence.noise_scale || evidence.batch < 1 || base == nullptr || larger == nullptr || !level) return;
  const double noise = *evidence.noise_scale / static_cast<double>(evidence.batch);
  const bool fails = !(base->last_loss < kLearnedNothing * *level);
  const double limit = fails ? kNoiseIfFailed : kNoise;
  const bool large = evidence.batch >= kLargeBatch && !fails;
  if (noise < limit || large || larger->last_loss > kLearnedLittle * *level ||
      larger->last_loss > kEatenByNoise * base->last_loss)
    return;
  findings.push_back(
      {Cause::batch_too_small,
       Severity::serious,
       fmt::format(
           "the gradient noise scale is {:.3g} rows, {:.3g} times the batch of {} (limit {}): most of a step is "
           "noise. In {} steps at the same rate the loss goes from {:.4g} to {}, with a batch 16 times as large "
           "to {:.4g}",
           *evidence.noise_scale, noise, evidence.batch, limit, base->steps, base->first_loss, ended(base->last_loss),
           larger->last_loss),
       {fmt::format("Raise the batch towards {:.0f} rows, or gather as many by accumulation ([train] accumulate)",
                    std::max(*evidence.noise_scale, 32.0)),
        fmt::format("Or lower the rate: at a batch of {} the best one is about {:.2g} of that of a large batch",
                    evidence.batch, 1 / (1 + noise))},
       "McCandlish et al., arXiv:1812.06162, equations 2.7 to 2.9; Masters and Luschi, arXiv:1804.07612"});
}

void check_rate_too_high(const Evidence& evidence, Findings& findings) {
  const Trial* base = trial(evidence, 1, 1);
  const Trial* lower = best(evidence, true);
  const auto level = no_skill(evidence);
  if (base != nullptr && lower != nullptr && level) {
    const bool fails = !(base->last_loss < kLearnedNothing * *level);
    const bool cured = lower->last_loss < kLearnedLittle * std::min(*level, base->last_loss);
    const double update = typical_update(evidence).value_or(0);
    const bool better =
        lower->last_loss < kFarBetter * base->last_loss && (update > kLongSteps || highest_rise(evidence) > kRise);
    if ((fails && cured) || better) {
      add_rate_too_high(
          evidence, findings, fails ? Severity::critical : Severity::serious,
          fmt::format("in {} steps at a rate of {:.3g} the loss goes from {:.4g} to {}, at {:.3g} times "
                      "that rate to {:.4g}; a step changes the weights by {:.2g} of their length, and the "
                      "run's loss rises to {:.3g} times its start",
                      base->steps, evidence.peak_rate, base->first_loss, ended(base->last_loss), lower->rate_factor,
                      lower->last_loss, update, highest_rise(evidence)),
          evidence.peak_rate * lower->rate_factor);
      return;
    }
    // It fails at every rate: that is not the rate's fault.
    if (fails) return;
  }
  const std::string found = steps_too_long(evidence);
  if (!found.empty()) add_rate_too_high(evidence, findings, Severity::critical, found, evidence.peak_rate / 10);
}

void check_spikes(const Evidence& evidence, Findings& findings) {
  const auto level = no_skill(evidence);
  const double norm = norm_at_first(evidence);
  if (!level || norm <= 0 || !findings.empty()) return;
  for (std::size_t i = 1; i < evidence.steps.size(); ++i) {
    const Step& step = evidence.steps[i];
    if (step.gradient_norm <= kSpike * norm) continue;
    const double after = i + 1 < evidence.steps.size() ? evidence.steps[i + 1].loss : step.loss;
    if (std::max(step.loss, after) <= 2 * *level) continue;
    findings.push_back(
        {Cause::exploding_gradients,
         Severity::serious,
         fmt::format(
             "at step {} the gradient's norm is {:.4g}, {:.3g} times that of the first steps (limit {:.0f}), and "
             "the loss jumps to {:.4g}",
             step.step, step.gradient_norm, step.gradient_norm / norm, kSpike, std::max(step.loss, after)),
         {fmt::format("Clip the gradient's norm at what it is otherwise: clip_norm = {:.2g}", norm),
          "Put batch norm or layer norm between the layers", "Warm up the rate"},
         "Pascanu, Mikolov and Bengio, arXiv:1211.5063, algorithm 1"});
    return;
  }
}

void check_rate_too_low(const Evidence& evidence, Findings& findings) {
  const Trial* base = trial(evidence, 1, 1);
  const Trial* higher = best(evidence, false);
  const auto level = no_skill(evidence);
  if (!level) return;
  std::string found;
  double better = evidence.peak_rate * 100;
  if (base != nullptr && higher != nullptr) {
    const double fall = std::max(0.0, base->first_loss - base->last_loss);
    const double higher_fall = higher->first_loss - higher->last_loss;
    const double rounds = static_cast<double>(evidence.planned_steps) / static_cast<double>(base->steps);
    if (base->last_loss > kLearnedLittle * *level && higher->last_loss < kLearned * *level &&
        fall * std::max(1.0, rounds) < higher_fall) {
      found = fmt::format(
          "in {} steps at a rate of {:.3g} the loss falls by {:.3g} (from {:.4g}), at {:.0f} times that rate by "
          "{:.3g}: "
          "more than the {} steps of the whole run would bring if all went on like these",
          base->steps, evidence.peak_rate, fall, base->first_loss, higher->rate_factor, higher_fall,
          evidence.planned_steps);
      better = evidence.peak_rate * higher->rate_factor;
    }
  } else if (evidence.trials.empty() && stuck(evidence, kLearnedLittle) && !course(evidence)->broke) {
    const auto update = typical_update(evidence);
    if (update && *update < kShortSteps && *update * static_cast<double>(evidence.steps.size()) < 1) {
      found = fmt::format(
          "a step changes the weights by {:.2g} of their length (limit {:.0e}; about 1e-3 is usual), all {} steps "
          "together by {:.2g} at the most, and the loss only goes from {:.4g} to {:.4g}",
          *update, kShortSteps, evidence.steps.size(), *update * static_cast<double>(evidence.steps.size()),
          course(evidence)->first, course(evidence)->last);
    }
  }
  if (found.empty()) return;
  findings.push_back({Cause::rate_too_low,
                      Severity::critical,
                      found,
                      {fmt::format("Raise the rate from {:.3g} to about {:.2g}", evidence.peak_rate, better),
                       "Search it: raise the rate step by step over a few hundred steps and take a third of the one at "
                       "which the loss begins to rise",
                       "Use a cyclic or one-cycle rate ([schedule] kind = \"cyclic\"), which goes through many",
                       "Use an adaptive optimizer (adam, adamw), whose steps do not shrink with the gradient"},
                      kRateSources});
}

}  // namespace tamis::doctor
