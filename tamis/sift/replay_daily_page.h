#pragma once

#include <string>
#include <vector>

#include "tamis/base/table.h"
#include "tamis/sift/replay_daily.h"

namespace tamis::sift {

/// One page that opens offline: a chart for each candidate, its value by day with a line for each cadence, and tables
/// of what staleness costs and of every day.
std::string replay_daily_page(const DailyReplay& replay);

/// The days as a table: day, cadence, candidate, questions, users, value, low, high; a row for each day, cadence and
/// candidate. What is absent is NaN.
std::vector<OutputColumn> replay_daily_table(const DailyReplay& replay);

}  // namespace tamis::sift
