#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tamis/data/items.h"
#include "tamis/data/schema.h"

namespace tamis::data {

/// One row of a log (docs/formats/event_log.md).
struct Row {
  Index user = 0;
  Index item = 0;
  Event event = Event::click;
  float value = 0;             ///< seconds stayed or rating; 0 where the log has none
  std::uint16_t position = 0;  ///< rank in the list shown, from 1; 0 where the log has none
  Index request = kNone;       ///< rows shown together share it
  Time event_time = 0;         ///< when it happened
  Time known_time = 0;         ///< when it became known; append() raises it to event_time if it is less
};

/// An append-only log of events in columns: about 27 bytes a row (35 where known times differ from event times).
class EventLog {
 public:
  Names users;
  Names requests;  ///< empty when the log has no request column

  void append(const Row& row);
  void reserve(std::size_t rows);
  /// Orders rows by event time, equal times in the order appended. Every reader does this last. Takes 4 bytes a row
  /// and one column's copy of memory meanwhile; nothing if the rows are in order. Throws invalid_argument above 2^32 -
  /// 1 rows.
  void sort_by_time();

  std::size_t size() const { return user_.size(); }
  Row row(std::size_t i) const;
  Index user(std::size_t i) const { return user_[i]; }
  Index item(std::size_t i) const { return item_[i]; }
  Event event(std::size_t i) const { return event_[i]; }
  float value(std::size_t i) const { return value_[i]; }
  std::uint16_t position(std::size_t i) const { return position_[i]; }
  Index request(std::size_t i) const { return request_.empty() ? kNone : request_[i]; }
  Time event_time(std::size_t i) const { return event_time_[i]; }
  Time known_time(std::size_t i) const { return known_time_.empty() ? event_time_[i] : known_time_[i]; }
  bool has_impressions() const { return impressions_ > 0; }
  bool has_requests() const { return !request_.empty(); }
  bool has_positions() const { return positions_ > 0; }
  std::size_t clicks() const { return clicks_; }

  /// First row with event time >= time (the log must be sorted).
  std::size_t lower_bound(Time time) const;

 private:
  std::vector<Index> user_, item_, request_;
  std::vector<Event> event_;
  std::vector<float> value_;
  std::vector<std::uint16_t> position_;
  std::vector<Time> event_time_, known_time_;  // known_time_ stays empty while it equals event_time_
  std::size_t impressions_ = 0, positions_ = 0, clicks_ = 0;
};

/// One past click of a user.
struct Interaction {
  Index item;
  float value;
  Time time;  ///< when it happened
};

/// Every user's clicks in order of the time they became known.
class Histories {
 public:
  /// Clicks of the whole log, which must be sorted; 16 bytes each (24 where known times differ from event times).
  /// Throws invalid_argument if a click's user is not below `users`.
  Histories(const EventLog& log, std::size_t users);
  /// The user's clicks with known time < before, oldest first. An unknown user has none.
  std::span<const Interaction> before(Index user, Time before) const;

 private:
  std::vector<std::size_t> offsets_;
  std::vector<Interaction> rows_;
  std::vector<Time> known_;  // empty while every known time is the event time
};

}  // namespace tamis::data
