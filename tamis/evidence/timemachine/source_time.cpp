#include "tamis/evidence/timemachine/source_time.h"

#include <fmt/format.h>

#include "tamis/base/number.h"

namespace tamis::timemachine {

namespace {

constexpr std::int64_t kSomeMillis = 100'000'000'000;
constexpr std::int64_t kSomeMicros = 100'000'000'000'000;
constexpr std::int64_t kSomeNanos = 100'000'000'000'000'000;

// Seconds as parse_time reads them, finer units brought to seconds first: one place knows the years that are allowed.
bool of_number(std::int64_t number, data::Time& time) {
  if (number < 0) return false;
  std::int64_t micros = 0;
  if (number > kSomeNanos) {
    micros = number / 1000;
  } else if (number > kSomeMicros) {
    micros = number;
  } else if (number > kSomeMillis) {
    micros = number * 1000;
  } else {
    return data::parse_time(fmt::format("{}", number), time);
  }
  return data::parse_time(fmt::format("{}.{:06}", micros / data::kSecond, micros % data::kSecond), time);
}

bool of_text(std::string_view text, data::Time& time) {
  std::int64_t number = 0;
  if (text.find_first_not_of("0123456789") != std::string_view::npos) return data::parse_time(text, time);
  return parse_integer(text, number) && of_number(number, time);
}

bool of_real(double seconds, data::Time& time) {
  std::int64_t number = 0;
  return whole(seconds, number) ? of_number(number, time) : data::parse_time(fmt::format("{:.6f}", seconds), time);
}

bool of_micros(std::int64_t micros, data::Time& time) {
  return micros >= 0 && data::parse_time(fmt::format("{}.{:06}", micros / data::kSecond, micros % data::kSecond), time);
}

}  // namespace

bool read_time(const Column& column, std::size_t row, data::Time& time, std::string& written) {
  written.clear();
  if (column.valid[row] == 0) return false;
  switch (column.type) {
    case ColumnType::text:
      written = column.text[row];
      return of_text(column.text[row], time);
    case ColumnType::real:
      written = fmt::format("{}", column.real[row]);
      return of_real(column.real[row], time);
    case ColumnType::integer:
      written = fmt::format("{}", column.integer[row]);
      return of_number(column.integer[row], time);
    default:
      written = fmt::format("{}", column.integer[row]);
      return of_micros(column.integer[row], time);
  }
}

}  // namespace tamis::timemachine
