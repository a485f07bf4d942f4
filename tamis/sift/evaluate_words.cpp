#include <fmt/format.h>

#include "tamis/sift/evaluate.h"

namespace tamis::sift {

namespace {

bool by_range(FoldKind kind) {
  return kind == FoldKind::time || kind == FoldKind::rolling;
}

std::string days(data::Time time) {
  return fmt::format("{:g} days", static_cast<double>(time) / static_cast<double>(data::kDay));
}

std::string split_words(const FoldPlan& split) {
  const std::string by = split.by == FoldUnit::users ? "users" : "events";
  switch (split.kind) {
    case FoldKind::holdout:
      return fmt::format("holdout of a share of {:g} of the {}", split.share, by);
    case FoldKind::kfold:
      return fmt::format("{} folds by {}", split.folds, by);
    case FoldKind::bootstrap:
      return fmt::format("{} bootstrap resamples of the {}; those out of the bag are tested", split.resamples, by);
    case FoldKind::time:
      return split.test > 0 ? fmt::format("the last {}, a gap of {} before", days(split.test), days(split.gap))
                            : fmt::format("the last share of {:g} of the events, a gap of {} before", split.share,
                                          days(split.gap));
    case FoldKind::rolling:
      return fmt::format("windows that {}: {} to fit on, a gap of {}, {} to score, {} from one to the next",
                         split.expanding ? "expand" : "slide", days(split.train), days(split.gap), days(split.test),
                         days(split.step > 0 ? split.step : split.test));
    case FoldKind::leave_last:
      return fmt::format("each user's last {} event{}", split.last, split.last == 1 ? "" : "s");
  }
  return "";
}

std::string history_words(const FoldPlan& split, bool lists) {
  if (by_range(split.kind)) return "all that was known of the user when the question was put, fitted on or not";
  if (split.kind != FoldKind::leave_last && split.by == FoldUnit::users)
    return fmt::format("a test user's events but the latest share of {:g}, which is asked for; neither is fitted on",
                       split.asked);
  return lists ? "the user's clicks on the train side, known before the list was shown"
               : "the user's clicks on the train side";
}

}  // namespace

std::vector<std::pair<std::string, std::string>> evaluate_conventions(const EvaluatePlan& plan, const Scene& scene) {
  const FoldPlan& split = plan.split;
  const bool lists = scene.data.log.has_impressions() && scene.data.log.has_requests();
  std::vector<std::pair<std::string, std::string>> words;
  words.emplace_back("split", split_words(split));
  words.emplace_back("event", lists ? "a list, with what was shown and clicked in it" : "a click");
  words.emplace_back("history", history_words(split, lists));
  words.emplace_back("asked", lists ? "which items of the list were clicked"
                                    : "which items of the catalogue, less the history's, were clicked");
  words.emplace_back("cold", split.cold == data::Cold::keep   ? "users without history are asked too"
                             : split.cold == data::Cold::drop ? "users without history are left out"
                                                              : "only users without history are asked");
  words.emplace_back("fold value", "mean over users of the user's mean over questions");
  words.emplace_back("mean", "mean over folds");
  words.emplace_back("se", "sqrt((1/J + r) variance over the J folds), r = test over train (Nadeau & Bengio 2003)");
  words.emplace_back("pairs.folds", "paired t over folds with that se, J - 1 degrees of freedom");
  words.emplace_back("pairs.users", "paired t over users, each the mean over its folds");
  words.emplace_back("correction", fmt::format("Holm over all pairs, alpha {:g}", plan.alpha));
  if (split.kind == FoldKind::bootstrap) {
    words.emplace_back("out of bag", "mean over users of the user's mean over the resamples that left it out");
    words.emplace_back("apparent", "the same questions, put to what was fitted on everything");
    words.emplace_back("no information", "the same questions, ranked by lot: the expectation over all orders");
  }
  for (const metrics::Metric& metric : plan.metrics)
    words.emplace_back(metric.name, metrics::conventions(metric, plan.ties));
  return words;
}

}  // namespace tamis::sift
