#include <algorithm>
#include <cmath>

#include "tamis/engine/train/doctor_examination.h"

namespace tamis::doctor {

void read_course(const train::Log& log, Evidence& evidence) {
  evidence.batch = log.heading.batch;
  evidence.planned_steps = log.heading.steps;
  for (const train::StepLine& line : log.steps) {
    evidence.steps.push_back({.step = line.step, .loss = line.loss, .rate = line.rate, .gradient_norm = line.norm});
    evidence.peak_rate = std::max(evidence.peak_rate, line.rate);
  }
  // One course: of validation rows where there are any, else of test rows.
  const bool validated = std::any_of(log.evaluations.begin(), log.evaluations.end(),
                                     [](const auto& line) { return line.part == "validation"; });
  for (const train::EvaluationLine& line : log.evaluations) {
    const auto loss = line.metrics.find("loss");
    if (loss == line.metrics.end() || (line.part == "validation") != validated || !std::isfinite(loss->second))
      continue;
    evidence.evaluations.push_back({.step = line.step, .validation_loss = loss->second});
  }
}

}  // namespace tamis::doctor
