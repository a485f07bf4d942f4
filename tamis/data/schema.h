#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace tamis::data {

/// Microseconds since 1970-01-01 UTC.
using Time = std::int64_t;
inline constexpr Time kSecond = 1'000'000;
inline constexpr Time kHour = 3600 * kSecond;
inline constexpr Time kDay = 24 * kHour;

/// Index of a user, an item or a request in its Names; dense from 0.
using Index = std::uint32_t;
inline constexpr Index kNone = 0xFFFFFFFFU;

/// What happened. `impression`: the item was shown. `click`: the user chose it; `value` is the seconds stayed (or the
/// rating, for logs of ratings). `other`: anything else, kept and not used.
enum class Event : std::uint8_t { impression, click, other };
/// In any case: "click"; "impression", "view" or "shown"; anything else is `other`.
Event event_of(std::string_view text);
/// "impression", "click", "other".
std::string_view name_of(Event event);

/// Names of users, items or requests, numbered in the order they were first met. Each name is stored once, and
/// references to it stay valid as more are added; about 48 bytes a name of up to 15 bytes. find() and at() are
/// thread-safe among themselves, add() is not.
class Names {
 public:
  /// The number of a name, given now if it is new.
  Index add(std::string_view name);
  /// kNone if the name was never added.
  Index find(std::string_view name) const;
  const std::string& at(Index index) const { return names_[index]; }
  std::size_t size() const { return names_.size(); }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    Index index = kNone;  // kNone: free
  };
  std::size_t slot_of(std::string_view name, std::uint32_t hash) const;
  void grow();

  std::deque<std::string> names_;
  std::vector<Slot> slots_;  // open addressing, a power of two, at most 3/4 full
};

/// "2024-01-31 13:05:00" (UTC) of a time.
std::string format_time(Time time);

/// Reads "2024-01-31", "2024-01-31 13:05[:00[.5]]" (a T between and a Z or +hh:mm behind are accepted; no zone means
/// UTC), or seconds since 1970 (integer or decimal). Returns false if it is none of these or outside the years 1970 to
/// 2200.
bool parse_time(std::string_view text, Time& time);

}  // namespace tamis::data
