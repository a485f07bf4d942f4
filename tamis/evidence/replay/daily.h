#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "tamis/base/progress.h"
#include "tamis/data/ranker.h"
#include "tamis/data/splits.h"
#include "tamis/data/user_values.h"
#include "tamis/evidence/metrics/ranking.h"

namespace tamis::replay {

/// Gives the candidate fitted on what was known before `until`.
using Fit = std::function<data::Fitted(data::Time until)>;

/// One step of a replay (a day, or as long as the plan says).
struct Step {
  data::Time from = 0;  ///< fitted on what was known before this
  std::uint64_t questions = 0;
  std::uint64_t users = 0;      ///< distinct users who asked
  std::uint64_t cold = 0;       ///< questions of users with no history then, served by the fallback
  std::optional<double> value;  ///< mean over users of the deciding metric; nullopt if no user could be measured
};

struct Result {
  std::vector<data::UserValues> per_user;  ///< [metrics.size()], the mean over the user's questions
  std::vector<Step> steps;
  std::uint64_t unmeasured = 0;  ///< questions on which the deciding metric is undefined
};

/// What some questions gave.
struct Answers {
  std::vector<double> values;  ///< [questions, metrics], NaN where the metric is undefined
  std::uint64_t cold = 0;      ///< questions of users with no history by then
};

/// The questions of one step, asked once and shared by every candidate.
struct StepQuestions {
  data::Time from = 0;
  data::Questions questions;
};

/// Cuts [from, until) into steps of `step` microseconds (the last one may be shorter) and gathers each one's questions;
/// a step without any stays in the list. What was left out over the whole span (no_click, unlisted_clicks) is counted
/// in the first step. One step over the whole span is a plain holdout. Throws invalid_argument unless from < until and
/// step > 0.
std::vector<StepQuestions> steps(const data::EventLog& log, data::Time from, data::Time until, data::Time step);

/// Asks a fitted ranker; every question as daily() below has it. Parallel; the same at any number of threads. Throws
/// invalid_argument if `metrics` is empty.
Answers answer(std::span<const data::Question> questions, const data::Ranker& ranker, const data::Histories& histories,
               std::span<const data::Index> catalogue, std::span<const metrics::Metric> metrics, metrics::Ties ties,
               Progress& progress);

/// Day by day: calls `fit` once a step, in order, with the step's beginning, and scores the step's questions with the
/// user's history as known before the question's time. metrics[0] decides. A question with a list is ranked on that
/// list. One without is ranked on `catalogue` (distinct items) less the user's own earlier clicks, except those clicked
/// again in the question; clicked items that the catalogue lacks are put behind it (an item clicked must be there to be
/// found). What the user clicked is relevant, the rest is not. `progress` advances by one a question; the caller begins
/// and ends it. Parallel over questions; the result does not depend on the number of threads.
/// Throws invalid_argument if `metrics` is empty or `fit` gives no ranker.
Result daily(std::span<const StepQuestions> steps, const Fit& fit, const data::Histories& histories, std::size_t users,
             std::span<const data::Index> catalogue, std::span<const metrics::Metric> metrics, metrics::Ties ties,
             Progress& progress);

}  // namespace tamis::replay
