#include "tamis/data/splits.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "tamis/base/error.h"

namespace tamis::data {

TimeSplit split_by_time(const EventLog& log, Time test, Time gap) {
  if (test <= 0) fail_caller("split", fmt::format("the test span must be > 0 microseconds, not {}", test));
  if (gap < 0) fail_caller("split", fmt::format("the gap must be >= 0 microseconds, not {}", gap));
  if (log.size() == 0) fail_caller("split", "the log holds no rows");
  TimeSplit split;
  split.test_until = log.event_time(log.size() - 1) + 1;
  split.test_from = split.test_until - test;
  split.train_until = split.test_from - gap;
  bool train = false, scored = false;
  for (std::size_t i = 0; i < log.size() && !(train && scored); ++i) {
    if (log.event(i) != Event::click) continue;
    train = train || log.known_time(i) < split.train_until;
    scored = scored || log.event_time(i) >= split.test_from;
  }
  const auto complain = [&](std::string_view side, std::string_view part, Time bound) {
    fail_caller("split", fmt::format("the split leaves no clicks to {}: the log runs from {} to {}, {} {}", side,
                                     format_time(log.event_time(0)), format_time(split.test_until - 1), part,
                                     format_time(bound)));
  };
  if (!train) complain("train on", "training ends before", split.train_until);
  if (!scored) complain("score", "scoring begins at", split.test_from);
  return split;
}

namespace {

/// The impressions and clicks of one request, as rows of the log in order.
void add_request(const EventLog& log, std::span<const std::size_t> rows, Questions& found) {
  std::vector<std::size_t> shown;
  bool placed = true;
  for (const std::size_t i : rows) {
    if (log.event(i) != Event::impression) continue;
    shown.push_back(i);
    placed = placed && log.position(i) > 0;
  }
  Question question;
  if (!shown.empty()) {
    question.user = log.user(shown.front());
    question.time = log.event_time(shown.front());
    question.id = log.request(shown.front());
  }
  if (placed) {
    std::stable_sort(shown.begin(), shown.end(),
                     [&](std::size_t a, std::size_t b) { return log.position(a) < log.position(b); });
  }
  const auto holds = [](const std::vector<Index>& list, Index item) {
    return std::find(list.begin(), list.end(), item) != list.end();
  };
  for (const std::size_t i : shown) {
    if (!holds(question.shown, log.item(i))) question.shown.push_back(log.item(i));
  }
  for (const std::size_t i : rows) {
    if (log.event(i) != Event::click) continue;
    if (!holds(question.shown, log.item(i))) {
      ++found.unlisted_clicks;
    } else if (!holds(question.clicked, log.item(i))) {
      question.clicked.push_back(log.item(i));
    }
  }
  if (question.shown.empty()) return;
  if (question.clicked.empty()) {
    ++found.no_click;
    return;
  }
  if (question.clicked.size() == question.shown.size()) ++found.all_clicked;
  found.list.push_back(std::move(question));
}

Questions from_requests(const EventLog& log, std::size_t first, std::size_t last) {
  Questions found;
  std::vector<std::size_t> rows;
  for (std::size_t i = first; i < last; ++i) {
    if (log.event(i) == Event::other) continue;
    if (log.request(i) != kNone) {
      rows.push_back(i);
    } else if (log.event(i) == Event::click) {
      ++found.unlisted_clicks;
    }
  }
  const auto key = [&](std::size_t i) { return std::tuple(log.request(i), log.user(i), i); };
  std::sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  for (std::size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
    while (end < rows.size() && log.request(rows[end]) == log.request(rows[begin]) &&
           log.user(rows[end]) == log.user(rows[begin])) {
      ++end;
    }
    add_request(log, std::span(rows).subspan(begin, end - begin), found);
  }
  return found;
}

/// One user's clicks of one step, as rows of the log in order.
void add_step(const EventLog& log, const Histories& histories, std::span<const std::size_t> rows, Questions& found) {
  Question question;
  question.user = log.user(rows.front());
  question.time = log.event_time(rows.front());
  question.id = rows.front();
  std::vector<Index> before;
  for (const Interaction& row : histories.before(question.user, question.time)) before.push_back(row.item);
  std::sort(before.begin(), before.end());
  for (const std::size_t i : rows) {
    const Index item = log.item(i);
    if (std::binary_search(before.begin(), before.end(), item)) {
      ++found.unlisted_clicks;
    } else if (std::find(question.clicked.begin(), question.clicked.end(), item) == question.clicked.end()) {
      question.clicked.push_back(item);
    }
  }
  if (question.clicked.empty()) {
    ++found.no_click;
    return;
  }
  found.list.push_back(std::move(question));
}

Questions from_clicks(const EventLog& log, std::size_t first, std::size_t last, Time from, Time step) {
  Questions found;
  std::vector<std::size_t> rows;
  std::size_t users = 0;
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (log.event(i) != Event::click) continue;
    users = std::max<std::size_t>(users, log.user(i) + std::size_t{1});
    if (i >= first && i < last) rows.push_back(i);
  }
  const Histories histories(log, users);
  const auto step_of = [&](std::size_t i) { return step == 0 ? 0 : (log.event_time(i) - from) / step; };
  std::sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) {
    return log.user(a) != log.user(b) ? log.user(a) < log.user(b) : a < b;
  });
  for (std::size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
    while (end < rows.size() && log.user(rows[end]) == log.user(rows[begin]) &&
           step_of(rows[end]) == step_of(rows[begin])) {
      ++end;
    }
    add_step(log, histories, std::span(rows).subspan(begin, end - begin), found);
  }
  return found;
}

}  // namespace

Questions questions(const EventLog& log, Time from, Time until, Time step) {
  if (step < 0) fail_caller("questions", fmt::format("the step must be >= 0 microseconds, not {}", step));
  const std::size_t first = log.lower_bound(from);
  const std::size_t last = std::max(first, log.lower_bound(until));
  Questions found = log.has_impressions() && log.has_requests() ? from_requests(log, first, last)
                                                                : from_clicks(log, first, last, from, step);
  std::stable_sort(found.list.begin(), found.list.end(), [](const Question& a, const Question& b) {
    return a.time != b.time ? a.time < b.time : a.id < b.id;
  });
  return found;
}

}  // namespace tamis::data
