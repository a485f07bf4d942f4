#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tamis/data/schema.h"

namespace tamis::timemachine {

/// A day by its number since 1970-01-01. Days begin and end at midnight UTC.
using Day = std::int64_t;

/// Days `from` to `to`, both of them among it.
struct DayRange {
  Day from = 0;
  Day to = 0;
};

constexpr data::Time start_of(Day day) {
  return day * data::kDay;
}
constexpr data::Time end_of(Day day) {
  return (day + 1) * data::kDay;
}
constexpr Day day_of(data::Time time) {
  return time / data::kDay;
}

/// "2024-01-31".
std::string format_day(Day day);

/// Reads "2024-01-31", of the years 1970 to 2200. Throws invalid_argument("[where] …") for anything else, and says so
/// of a day before 1970 and of a time of day or a zone behind the day.
Day parse_day(std::string_view text, std::string_view where);

/// Reads both ends. Throws invalid_argument too if the first day is after the last.
DayRange parse_range(std::string_view from, std::string_view to);

}  // namespace tamis::timemachine
