#pragma once

#include <span>
#include <vector>

#include "tamis/evidence/replay/daily.h"
#include "tamis/sift/journal.h"
#include "tamis/sift/replay_daily.h"
#include "tamis/sift/scene.h"

namespace tamis::sift {

/// What one day under one cadence gave: a piece of the journal. Sums and counts, so that days add up exactly.
struct DayTotals {
  std::vector<data::Index> users;         ///< measured that day, ascending
  std::vector<std::uint64_t> counts;      ///< [users] questions on which the metric is defined
  std::vector<std::vector<double>> sums;  ///< [candidates][users] of the metric over them
  std::uint64_t cold = 0;
};

/// What is replayed. All that it refers to outlives the replay.
struct DaysToReplay {
  const Plan& plan;  ///< one stage, one metric
  const Scene& scene;
  const std::vector<std::size_t>& candidates;
  const std::vector<Cadence>& cadences;
  const std::vector<replay::StepQuestions>& steps;
};

struct DaysReplayed {
  std::vector<std::vector<DayTotals>> totals;  ///< [cadences][days]
  std::size_t resumed = 0;                     ///< of these, found in the journal
};

/// Every day under every cadence, from the journal or made now, day after day and within a day cadence after cadence. A
/// candidate is fitted where a day is not done yet; no more than one time's fits are held at once, and the frozen ones.
DaysReplayed replay_days(const DaysToReplay& what, Journal& journal, Progress& progress);

}  // namespace tamis::sift
