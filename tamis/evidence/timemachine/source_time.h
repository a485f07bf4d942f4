#pragma once

#include <string>

#include "tamis/base/table.h"
#include "tamis/data/schema.h"

namespace tamis::timemachine {

/// Reads a cell of a column asked for as `time`, in the forms that docs/formats/event_log.md lists; the size of a whole
/// number tells its unit. False, with the cell as `written`, if it is empty, none of them, or outside the years 1970 to
/// 2200.
bool read_time(const Column& column, std::size_t row, data::Time& time, std::string& written);

}  // namespace tamis::timemachine
