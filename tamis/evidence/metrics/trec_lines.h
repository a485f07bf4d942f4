#pragma once

#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "tamis/base/words.h"
#include "tamis/evidence/metrics/trec_rows.h"

namespace tamis::metrics {

/// The cells of a line, cut at blanks and tabs.
struct TrecFields {
  static constexpr std::size_t kMost = 6;
  std::array<std::string_view, kMost> cells;
  std::size_t count = 0;  ///< one too many is counted and not kept

  void cut(std::string_view line);
};

/// Reads the document and the score (of a run) or the grade of a line of `text`; "" or what is wrong with it.
std::string read_trec_row(const TrecFields& fields, bool run, std::string_view text, RankingRow& row);

/// True if every byte is ASCII.
bool is_ascii(std::string_view text);

/// Calls row(query, row, line number, line) for every line that can be read, refuse(reason, line number, line) for
/// others; lines count from 1, blank ones are passed over. Returns the number of lines.
template <typename Row, typename Refuse>
std::uint64_t for_each_trec_row(std::string_view text, bool run, const Row& row, const Refuse& refuse) {
  const bool ascii = is_ascii(text);
  TrecFields fields;
  std::uint64_t lines = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const void* newline = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
    const char* const stop = newline == nullptr ? end : static_cast<const char*>(newline);
    std::string_view line(at, static_cast<std::size_t>(stop - at));
    at = newline == nullptr ? end : stop + 1;
    ++lines;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    fields.cut(line);
    if (fields.count == 0) continue;
    RankingRow read;
    std::string wrong =
        ascii || is_utf8(line) ? read_trec_row(fields, run, text, read) : "holds bytes that are not UTF-8";
    if (wrong.empty()) {
      row(fields.cells[0], read, lines, line);
    } else {
      refuse(std::move(wrong), lines, line);
    }
  }
  return lines;
}

}  // namespace tamis::metrics
