#include "tamis/sift/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "tamis/base/error.h"
#include "tamis/evidence/replay/daily.h"
#include "tamis/stats/corrections.h"
#include "tamis/stats/summary.h"

namespace tamis::sift {

namespace {

/// Knows nothing: all scores are equal, and the expectation over tie orders is that of a ranking by lot.
class ByLot final : public data::Ranker {
 public:
  void fit(const data::EventLog&, const data::Items&, data::Time) override {}
  bool score(const data::Request&, std::span<float> scores) const override {
    std::fill(scores.begin(), scores.end(), 0.0F);
    return true;
  }
};

/// Means over users of some folds or of one.
std::optional<double> mean_of(const data::UserValues& values) {
  if (values.values.empty()) return std::nullopt;
  return stats::summarize(values.values).mean;
}

class Evaluator {
 public:
  Evaluator(const EvaluatePlan& plan, const Scene& scene, Progress& progress)
      : plan_(plan), scene_(scene), progress_(progress) {}

  /// Every candidate fitted on a log, in the plan's order.
  std::vector<data::Fitted> fit(const data::EventLog& log, data::Time until) {
    recommend::Fitter fitter(log, scene_.data.items, until, texts_);
    std::vector<data::Fitted> fitted;
    for (const Candidate& candidate : plan_.source.candidates) fitted.push_back(fitter.fit(candidate.spec));
    texts_ = fitter.texts();
    return fitted;
  }

  replay::Result score(const LogFold& fold, const data::Fitted& ranker, metrics::Ties ties) {
    const replay::StepQuestions step{fold.until, fold.questions};
    return replay::daily(
        std::span(&step, 1), [&](data::Time) { return ranker; }, *fold.histories, scene_.data.log.users.size(),
        scene_.catalogue, plan_.metrics, ties, progress_);
  }

 private:
  const EvaluatePlan& plan_;
  const Scene& scene_;
  Progress& progress_;
  std::shared_ptr<const recommend::TextMatrix> texts_;  // of the catalogue: the same in every fold
};

FoldTold tell_fold(const LogFold& fold, const replay::Step& step) {
  return {fold.train_units, fold.test_units, step.questions, step.users, step.cold, fold.ranges};
}

data::UserValues over_folds(const std::vector<data::UserValues>& folds, std::size_t users) {
  data::UserMeans means(users);
  for (const data::UserValues& fold : folds) {
    for (std::size_t i = 0; i < fold.users.size(); ++i) means.update(fold.users[i], fold.values[i]);
  }
  return means.value();
}

void sum_up(CandidateTold& candidate, double test_over_train, std::size_t users) {
  for (MetricTold& metric : candidate.metrics) {
    std::vector<double> values;
    for (const auto& fold : metric.folds) {
      if (fold) values.push_back(*fold);
    }
    const auto summary = overlapping_folds(values, test_over_train);
    metric.mean = summary.mean;
    if (summary.count >= 2) metric.se = summary.standard_error();
  }
  candidate.users = over_folds(candidate.metrics.front().users, users);
  if (candidate.users.values.size() >= 2) candidate.user_se = stats::summarize(candidate.users.values).standard_error();
}

std::optional<PairTold::Compared> compared(const stats::Summary& summary) {
  if (summary.count < 2) return std::nullopt;
  PairTold::Compared made;
  made.test = stats::one_sample(summary);
  made.count = summary.count;
  return made;
}

PairTold compare(const std::vector<CandidateTold>& candidates, std::size_t a, std::size_t b, double test_over_train) {
  PairTold pair{a, b, std::nullopt, std::nullopt};
  std::vector<double> folds, users;
  const MetricTold &first = candidates[a].metrics.front(), &second = candidates[b].metrics.front();
  for (std::size_t f = 0; f < first.folds.size(); ++f) {
    if (first.folds[f] && second.folds[f]) folds.push_back(*first.folds[f] - *second.folds[f]);
  }
  // Whether a metric is defined hangs on the question alone: both have the same users.
  for (std::size_t u = 0; u < candidates[a].users.values.size(); ++u)
    users.push_back(candidates[a].users.values[u] - candidates[b].users.values[u]);
  pair.folds = compared(overlapping_folds(folds, test_over_train));
  pair.users = compared(stats::summarize(users));
  return pair;
}

/// Holm over the pairs that have a test.
void correct(std::vector<PairTold>& pairs, std::optional<PairTold::Compared> PairTold::*which, double alpha) {
  std::vector<double> p;
  for (const PairTold& pair : pairs) {
    if (pair.*which) p.push_back((pair.*which)->test.p);
  }
  if (p.empty()) return;
  const auto adjusted = stats::adjust(p, stats::Correction::holm);
  const auto levels = stats::interval_levels(p, stats::Correction::holm, alpha);
  std::size_t next = 0;
  for (PairTold& pair : pairs) {
    if (!(pair.*which)) continue;
    PairTold::Compared& made = *(pair.*which);
    made.p_holm = adjusted[next];
    made.interval = stats::interval(made.test, levels[next]);
    ++next;
  }
}

/// The same questions as out of the bag, put to what was fitted on everything and to a ranking by lot.
class Apparent {
 public:
  Apparent(const EvaluatePlan& plan, const LogFolds& folds, Evaluator& evaluator)
      : evaluator_(evaluator),
        ties_(plan.ties),
        fitted_(evaluator.fit(folds.whole(), folds.end())),
        values_(fitted_.size() + 1, std::vector<std::vector<data::UserValues>>(plan.metrics.size())) {}

  void put(const LogFold& fold) {
    for (std::size_t c = 0; c < fitted_.size(); ++c) keep(evaluator_.score(fold, fitted_[c], ties_), values_[c]);
    keep(evaluator_.score(fold, std::make_shared<ByLot>(), metrics::Ties::average), values_.back());
  }

  void finish(std::vector<CandidateTold>& candidates, std::size_t users) const {
    const auto mean = [&](const std::vector<data::UserValues>& folds) {
      return mean_of(over_folds(folds, users)).value_or(0);
    };
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      auto& made = candidates[c].bootstrap.emplace();
      for (std::size_t m = 0; m < values_[c].size(); ++m)
        made.push_back(
            bootstrap_value(mean(values_[c][m]), mean(candidates[c].metrics[m].users), mean(values_.back()[m])));
    }
  }

 private:
  static void keep(replay::Result result, std::vector<std::vector<data::UserValues>>& to) {
    for (std::size_t m = 0; m < to.size(); ++m) to[m].push_back(std::move(result.per_user[m]));
  }

  Evaluator& evaluator_;
  metrics::Ties ties_;
  std::vector<data::Fitted> fitted_;
  std::vector<std::vector<std::vector<data::UserValues>>> values_;  // [candidate, at last by lot][metric][fold]
};

struct Counted {
  std::uint64_t questions = 0, cold = 0, no_click = 0, unlisted = 0, undefined = 0, later = 0;
};

void note(const Counted& counted, Evaluation& made, const EvaluatePlan& plan) {
  made.notes.push_back(
      fmt::format("{} questions were put in {} fold{}; {} came from users without history, whom "
                  "personal candidates serve by popularity.",
                  counted.questions, made.folds.size(), made.folds.size() == 1 ? "" : "s", counted.cold));
  if (counted.no_click > 0)
    made.notes.push_back(
        fmt::format("{} questions were left out: nothing that can be asked for was clicked.", counted.no_click));
  if (counted.unlisted > 0)
    made.notes.push_back(
        fmt::format("{} clicks were left out: on what the user had clicked before, or on an item that "
                    "the list does not show.",
                    counted.unlisted));
  if (counted.undefined > 0)
    made.notes.push_back(fmt::format("{} questions have no {}.", counted.undefined, plan.metrics.front().name));
  if (plan.split.kind == FoldKind::leave_last)
    made.warning = fmt::format(
        "leave-last leaks the future across users: {} events trained on are as late as the "
        "earliest one asked for or later; kind = \"time\" does not",
        counted.later);
}

}  // namespace

Evaluation evaluate(const EvaluatePlan& plan, const Scene& scene, std::uint64_t seed, Progress& progress) {
  const LogFolds folds(scene, plan.split, seed);
  Evaluator evaluator(plan, scene, progress);
  Evaluation made;
  for (const Candidate& candidate : plan.source.candidates) {
    CandidateTold told;
    told.name = candidate.name;
    told.describe = candidate.describe;
    told.metrics.resize(plan.metrics.size());
    made.candidates.push_back(std::move(told));
  }
  std::optional<Apparent> apparent;
  if (plan.split.kind == FoldKind::bootstrap) apparent.emplace(plan, folds, evaluator);
  Counted counted;
  for (std::size_t f = 0; f < folds.size(); ++f) {
    const LogFold fold = folds.make(f);
    const std::size_t rounds = plan.source.candidates.size() * (apparent ? 2 : 1) + (apparent ? 1 : 0);
    progress.begin(fold.name, rounds * fold.questions.list.size());
    std::vector<replay::Result> results;
    for (const data::Fitted& ranker : evaluator.fit(fold.train, fold.until))
      results.push_back(evaluator.score(fold, ranker, plan.ties));
    if (apparent) apparent->put(fold);
    progress.end();
    made.folds.push_back(tell_fold(fold, results.front().steps.front()));
    counted.questions += made.folds.back().questions;
    counted.cold += made.folds.back().cold;
    counted.no_click += fold.questions.no_click;
    counted.unlisted += fold.questions.unlisted_clicks;
    counted.undefined += results.front().unmeasured;
    counted.later += fold.later;
    made.test_over_train += static_cast<double>(fold.test_units) / static_cast<double>(fold.train_units);
    for (std::size_t c = 0; c < results.size(); ++c) {
      for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
        MetricTold& metric = made.candidates[c].metrics[m];
        metric.folds.push_back(mean_of(results[c].per_user[m]));
        metric.users.push_back(std::move(results[c].per_user[m]));
      }
    }
  }
  made.test_over_train /= static_cast<double>(folds.size());
  for (CandidateTold& candidate : made.candidates) sum_up(candidate, made.test_over_train, scene.data.log.users.size());
  if (apparent) apparent->finish(made.candidates, scene.data.log.users.size());
  for (std::size_t a = 0; a < made.candidates.size(); ++a) {
    for (std::size_t b = a + 1; b < made.candidates.size(); ++b)
      made.pairs.push_back(compare(made.candidates, a, b, made.test_over_train));
  }
  correct(made.pairs, &PairTold::folds, plan.alpha);
  correct(made.pairs, &PairTold::users, plan.alpha);
  note(counted, made, plan);
  return made;
}

}  // namespace tamis::sift
