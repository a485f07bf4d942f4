#include "tamis/evidence/timemachine/days.h"

#include <fmt/format.h>

#include <algorithm>

#include "tamis/base/error.h"

namespace tamis::timemachine {

namespace {

constexpr std::size_t kLength = 10;  // of 2024-01-31

bool looks_like_day(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-dd";
  return text.size() >= kLength && std::equal(kForm.begin(), kForm.end(), text.begin(), [](char form, char c) {
           return form == 'd' ? c >= '0' && c <= '9' : c == form;
         });
}

}  // namespace

std::string format_day(Day day) {
  return data::format_time(start_of(day)).substr(0, kLength);
}

Day parse_day(std::string_view text, std::string_view where) {
  constexpr std::size_t kShown = 40;
  const std::string shown = fmt::format("'{}{}'", text.substr(0, kShown), text.size() > kShown ? "..." : "");
  data::Time time = 0;
  if (!looks_like_day(text)) fail_caller(where, shown + " is not a day; 2024-01-31 is the form");
  if (text.size() > kLength)
    fail_caller(where, shown + " says more than a day; days are those of UTC, written as 2024-01-31");
  if (text < "1970") fail_caller(where, shown + " is before 1970; a day of the years 1970 to 2200 is needed");
  if (!data::parse_time(text, time))
    fail_caller(where, shown + " is not a day of the calendar in the years 1970 to 2200");
  return day_of(time);
}

DayRange parse_range(std::string_view from, std::string_view to) {
  const DayRange range{parse_day(from, "--from"), parse_day(to, "--to")};
  if (range.from > range.to)
    fail_caller("--from", fmt::format("{} is after --to {}; the first day comes first", from, to));
  return range;
}

}  // namespace tamis::timemachine
