#pragma once

#include <string>
#include <vector>

namespace tamis::cli {

/// Cells as columns for a terminal, two blanks between them; the first row is the heading, underlined. Columns after
/// the first `left` ones are flush right. Rows are as long as the heading. Ends with a line break.
std::string columns(const std::vector<std::vector<std::string>>& rows, std::size_t left);

/// "73.50 MiB": bytes in the largest unit that gives 1 or more.
std::string bytes_text(double bytes);

}  // namespace tamis::cli
