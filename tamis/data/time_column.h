#pragma once

#include <string>
#include <string_view>

#include "tamis/base/table.h"
#include "tamis/data/schema.h"

namespace tamis::data {

/// Reads what parse_time reads, in the years 1 to 9999, and numbers before 1970: "1969-07-20T20:17:40Z",
/// "1890-01-01 00:00+05:30", seconds since 1970 with or without a sign ("-86400", "0.5"); a whole number beyond 10^11,
/// 10^14 or 10^17 either way is milliseconds, microseconds or nanoseconds (docs/formats/event_log.md). False if it is
/// none of these.
bool parse_any_time(std::string_view text, Time& time);

/// Reads a cell of a column asked for as ColumnType::time, whatever its table holds it as: texts and numbers in the
/// forms of parse_any_time, Parquet timestamps and dates as they are. The cell must not be empty. False if it is no
/// time, or outside the years 1 to 9999.
bool time_of_cell(const Column& column, std::size_t row, Time& time);

/// Such a cell as written, of long ones the first 40 bytes, for a reason of the quarantine.
std::string written_cell(const Column& column, std::size_t row);

/// What time_of_cell accepts, for messages.
inline constexpr std::string_view kTimeWanted = "a time (2024-01-31 13:05:00, or seconds since 1970)";

}  // namespace tamis::data
