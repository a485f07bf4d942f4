#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tamis/base/line_reader.h"

namespace tamis {

/// Cuts lines into cells: TSV at tabs, CSV by RFC 4180. A quoted CSV cell may hold commas, doubled quotes and line ends
/// (read as LF). A quote inside a cell that does not begin with one is a character. A row whose quotes do not close
/// within 1 MiB, or close before other text, is bad: its first line is the row, and reading goes on at the next line.
class RowReader {
 public:
  struct Cell {
    std::size_t offset = 0;  ///< in text()
    std::size_t length = 0;
    bool doubled = false;  ///< holds doubled quotes, to be read as single ones
  };

  RowReader(const std::filesystem::path& path, bool quotes) : lines_(path), quotes_(quotes) {}

  bool next();
  /// The row as written, without its line end; valid until the next call.
  std::string_view text() const { return text_; }
  std::uint64_t line() const { return line_; }
  /// False if the row's quotes are wrong; it then has no cells.
  bool good() const { return good_; }
  const std::vector<Cell>& cells() const { return cells_; }
  const LineReader& lines() const { return lines_; }

 private:
  enum class State { done, open, malformed };
  bool next_line(std::string_view& line, std::uint64_t& number);
  void cut_commas();
  State cut_quotes(std::string_view row);
  State cut_quoted_cell(std::string_view row);

  LineReader lines_;
  bool quotes_;
  bool good_ = true;
  std::uint64_t line_ = 0;
  std::string_view text_;
  std::string held_;
  std::vector<Cell> cells_;
  std::size_t at_ = 0;                                       // where cutting goes on in the row
  bool in_quotes_ = false;                                   // inside the last of cells_
  std::deque<std::pair<std::uint64_t, std::string>> ahead_;  // lines read in search of a closing quote
};

}  // namespace tamis
