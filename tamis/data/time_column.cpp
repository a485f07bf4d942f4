#include "tamis/data/time_column.h"

#include <fmt/format.h>

#include "tamis/data/folds_table.h"

namespace tamis::data {

namespace {

constexpr Time kYear1 = -62'135'596'800 * kSecond;
constexpr Time kYear10000 = 253'402'300'800 * kSecond;
constexpr std::size_t kShown = 40;

}  // namespace

bool time_of_cell(const Column& column, std::size_t row, Time& time) {
  switch (column.type) {
    case ColumnType::text:
      return parse_any_time(column.text[row], time);
    case ColumnType::integer:
      return parse_any_time(fmt::format_int(column.integer[row]).c_str(), time);
    case ColumnType::real:
      return parse_any_time(fmt::format("{}", column.real[row]), time);
    case ColumnType::time:
      time = column.integer[row];
      return time >= kYear1 && time < kYear10000;
  }
  return false;
}

std::string written_cell(const Column& column, std::size_t row) {
  if (column.type == ColumnType::text)
    return fmt::format("{}{}", column.text[row].substr(0, kShown), column.text[row].size() > kShown ? "..." : "");
  return column.type == ColumnType::real ? fmt::format("{}", column.real[row]) : fmt::format("{}", column.integer[row]);
}

}  // namespace tamis::data
