#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tamis/data/folds.h"

namespace tamis::data {

// Splits by time, one time a row, in any order, before 1970 or after. A fold's sides are ranges of time that do not
// overlap, earlier than which nothing is scored and later than which nothing is fitted on.

/// train: [train_from, train_until), test: [test_from, test_until), in microseconds since 1970.
struct TimeRanges {
  std::optional<Time> train_from;  ///< nullopt: from the first row
  Time train_until = 0;
  Time test_from = 0;
  std::optional<Time> test_until;  ///< nullopt: to the last row
};

/// The rows of the ranges; those in neither (before, after, in the gap) are left out. `known`: when each row became
/// known, or empty: a row is fitted on only if it was known before train_until, too.
/// Throws invalid_argument if the ranges overlap (train_until > test_from), one ends before it begins, `known` is of
/// another length, or a side is empty ("… the rows run from … to …").
Fold time_fold(std::span<const Time> times, const TimeRanges& ranges, std::span<const Time> known = {});

/// The ranges in which the latest round(share * rows) rows are scored. Rows of one time stay together, so there may be
/// more of them. train_until is `gap` before test_from. Throws invalid_argument unless 0 < share < 1 and gap >= 0, or
/// if a side would be empty.
TimeRanges last_share(std::span<const Time> times, double share, Time gap);

/// Windows that roll over the rows' span: the first is fitted on [begin, begin + train), begin being the first row's
/// time, and scored on [begin + train + gap, … + test); each next one is `step` later.
struct RollingWindows {
  Time train = 0;          ///< > 0
  Time test = 0;           ///< > 0
  Time step = 0;           ///< 0: as long as test; less and test sides overlap
  Time gap = 0;            ///< >= 0
  bool expanding = false;  ///< every window is fitted on all from the first row, not on the last `train` alone
};
inline constexpr std::size_t kMostWindows = 1000;

/// The windows' ranges, in order, as long as a whole test range ends before or with the last row. Throws
/// invalid_argument for lengths out of range, if not one window fits, or above kMostWindows of them.
std::vector<TimeRanges> rolling_ranges(std::span<const Time> times, const RollingWindows& windows);

/// Each user's last `count` rows are scored (of equal times the later row), the rest is fitted on. A user with `count`
/// rows or fewer is fitted on only. This leaks across users: others' rows later than what is scored are fitted on; see
/// later_rows. Throws invalid_argument if lengths differ, count == 0, or no user has more than `count` rows.
Fold leave_last_out(std::span<const Index> users, std::span<const Time> times, std::size_t count = 1);

/// How many rows of the train side are as late as the earliest test row or later: what time would have hidden.
std::size_t later_rows(const Fold& fold, std::span<const Time> times);

/// What to do with test rows of a user or an item that the train side has not seen.
enum class Cold { keep, drop, only };
/// Throws invalid_argument for another word than keep, drop, only.
Cold parse_cold(std::string_view word);

/// Takes cold rows out of the test side (`drop`) or all others (`only`). A row is cold if any of its keys (users,
/// items; each as long as the table) stands in no train row. Throws invalid_argument if the test side is empty then.
void keep_cold(Fold& fold, std::span<const std::vector<Index>> keys, Cold cold);

}  // namespace tamis::data
