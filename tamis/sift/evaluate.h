#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tamis/base/progress.h"
#include "tamis/data/user_values.h"
#include "tamis/sift/evaluate_estimates.h"
#include "tamis/sift/evaluate_folds.h"
#include "tamis/sift/evaluate_plan.h"
#include "tamis/sift/scene.h"
#include "tamis/stats/tests.h"

namespace tamis::sift {

/// What was done in one fold, alike for every candidate.
struct FoldTold {
  std::uint64_t train_units = 0, test_units = 0;  ///< see LogFold
  std::uint64_t questions = 0;
  std::uint64_t users = 0;  ///< who asked
  std::uint64_t cold = 0;   ///< questions of users without history: personal candidates answer by popularity
  std::optional<data::TimeRanges> ranges;
};

/// One metric of one candidate.
struct MetricTold {
  std::vector<std::optional<double>> folds;  ///< mean over the fold's users; nullopt: defined for none of them
  double mean = 0;                           ///< over the folds that have a value; of no meaning if none has
  std::optional<double> se;             ///< corrected for overlapping training sets; nullopt for fewer than 2 folds
  std::vector<data::UserValues> users;  ///< a fold: the mean over the user's questions
};

struct CandidateTold {
  std::string name, describe;
  std::vector<MetricTold> metrics;                       ///< [plan.metrics.size()]
  data::UserValues users;                                ///< the deciding metric: the mean over the user's folds
  std::optional<double> user_se;                         ///< of the mean over users; nullopt for fewer than 2
  std::optional<std::vector<BootstrapValue>> bootstrap;  ///< [plan.metrics.size()], of a bootstrap
};

/// The deciding metric of two candidates, a - b.
struct PairTold {
  std::size_t a = 0, b = 0;
  struct Compared {
    stats::TestResult test;    ///< paired t
    double p_holm = 1;         ///< over all pairs
    stats::Interval interval;  ///< excludes 0 exactly when p_holm < alpha
    std::uint64_t count = 0;   ///< folds or users
  };
  std::optional<Compared> folds;  ///< corrected for overlapping training sets; nullopt for fewer than 2 folds
  std::optional<Compared> users;  ///< nullopt for fewer than 2 users
};

struct Evaluation {
  std::vector<FoldTold> folds;
  std::vector<CandidateTold> candidates;  ///< in the plan's order
  std::vector<PairTold> pairs;            ///< (0, 1), (0, 2), …
  double test_over_train = 0;             ///< mean over folds of test_units / train_units
  std::vector<std::string> notes;         ///< what was counted, in words
  std::string warning;                    ///< leave-last; "" else
};

/// Fits every candidate on every fold's training side and scores the fold's questions, as replay::daily does. A fold's
/// value is the mean over its users. Of a bootstrap every fold's questions are also put to the candidates fitted on
/// everything (apparent) and ranked by lot (no information: all scores equal, the expectation over tie orders), so that
/// the three values of bootstrap_value are of the same questions, each a mean over users of the user's mean over folds.
/// Reproducible at any number of threads. Throws invalid_argument for a split that the
/// log cannot have (naming the plan's line), runtime_error for a fold that asks nothing.
Evaluation evaluate(const EvaluatePlan& plan, const Scene& scene, std::uint64_t seed, Progress& progress);

/// Every choice that changes a number, by name.
std::vector<std::pair<std::string, std::string>> evaluate_conventions(const EvaluatePlan& plan, const Scene& scene);

}  // namespace tamis::sift
