#include "tamis/evidence/metrics/trec_lines.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace tamis::metrics {

namespace {

constexpr std::size_t kShown = 40;  // bytes of a cell that a reason repeats

bool blank(char c) {
  return c == ' ' || c == '\t';
}

template <typename Number>
bool parse(std::string_view text, Number& number) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

std::string shown(std::string_view cell) {
  if (cell.size() <= kShown) return std::string(cell);
  return std::string(cell.substr(0, kShown)) + "...";
}

std::string wrong_count(std::size_t count, std::string_view wanted) {
  return fmt::format("has {} fields where {}", count > TrecFields::kMost ? "more than 6" : std::to_string(count),
                     wanted);
}

}  // namespace

bool is_ascii(std::string_view text) {
  unsigned char any = 0;
  for (const char c : text) any |= static_cast<unsigned char>(c);
  return any < 0x80;
}

void TrecFields::cut(std::string_view line) {
  count = 0;
  const char* at = line.data();
  const char* const end = at + line.size();
  while (true) {
    while (at != end && blank(*at)) ++at;
    if (at == end) return;
    const char* const start = at;
    while (at != end && !blank(*at)) ++at;
    if (count == kMost) {
      ++count;
      return;
    }
    cells[count++] = {start, static_cast<std::size_t>(at - start)};
  }
}

std::string read_trec_row(const TrecFields& fields, bool run, std::string_view text, RankingRow& row) {
  if (run) {
    if (fields.count != 6) return wrong_count(fields.count, "6 are needed: query Q0 document rank score tag");
    if (!parse(fields.cells[4], row.score) || !std::isfinite(row.score))
      return fmt::format("score '{}' is not a finite number", shown(fields.cells[4]));
  } else {
    if (fields.count != 4) return wrong_count(fields.count, "4 are needed: query iteration document relevance");
    if (!parse(fields.cells[3], row.grade) || row.grade == kUnjudged)
      return fmt::format("relevance '{}' is not a whole number within 32 bits", shown(fields.cells[3]));
  }
  const std::string_view document = fields.cells[2];
  row.offset = static_cast<std::uint32_t>(document.data() - text.data());
  row.length = static_cast<std::uint32_t>(document.size());
  row.hash = hash_of(document);
  return "";
}

}  // namespace tamis::metrics
