#pragma once

#include <string>
#include <string_view>

#include "tamis/base/table.h"
#include "tamis/data/schema.h"

namespace tamis::data {

/// Reads a cell of a column asked for as ColumnType::time, whatever its table holds it as: texts and numbers in the
/// forms of parse_any_time, Parquet timestamps and dates as they are. The cell must not be empty. False if it is no
/// time, or outside the years 1 to 9999.
bool time_of_cell(const Column& column, std::size_t row, Time& time);

/// Such a cell as written, of long ones the first 40 bytes, for a reason of the quarantine.
std::string written_cell(const Column& column, std::size_t row);

/// What time_of_cell accepts, for messages.
inline constexpr std::string_view kTimeWanted = "a time (2024-01-31 13:05:00, or seconds since 1970)";

}  // namespace tamis::data
