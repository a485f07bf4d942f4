#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <utility>

#include "tamis/base/config.h"
#include "tamis/base/error.h"

namespace tamis {

namespace {

/// Text for a cell of a Markdown table, where a bare | would end the cell.
std::string in_cell(std::string_view text) {
  std::string cell;
  for (const char c : text) cell.append(c == '|' ? "\\" : "").push_back(c);
  return cell;
}

}  // namespace

std::int64_t parse_duration(std::string_view text, std::string_view where) {
  static constexpr std::pair<char, double> kUnits[] = {{'s', 1e6}, {'m', 60e6}, {'h', 3600e6}, {'d', 86400e6}};
  const auto unit = text.empty() ? std::end(kUnits)
                                 : std::find_if(std::begin(kUnits), std::end(kUnits),
                                                [&](const auto& known) { return known.first == text.back(); });
  const std::string_view number = text.substr(0, text.empty() ? 0 : text.size() - 1);
  double value = 0;
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), value, std::chars_format::fixed);
  const bool plain = !number.empty() && number.find_first_not_of("0123456789.") == std::string_view::npos;
  if (unit == std::end(kUnits) || !plain || error != std::errc() || end != number.data() + number.size() ||
      value * unit->second > 9e18) {
    fail_caller(where, fmt::format("\"{}\" is not a duration such as \"90s\", \"30m\", \"12h\" or \"7d\"", text));
  }
  return std::llround(value * unit->second);
}

std::string describe(std::span<const Key> keys) {
  static constexpr std::string_view kTypes[] = {"integer", "number", "text", "boolean", "duration", "texts"};
  std::string table = "| key | type | default | meaning |\n|---|---|---|---|\n";
  for (const Key& key : keys) {
    std::string fallback = key.fallback.empty() ? "required" : "none";
    if (!key.fallback.empty() && key.fallback != "-") fallback = fmt::format("`{}`", in_cell(key.fallback));
    table += fmt::format("| `{}` | {} | {} | {} |\n", key.name, kTypes[static_cast<int>(key.type)], fallback,
                         in_cell(key.doc));
  }
  return table;
}

}  // namespace tamis
