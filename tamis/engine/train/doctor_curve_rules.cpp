#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tamis/engine/train/doctor_rules.h"

namespace tamis::doctor {

namespace {

// Limits; docs/design/doctor.md says why.
constexpr double kFlat = 0.02;          // fall over the second half, of the loss
constexpr double kLittleLearned = 0.7;  // of the loss without skill
constexpr std::size_t kFewestSteps = 100;
constexpr double kRise = 1.2;       // last validation loss over the lowest
constexpr double kLost = 0.05;      // that rise, of the loss without skill
constexpr double kTrainFell = 0.9;  // training loss at the end over that at the lowest validation loss
constexpr std::size_t kFewestEvaluations = 4;

/// The median training loss of the steps around a step.
double train_loss_at(const Evidence& evidence, std::int64_t step) {
  const auto window = static_cast<std::int64_t>(std::clamp<std::size_t>(evidence.steps.size() / 20, 5, 200));
  std::vector<double> losses;
  for (const Step& one : evidence.steps) {
    if (one.step < step && one.step >= step - 2 * window && std::isfinite(one.loss)) losses.push_back(one.loss);
  }
  return median(std::move(losses));
}

}  // namespace

void check_plateau(const Evidence& evidence, Findings& findings) {
  const auto went = course(evidence);
  const auto level = no_skill(evidence);
  if (!went || went->broke || !level || evidence.steps.size() < kFewestSteps) return;
  // A slow start is no plateau: half of what is planned must have passed.
  if (2 * static_cast<std::int64_t>(evidence.steps.size()) < evidence.planned_steps) return;
  const double fall = 1 - went->last / went->middle;
  if (went->last <= kLittleLearned * *level || fall >= kFlat) return;
  findings.push_back(
      {Cause::plateau,
       Severity::serious,
       fmt::format("the loss stands at {:.4g}, {:.0f} % of that without skill ({:.4g}; limit {:.0f} %), and fell by "
                   "{:.2g} % over the second half of {} steps (limit {:.0f} %); nothing else explains it",
                   went->last, 100 * went->last / *level, *level, 100 * kLittleLearned, 100 * fall,
                   evidence.steps.size(), 100 * kFlat),
       {"Use a cyclic rate ([schedule] kind = \"cyclic\", or cosine with restarts): its high phases leave flat places",
        "Use momentum or an adaptive optimizer (adam, adamw)", "Begin again from another seed", "Widen the layers",
        "Check that the labels belong to these rows: a shuffled label column looks like this"},
       "Smith, arXiv:1506.01186, section 3.1; Dauphin et al., arXiv:1406.2572; Loshchilov and Hutter, "
       "arXiv:1608.03983"});
}

void check_overfitting(const Evidence& evidence, Findings& findings) {
  const auto level = no_skill(evidence);
  const auto& seen = evidence.evaluations;
  if (!level || seen.size() < kFewestEvaluations) return;
  const auto lowest = std::min_element(seen.begin(), seen.end() - 2, [](const Evaluation& a, const Evaluation& b) {
    return a.validation_loss < b.validation_loss;
  });
  const double least = lowest->validation_loss;
  std::vector<double> ends;
  for (auto last = seen.end() - std::min<std::ptrdiff_t>(3, seen.end() - lowest - 1); last != seen.end(); ++last)
    ends.push_back(last->validation_loss);
  const double end = *std::min_element(ends.begin(), ends.end());
  if (!(end > kRise * least) || end - least < kLost * *level) return;
  const double train_then = train_loss_at(evidence, lowest->step);
  const double train_now = train_loss_at(evidence, seen.back().step);
  if (!(train_now < kTrainFell * train_then)) return;
  findings.push_back(
      {Cause::overfitting,
       Severity::serious,
       fmt::format(
           "from step {} to step {} the validation loss rises from {:.4g} to {:.4g} (limit {} times, and {:.0f} "
           "% of the loss without skill, {:.4g}), while the training loss falls from {:.4g} to {:.4g}",
           lowest->step, seen.back().step, least, end, kRise, 100 * kLost, *level, train_then, train_now),
       {fmt::format("Stop early: the best weights were those of step {} ([train] patience, report_best)", lowest->step),
        "Augment the data ([augment]): shifts, crops, flips, noise", "Add dropout (kind = \"dropout\", 0.1 to 0.5)",
        "Add weight decay (optimizer adamw, weight_decay 0.01 to 0.1)", "Use more data or a smaller network"},
       "Prechelt, Early stopping - but when? (1998), criteria GL and UP; Srivastava et al. (JMLR 2014); Loshchilov and "
       "Hutter, arXiv:1711.05101"});
}

}  // namespace tamis::doctor
