#include "tamis/data/event_log.h"

#include <algorithm>
#include <numeric>

#include "tamis/base/error.h"

namespace tamis::data {

void EventLog::append(const Row& row) {
  const Time known = std::max(row.known_time, row.event_time);
  if (known_time_.empty() && known != row.event_time) {
    known_time_.reserve(event_time_.capacity());
    known_time_ = event_time_;
    known_time_.push_back(known);
  } else if (!known_time_.empty()) {
    known_time_.push_back(known);
  }
  if (request_.empty() && row.request != kNone) {
    request_.reserve(user_.capacity());
    request_.assign(user_.size(), kNone);
    request_.push_back(row.request);
  } else if (!request_.empty()) {
    request_.push_back(row.request);
  }
  user_.push_back(row.user);
  item_.push_back(row.item);
  event_.push_back(row.event);
  value_.push_back(row.value);
  position_.push_back(row.position);
  event_time_.push_back(row.event_time);
  impressions_ += row.event == Event::impression ? 1 : 0;
  positions_ += row.position > 0 ? 1 : 0;
  clicks_ += row.event == Event::click ? 1 : 0;
}

void EventLog::reserve(std::size_t rows) {
  user_.reserve(rows);
  item_.reserve(rows);
  event_.reserve(rows);
  value_.reserve(rows);
  position_.reserve(rows);
  event_time_.reserve(rows);
  if (!request_.empty()) request_.reserve(rows);
  if (!known_time_.empty()) known_time_.reserve(rows);
}

namespace {

template <class T>
void reorder(std::vector<T>& column, const std::vector<Index>& order) {
  if (column.empty()) return;
  std::vector<T> sorted;
  sorted.reserve(order.size());
  for (const Index i : order) sorted.push_back(column[i]);
  column = std::move(sorted);
}

}  // namespace

void EventLog::sort_by_time() {
  if (std::is_sorted(event_time_.begin(), event_time_.end())) return;
  if (size() >= kNone) fail_caller("event log", "more than 4294967294 rows cannot be sorted; split the log by time");
  std::vector<Index> order(size());
  std::iota(order.begin(), order.end(), Index{0});
  // The row number breaks ties: stable without the buffer that stable_sort takes.
  std::sort(order.begin(), order.end(), [&](Index a, Index b) {
    return event_time_[a] != event_time_[b] ? event_time_[a] < event_time_[b] : a < b;
  });
  reorder(user_, order);
  reorder(item_, order);
  reorder(request_, order);
  reorder(event_, order);
  reorder(value_, order);
  reorder(position_, order);
  reorder(known_time_, order);
  reorder(event_time_, order);
}

Row EventLog::row(std::size_t i) const {
  return {user(i), item(i), event(i), value(i), position(i), request(i), event_time(i), known_time(i)};
}

std::size_t EventLog::lower_bound(Time time) const {
  return static_cast<std::size_t>(std::lower_bound(event_time_.begin(), event_time_.end(), time) - event_time_.begin());
}

Histories::Histories(const EventLog& log, std::size_t users) : offsets_(users + 1), rows_(log.clicks()) {
  bool late = false;
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (log.event(i) != Event::click) continue;
    if (log.user(i) >= users) fail_caller("histories", "row " + std::to_string(i) + ": the user is not of this log");
    ++offsets_[log.user(i) + 1];
    late = late || log.known_time(i) != log.event_time(i);
  }
  std::partial_sum(offsets_.begin(), offsets_.end(), offsets_.begin());
  // Rows in order of known time, so that filling each user's part front to back leaves it in that order.
  std::vector<std::size_t> order;
  if (late) {
    order.reserve(log.clicks());
    for (std::size_t i = 0; i < log.size(); ++i) {
      if (log.event(i) == Event::click) order.push_back(i);
    }
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return log.known_time(a) != log.known_time(b) ? log.known_time(a) < log.known_time(b) : a < b;
    });
    known_.resize(log.clicks());
  }
  std::vector<std::size_t> next(offsets_.begin(), offsets_.end() - 1);
  const std::size_t count = late ? order.size() : log.size();
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t i = late ? order[k] : k;
    if (log.event(i) != Event::click) continue;
    const std::size_t at = next[log.user(i)]++;
    rows_[at] = {log.item(i), log.value(i), log.event_time(i)};
    if (late) known_[at] = log.known_time(i);
  }
}

std::span<const Interaction> Histories::before(Index user, Time before) const {
  if (user == kNone || static_cast<std::size_t>(user) + 1 >= offsets_.size()) return {};
  const std::size_t first = offsets_[user], last = offsets_[user + 1];
  std::size_t end = 0;
  if (known_.empty()) {
    const auto part = std::span(rows_).subspan(first, last - first);
    end = static_cast<std::size_t>(
        std::partition_point(part.begin(), part.end(), [&](const Interaction& row) { return row.time < before; }) -
        part.begin());
  } else {
    const auto part = std::span(known_).subspan(first, last - first);
    end = static_cast<std::size_t>(std::lower_bound(part.begin(), part.end(), before) - part.begin());
  }
  return std::span(rows_).subspan(first, end);
}

}  // namespace tamis::data
