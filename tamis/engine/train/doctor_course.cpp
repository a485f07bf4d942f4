#include <algorithm>
#include <cmath>
#include <limits>

#include "tamis/engine/train/doctor_rules.h"

namespace tamis::doctor {

namespace {

constexpr std::size_t kFewestSteps = 20;

/// Medians of neighbouring losses: one bad batch is no course.
std::vector<double> smoothed(const std::vector<Step>& steps, bool& broke) {
  const std::size_t window = std::clamp<std::size_t>(steps.size() / 20, 5, 200);
  std::vector<double> losses, result;
  for (const Step& step : steps) {
    if (!std::isfinite(step.loss)) {
      broke = true;
      break;
    }
    losses.push_back(step.loss);
  }
  for (std::size_t begin = 0; begin + window <= losses.size(); begin += window) {
    // A remainder joins the last window.
    const std::size_t end = begin + 2 * window > losses.size() ? losses.size() : begin + window;
    result.push_back(median(
        {losses.begin() + static_cast<std::ptrdiff_t>(begin), losses.begin() + static_cast<std::ptrdiff_t>(end)}));
  }
  return result;
}

double largest_norm(const Evidence& evidence) {
  double largest = 0;
  for (const Step& step : evidence.steps) {
    largest = std::isfinite(step.gradient_norm) ? std::max(largest, step.gradient_norm)
                                                : std::numeric_limits<double>::infinity();
  }
  return largest;
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

std::optional<Course> course(const Evidence& evidence) {
  Course result;
  const std::vector<double> losses = smoothed(evidence.steps, result.broke);
  if (evidence.steps.size() < kFewestSteps && !result.broke) return std::nullopt;
  if (losses.empty()) {
    result.first = result.last = result.lowest = result.highest = result.middle =
        evidence.steps.empty() ? 0 : evidence.steps.front().loss;
    return result;
  }
  result.first = evidence.initial_loss.value_or(losses.front());
  result.last = losses.back();
  result.middle = losses[losses.size() / 2];
  result.lowest = *std::min_element(losses.begin(), losses.end());
  result.highest = *std::max_element(losses.begin(), losses.end());
  return result;
}

std::optional<double> no_skill(const Evidence& evidence) {
  std::optional<double> first = evidence.initial_loss;
  if (!first && !evidence.steps.empty()) first = evidence.steps.front().loss;
  if (!evidence.chance_loss) return first;
  if (!first || !std::isfinite(*first)) return evidence.chance_loss;
  // A start far below chance is a start that knows something already; a little below is luck.
  return *first < 0.5 * *evidence.chance_loss ? first : std::min(*first, *evidence.chance_loss);
}

bool stuck(const Evidence& evidence, double share) {
  const auto went = course(evidence);
  const auto level = no_skill(evidence);
  return went && level && (went->broke || went->last > share * *level);
}

std::optional<double> typical_update(const Evidence& evidence) {
  std::vector<double> updates;
  for (std::size_t i = evidence.steps.size() / 2; i < evidence.steps.size(); ++i) {
    if (evidence.steps[i].update) updates.push_back(*evidence.steps[i].update);
  }
  if (updates.empty()) return std::nullopt;
  return median(std::move(updates));
}

double highest_rise(const Evidence& evidence) {
  const auto level = no_skill(evidence);
  if (!level || evidence.steps.empty() || !std::isfinite(evidence.steps.front().loss)) return 1;
  double highest = 0;
  for (const Step& step : evidence.steps) highest = std::max(highest, step.loss);
  return highest / std::max(*level, evidence.steps.front().loss);
}

bool ran_away(const Evidence& evidence) {
  const auto went = course(evidence);
  if (!went || evidence.steps.empty()) return false;
  const auto level = no_skill(evidence);
  if (!went->broke) return level && went->last > 1.5 * std::max(*level, went->first);
  if (!std::isfinite(evidence.steps.front().loss)) return false;
  const double norm = evidence.steps.front().gradient_norm;
  return went->highest > 2 * went->first || (norm > 0 && largest_norm(evidence) > 100 * norm) ||
         typical_update(evidence).value_or(0) > 0.5;
}

const Trial* trial(const Evidence& evidence, double rate_factor, double batch_factor) {
  for (const Trial& trial : evidence.trials) {
    if (std::abs(trial.rate_factor / rate_factor - 1) < 1e-9 && std::abs(trial.batch_factor / batch_factor - 1) < 1e-9)
      return &trial;
  }
  return nullptr;
}

}  // namespace tamis::doctor
