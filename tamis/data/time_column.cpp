#include "tamis/data/time_column.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "tamis/base/number.h"

namespace tamis::data {

namespace {

constexpr std::uint64_t kSomeMillis = 100'000'000'000;
constexpr std::uint64_t kSomeMicros = 100'000'000'000'000;
constexpr std::uint64_t kSomeNanos = 100'000'000'000'000'000;
constexpr Time kYear1 = -62'135'596'800 * kSecond;
constexpr Time kYear10000 = 253'402'300'800 * kSecond;
constexpr Time kYear2000 = 946'684'800 * kSecond;
constexpr std::size_t kShown = 40;

bool in_range(Time time) {
  return time >= kYear1 && time < kYear10000;
}

/// The unit is told by the size, as in logs, and the sign is let be.
bool time_of_integer(std::int64_t number, Time& time) {
  const std::uint64_t size = number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
  if (size > kSomeNanos) {
    time = number / 1000 - (number % 1000 < 0 ? 1 : 0);
  } else if (size > kSomeMicros) {
    time = number;
  } else if (size > kSomeMillis) {
    time = number * 1000;
  } else {
    time = number * kSecond;
  }
  return in_range(time);
}

bool time_of_real(double seconds, Time& time) {
  std::int64_t integer = 0;
  if (whole(seconds, integer)) return time_of_integer(integer, time);
  if (!(std::fabs(seconds) < static_cast<double>(kSomeMillis))) return false;
  time = std::llround(seconds * static_cast<double>(kSecond));
  return in_range(time);
}

bool digits(std::string_view text, int& value) {
  value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = 10 * value + (c - '0');
  }
  return true;
}

}  // namespace

bool parse_any_time(std::string_view text, Time& time) {
  const bool dated = text.size() >= 10 && text[4] == '-' && text[7] == '-';
  if (!dated) {
    std::int64_t integer = 0;
    double real = 0;
    if (parse_integer(text, integer)) return time_of_integer(integer, time);
    return parse_real(text, real) && time_of_real(real, time);
  }
  int year = 0, month = 0, day = 0;
  if (!digits(text.substr(0, 4), year) || !digits(text.substr(5, 2), month) || !digits(text.substr(8, 2), day))
    return false;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  // The clock behind the date is read as that of another day, one that parse_time takes.
  Time clock = 0;
  if (year < 1 || !date.ok() || !parse_time("2000-01-01" + std::string(text.substr(10)), clock)) return false;
  const Time days = std::chrono::sys_days(date).time_since_epoch().count();
  time = days * kDay + (clock - kYear2000);
  return in_range(time);
}

bool time_of_cell(const Column& column, std::size_t row, Time& time) {
  switch (column.type) {
    case ColumnType::text:
      return parse_any_time(column.text[row], time);
    case ColumnType::integer:
      return time_of_integer(column.integer[row], time);
    case ColumnType::real:
      return time_of_real(column.real[row], time);
    case ColumnType::time:
      time = column.integer[row];
      return in_range(time);
  }
  return false;
}

std::string written_cell(const Column& column, std::size_t row) {
  if (column.type == ColumnType::text)
    return fmt::format("{}{}", column.text[row].substr(0, kShown), column.text[row].size() > kShown ? "..." : "");
  return column.type == ColumnType::real ? fmt::format("{}", column.real[row]) : fmt::format("{}", column.integer[row]);
}

}  // namespace tamis::data
