#include "tamis/sift/telling.h"

#include <fmt/format.h>

#include <algorithm>

namespace tamis::sift {

namespace {

std::string percent(double share) {
  return fmt::format("{:+.1f} %", 100 * share);
}

bool by_clicks(const StagePlan& stage) {
  return stage.credit == interleave::CreditBy::clicks;
}

}  // namespace

std::string metric_name(const StagePlan& stage) {
  switch (stage.kind) {
    case StageKind::offline:
    case StageKind::replay:
      return stage.metrics.front().name;
    case StageKind::interleave:
      return by_clicks(stage) ? "preference by clicks" : "preference by time";
    case StageKind::ab:
      return by_clicks(stage) ? "clicks per user" : "seconds per user";
  }
  return "";
}

std::string unit_words(const StagePlan& stage) {
  if (stage.kind == StageKind::interleave) {
    return "preference over the incumbent, (its credit - the incumbent's) / their sum, mean per user, -1 to 1";
  }
  return fmt::format("difference from the incumbent in {}{}", metric_name(stage),
                     stage.kind == StageKind::ab ? "" : ", mean per user");
}

std::string interval_words(const StagePlan& stage) {
  switch (stage.kind) {
    case StageKind::offline:
    case StageKind::replay:
      return fmt::format("percentile bootstrap of the paired difference over users, {} resamples", stage.resamples);
    case StageKind::interleave:
      return "t-interval of the preference over users";
    case StageKind::ab:
      return "Welch interval of the difference over users";
  }
  return "";
}

std::vector<std::pair<std::string, std::string>> convention_words(const Plan& plan) {
  std::vector<std::pair<std::string, std::string>> words;
  words.emplace_back("unit", "the user: every value is first averaged within a user, then over users");
  if (plan.source == Plan::Source::movielens) words.emplace_back("click", "a rating of 4 or more");
  words.emplace_back("candidates",
                     "an impression's list where the log has one, else the catalogue less what the user has clicked");
  for (const StagePlan& stage : plan.stages) {
    if (stage.metrics.empty()) continue;
    for (const metrics::Metric& metric : stage.metrics) {
      words.emplace_back(fmt::format("{} {}", word(stage.kind), metric.name), metrics::conventions(metric, stage.ties));
    }
    words.emplace_back(fmt::format("{} ties", word(stage.kind)),
                       stage.ties == metrics::Ties::average ? "average" : "input");
  }
  words.emplace_back("interval",
                     "corrected: excludes 0 exactly when the corrected test rejects (Holm: step-down levels; "
                     "bh: false coverage rate)");
  words.emplace_back("overlap",
                     "a candidate beyond `keep` stays while its interval reaches the lower end of the last kept's");
  words.emplace_back("online models", "fitted once on the whole log; a user's own clicks are known to them at once");
  words.emplace_back("lift", "relative, delta method, on users not used for choosing");
  return words;
}

std::string decision_words(const Outcome& outcome, const Plan& plan) {
  const std::string& incumbent = plan.candidates[plan.incumbent].name;
  if (!outcome.shipped) {
    return fmt::format("Keep {}: {}. Of {} candidates, {} reached the last stage.", incumbent, outcome.why_not,
                       plan.candidates.size(),
                       std::count_if(outcome.stages.back().entered.begin(), outcome.stages.back().entered.end(),
                                     [&](std::size_t c) { return !plan.rides(c); }));
  }
  const std::string& name = plan.candidates[*outcome.shipped].name;
  const StagePlan& last = outcome.stages.back().plan;
  if (!outcome.lift) {
    return fmt::format("Ship {} instead of {}. {}.", name, incumbent, outcome.why_no_lift);
  }
  std::string text = fmt::format("Ship {} instead of {}: {} {} ({} to {}) on users that had no part in choosing it.",
                                 name, incumbent, percent(outcome.lift->estimate), metric_name(last),
                                 percent(outcome.lift->interval.low), percent(outcome.lift->interval.high));
  if (outcome.lift->interval.low <= 0) {
    text +=
        " These users alone do not confirm that it is better: run the last stage on more of them before you rely on "
        "it.";
  } else if (outcome.naive) {
    text += fmt::format(" On the users it was chosen by it looked like {}: the winner of several flatters itself.",
                        percent(*outcome.naive));
  }
  return text;
}

}  // namespace tamis::sift
