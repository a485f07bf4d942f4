#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/data/folds_time.h"
#include "tamis/data/splits.h"
#include "tamis/sift/evaluate_plan.h"
#include "tamis/sift/scene.h"

namespace tamis::sift {

/// One fold of a log: what candidates are fitted on, and what they are asked.
struct LogFold {
  std::string name;      ///< "fold 3 of 10"
  data::EventLog train;  ///< sorted; users are numbered anew where a bootstrap drew one twice
  data::Time until = 0;  ///< candidates are fitted up to here
  data::Questions questions;
  std::shared_ptr<const data::Histories> histories;  ///< what a question knows of its user
  std::uint64_t train_units = 0;                     ///< distinct users or events fitted on; time and rolling: clicks
  std::uint64_t test_units = 0;                      ///< the same, held out
  std::uint64_t later = 0;  ///< leave-last: clicks fitted on that are as late as the earliest one asked for
  std::optional<data::TimeRanges> ranges;  ///< time, rolling
};

/// The folds of a log, each made when it is asked for. Events are clicks; in a log with lists (impressions that share a
/// request) they are lists, shown and clicked together.
///
/// time, rolling: candidates are fitted on the range's rows that were known by its end; asked is one question a user
/// (or each list) of the test range, with all that was known of the user when it is put.
/// Else candidates are fitted on the train side's rows whole, up to the end of the log. By users, a test user's latest
/// `asked` share of events is asked for, the earlier ones are the history, and neither is fitted on. By events and
/// leave-last, a user's events on the test side are asked for, those on the train side are the history. A log without
/// lists gives one question a user, put at the end of the log (by events) or just after the first event asked for (by
/// users, leave-last); what the history holds already is not asked for. A list is put at its own time.
/// A bootstrap fits on a user as often as it was drawn (each time as another user), or an event likewise.
class LogFolds {
 public:
  /// `scene` must outlive this. Draws the folds. Throws invalid_argument (naming the plan's line) for a split that
  /// cannot be: too few users, events or days, an empty side.
  LogFolds(const Scene& scene, const FoldPlan& plan, std::uint64_t seed);

  std::size_t size() const { return by_time_.empty() ? folds_.size() : by_time_.size(); }
  /// Throws runtime_error if the fold asks nothing, or has no click to fit on.
  LogFold make(std::size_t fold) const;
  /// What there is to fit on in all, for a value that is apparent: the rows of every user or event once. Not of a split
  /// by time.
  data::EventLog whole() const;
  /// After all that happened or became known.
  data::Time end() const { return end_; }

 private:
  struct Unit {
    data::Index user = 0;
    data::Time time = 0;  // of its first click
    bool clicked = false;
  };
  void find_units();
  void draw(std::uint64_t seed);
  std::vector<data::Index> users_of_units() const;
  std::vector<data::Index> rows_of_units(const std::vector<bool>& wanted) const;
  LogFold make_ranges(const data::TimeRanges& ranges) const;
  data::EventLog fitted_on(const std::vector<data::Index>& units, LogFold& fold) const;
  void ask(const std::vector<bool>& asked, const std::vector<bool>& history, LogFold& fold) const;
  std::vector<bool> asked_of(const std::vector<bool>& test_units) const;
  void finish(LogFold& fold) const;
  [[noreturn]] void fail_plan(const std::exception& error) const;

  const Scene& scene_;
  FoldPlan plan_;
  bool lists_ = false;
  data::Time end_ = 0;  // after all that happened or became known
  std::vector<Unit> units_;
  std::vector<data::Index> unit_of_;  // a row; kNone: in no unit
  std::vector<data::Fold> folds_;     // of units
  std::vector<data::TimeRanges> by_time_;
};

}  // namespace tamis::sift
