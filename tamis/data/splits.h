#pragma once

#include <cstdint>
#include <vector>

#include "tamis/data/event_log.h"

namespace tamis::data {

/// A split of a log in time: rows before `train_until` are for fitting, rows from `test_from` to `test_until` for
/// scoring; the gap between is used by neither.
struct TimeSplit {
  Time train_until = 0;
  Time test_from = 0;
  Time test_until = 0;
};

/// The last `test` microseconds of the log for scoring, `gap` before them left out.
/// Throws invalid_argument if either side holds no clicks ("the split leaves no clicks to train on: …").
TimeSplit split_by_time(const EventLog& log, Time test, Time gap);

/// One list to rank and what the user chose from it.
struct Question {
  Index user = 0;
  Time time = 0;
  std::uint64_t id = 0;
  std::vector<Index> shown;    ///< the impression's list; empty: the catalogue less what the user has clicked before
  std::vector<Index> clicked;  ///< distinct, in order of first click; never empty
};

struct Questions {
  std::vector<Question> list;         ///< by time, then id
  std::uint64_t no_click = 0;         ///< requests left out because nothing was clicked (no order can be judged)
  std::uint64_t all_clicked = 0;      ///< requests kept in which everything was clicked (AUC is undefined there)
  std::uint64_t unlisted_clicks = 0;  ///< clicks left out because their request shows no such item
};

/// The questions that the rows with from <= event time < until put. With impressions: one per request. Without: one per
/// user and `step` of time (counted from `from`; 0: the whole span), asked at the time of the step's first click.
Questions questions(const EventLog& log, Time from, Time until, Time step);

}  // namespace tamis::data
