#include "cli/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace tamis::cli {

std::string columns(const std::vector<std::vector<std::string>>& rows, std::size_t left) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  const auto add_line = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      line += c == 0 ? "" : "  ";
      line += c < left ? fmt::format("{:<{}}", cells[c], widths[c]) : fmt::format("{:>{}}", cells[c], widths[c]);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  };
  std::vector<std::string> rule;
  for (const std::size_t width : widths) rule.emplace_back(width, '-');
  for (const auto& row : rows) {
    add_line(row);
    if (&row == &rows.front()) add_line(rule);
  }
  return text;
}

std::string bytes_text(double bytes) {
  constexpr std::array<const char*, 4> kUnits{"B", "KiB", "MiB", "GiB"};
  std::size_t unit = 0;
  for (; std::abs(bytes) >= 1024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  return fmt::format(fmt::runtime(unit == 0               ? "{:.0f} {}"
                                  : std::abs(bytes) < 100 ? "{:.2f} {}"
                                                          : "{:.1f} {}"),
                     bytes, kUnits[unit]);
}

}  // namespace tamis::cli
