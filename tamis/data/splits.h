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

/// The last `test` microseconds of the log for scoring, `gap` before them left out. test_until is just after the last
/// row. A click may be trained on if it happened and was known before train_until.
/// Throws invalid_argument if test <= 0, gap < 0, the log is empty, or either side holds no clicks ("the split leaves
/// no clicks to train on: …").
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
  std::uint64_t unlisted_clicks = 0;  ///< clicks left out because their list holds no such item
};

/// The questions that the rows with from <= event time < until of a sorted log put; rows outside are not looked at, so
/// a request that straddles a bound is only what lies inside.
/// With impressions: one per request and user, asked at the time of its first impression, `id` the request's number,
/// `shown` by position where every impression of the request has one, else by row; an item shown twice keeps its first
/// place. Clicks without a request count as unlisted.
/// Without impressions (or where no row has a request): one per user and `step` of time (counted from `from`; 0: the
/// whole span), asked at the time of the step's first click, `id` that click's row. A click on an item that the user
/// had clicked before (known before the question's time) is not among the candidates and counts as unlisted.
/// Throws invalid_argument if step < 0.
Questions questions(const EventLog& log, Time from, Time until, Time step);

}  // namespace tamis::data
