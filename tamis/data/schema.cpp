#include "tamis/data/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <functional>

#include "tamis/base/error.h"

namespace tamis::data {

Index Names::add(std::string_view name) {
  if (4 * (names_.size() + 1) > 3 * slots_.size()) grow();
  const auto hash = static_cast<std::uint32_t>(std::hash<std::string_view>{}(name));
  Slot& slot = slots_[slot_of(name, hash)];
  if (slot.index == kNone) {
    if (names_.size() == kNone) fail_caller("names", "more than 4294967295 different names");
    slot = {hash, static_cast<Index>(names_.size())};
    names_.emplace_back(name);
  }
  return slot.index;
}

Index Names::find(std::string_view name) const {
  if (slots_.empty()) return kNone;
  return slots_[slot_of(name, static_cast<std::uint32_t>(std::hash<std::string_view>{}(name)))].index;
}

std::size_t Names::slot_of(std::string_view name, std::uint32_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].index != kNone && (slots_[at].hash != hash || names_[slots_[at].index] != name)) {
    at = (at + 1) & mask;
  }
  return at;
}

void Names::grow() {
  std::vector<Slot> old(slots_.empty() ? 16 : 2 * slots_.size());
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.index == kNone) continue;
    std::size_t at = slot.hash & mask;
    while (slots_[at].index != kNone) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

std::string format_time(Time time) {
  using namespace std::chrono;
  const sys_time<microseconds> point{microseconds{time}};
  const auto day = floor<days>(point);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<seconds>(point - day)};
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

namespace {

constexpr Time kYear2201 = 7'289'654'400 * kSecond;  // 2201-01-01, the first time no longer accepted

/// Takes a text apart from the left.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Exactly `digits` digits.
  bool number(std::size_t digits, int& value) {
    if (rest_.size() < digits) return false;
    value = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return false;
      value = 10 * value + (c - '0');
    }
    rest_.remove_prefix(digits);
    return true;
  }
  /// One or more digits behind the point, as microseconds; finer digits are cut off.
  bool fraction(Time& microseconds) {
    std::size_t digits = 0;
    Time unit = kSecond;
    microseconds = 0;
    for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits) {
      unit /= 10;
      microseconds += unit * (rest_[digits] - '0');
    }
    rest_.remove_prefix(digits);
    return digits > 0;
  }
  /// As many digits as there are, at least one and few enough not to overflow.
  bool seconds(Time& value) {
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{} || value < 0 || rest_.front() == '-') return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return true;
  }

 private:
  std::string_view rest_;
};

bool parse_zone(Cursor& cursor, Time& offset) {
  offset = 0;
  if (cursor.done() || cursor.take('Z')) return cursor.done();
  const Time sign = cursor.take('-') ? -1 : 1;
  if (sign == 1 && !cursor.take('+')) return false;
  int hours = 0, minutes = 0;
  if (!cursor.number(2, hours) || !cursor.take(':') || !cursor.number(2, minutes)) return false;
  offset = sign * (hours * kHour + minutes * 60 * kSecond);
  return hours <= 14 && minutes < 60 && cursor.done();
}

/// The part behind the date.
bool parse_clock(Cursor& cursor, Time& time) {
  time = 0;
  if (cursor.done()) return true;
  int hour = 0, minute = 0, second = 0;
  Time fraction = 0, offset = 0;
  if (!cursor.take(' ') && !cursor.take('T')) return false;
  if (!cursor.number(2, hour) || !cursor.take(':') || !cursor.number(2, minute)) return false;
  if (cursor.take(':')) {
    if (!cursor.number(2, second)) return false;
    if (cursor.take('.') && !cursor.fraction(fraction)) return false;
  }
  if (hour > 23 || minute > 59 || second > 59 || !parse_zone(cursor, offset)) return false;
  time = hour * kHour + (minute * 60 + second) * kSecond + fraction - offset;
  return true;
}

bool parse_date(std::string_view text, Time& time) {
  Cursor cursor(text);
  int year = 0, month = 0, day = 0;
  if (!cursor.number(4, year) || !cursor.take('-') || !cursor.number(2, month) || !cursor.take('-') ||
      !cursor.number(2, day)) {
    return false;
  }
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  Time clock = 0;
  if (!date.ok() || !parse_clock(cursor, clock)) return false;
  time = std::chrono::sys_days{date}.time_since_epoch().count() * kDay + clock;
  return true;
}

bool parse_seconds(std::string_view text, Time& time) {
  Cursor cursor(text);
  Time whole = 0, fraction = 0;
  if (!cursor.seconds(whole) || whole >= kYear2201 / kSecond) return false;
  if (cursor.take('.') && !cursor.fraction(fraction)) return false;
  time = whole * kSecond + fraction;
  return cursor.done();
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; });
}

}  // namespace

Event event_of(std::string_view text) {
  if (equals_ignoring_case(text, "click")) return Event::click;
  for (const std::string_view shown : {"impression", "view", "shown"})
    if (equals_ignoring_case(text, shown)) return Event::impression;
  return Event::other;
}

std::string_view name_of(Event event) {
  return event == Event::impression ? "impression" : event == Event::click ? "click" : "other";
}

bool parse_time(std::string_view text, Time& time) {
  Time parsed = 0;
  const bool date = text.size() > 4 && text[4] == '-';
  if (!(date ? parse_date(text, parsed) : parse_seconds(text, parsed))) return false;
  if (parsed < 0 || parsed >= kYear2201) return false;
  time = parsed;
  return true;
}

}  // namespace tamis::data
