#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/base/words.h"
#include "tamis/evidence/metrics/text_numbers.h"
#include "tamis/evidence/metrics/trec_rows.h"

namespace tamis::metrics {

/// Cells of a line: query Q0 document rank score tag; or query iteration document relevance.
inline constexpr std::size_t kRunCells = 6, kJudgmentCells = 4;

/// The cells of a line that are read.
struct TrecCells {
  std::string_view query, document;
  std::string_view value;  ///< the score or the relevance: the last but one of a run, the last of judgments
  std::size_t count = 0;   ///< of all cells; counted up to one more than a run has

  /// Cuts a line at blanks and tabs.
  void cut(std::string_view line, std::size_t value_at);
};

/// Reads a score, a finite number; or a relevance, a whole number within 32 bits. False if it is none.
bool read_score(std::string_view cell, double& score);
bool read_grade(std::string_view cell, std::int32_t& grade);
/// What is wrong with a line of which something is.
std::string what_is_wrong(const TrecCells& cells, bool run);

/// Where the bytes up to the blank (0x00 to 0x20) of a text are: all that can end a cell or a line. A pass of its own,
/// without a branch a byte: what follows knows where each cell ends and waits for nothing.
class CellEnds {
 public:
  /// True if all bytes are ASCII.
  bool find(std::string_view text);
  /// The places, rising; kRunCells more than there are can be read.
  const std::uint32_t* begin() const { return places_.data(); }
  const std::uint32_t* end() const { return places_.data() + count_; }

 private:
  std::vector<std::uint32_t> places_;
  std::size_t count_ = 0;
};

/// True if the line from `begin` on has exactly so many cells, one blank or tab between them, and ends in LF. ends: the
/// first one past `begin`.
template <std::size_t kCells>
bool is_plain_line(const char* text, std::uint32_t begin, const std::uint32_t* ends) {
  bool plain = ends[0] != begin && text[ends[kCells - 1]] == '\n';
  for (std::size_t i = 0; i + 1 < kCells; ++i) {
    const char between = text[ends[i]];
    plain = plain && (between == ' ' || between == '\t') && ends[i + 1] > ends[i] + 1;
  }
  return plain;
}

/// Calls row(query, row, line number, line) for every line that can be read, refuse(reason, line number, line) for
/// others; lines count from 1, blank ones are passed over. Returns the number of lines.
template <std::size_t kCells, typename Row, typename Refuse>
std::uint64_t for_each_trec_row(std::string_view text, const Row& row, const Refuse& refuse) {
  constexpr std::size_t kBlock = std::size_t{1} << 14;
  constexpr bool kRun = kCells == kRunCells;
  constexpr std::size_t kValue = kRun ? kCells - 2 : kCells - 1;
  const char* const start = text.data();
  CellEnds ends;
  TrecCells cells;
  std::uint64_t lines = 0;
  while (!text.empty()) {
    const std::string_view block = text.substr(0, std::min(text.find('\n', kBlock), text.size() - 1) + 1);
    text.remove_prefix(block.size());
    const char* const bytes = block.data();
    const bool ascii = ends.find(block);
    const std::uint32_t* next = ends.begin();
    for (std::uint32_t begin = 0, end = 0; begin < block.size(); begin = end) {
      ++lines;
      std::string_view line;
      if (is_plain_line<kCells>(bytes, begin, next)) {
        end = next[kCells - 1] + 1;
        line = {bytes + begin, end - 1 - begin};
        cells.query = {bytes + begin, next[0] - begin};
        cells.document = {bytes + next[1] + 1, next[2] - next[1] - 1};
        cells.value = {bytes + next[kValue - 1] + 1, next[kValue] - next[kValue - 1] - 1};
        cells.count = kCells;
        next += kCells;
      } else {
        const std::size_t newline = block.find('\n', begin);
        line = block.substr(begin, std::min(newline, block.size()) - begin);
        end = begin + static_cast<std::uint32_t>(line.size()) + (newline != std::string_view::npos);
        while (next != ends.end() && *next < end) ++next;
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        cells.cut(line, kValue);
        if (cells.count == 0) continue;
      }
      if (!ascii && !is_utf8(line)) {
        refuse(std::string("holds bytes that are not UTF-8"), lines, line);
        continue;
      }
      RankingRow read;
      if (cells.count != kCells ||
          !(kRun ? read_score(cells.value, read.score) : read_grade(cells.value, read.grade))) {
        refuse(what_is_wrong(cells, kRun), lines, line);
        continue;
      }
      read.offset = static_cast<std::uint32_t>(cells.document.data() - start);
      read.length = static_cast<std::uint32_t>(cells.document.size());
      read.hash = hash_of(cells.document);
      row(cells.query, read, lines, line);
    }
  }
  return lines;
}

}  // namespace tamis::metrics
