#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tamis {

/// Rows that could not be read: counted, and written to a file once it is named; never dropped in silence.
/// The file (docs/formats/quarantine.md) is TSV with a header `file line reason text`; in `text` tabs, line ends and
/// backslashes are escaped as \t, \n, \r, \\, other bytes that are not UTF-8 text as \xHH. Not thread-safe.
class Quarantine {
 public:
  /// Keeps the rows in memory (the first 10,000, each with the first 1,000 bytes of its text; all are counted).
  Quarantine() = default;

  void add(std::string_view file, std::uint64_t line, std::string_view reason, std::string_view text);
  std::uint64_t count() const { return count_; }
  /// Writes quarantine.tsv atomically; does nothing when no row was added. Rows beyond those kept are told by number in
  /// a last row of line 0.
  void write(const std::filesystem::path& path) const;
  /// Throws runtime_error if count() > max_bad * rows_read: names the first row and its reason.
  void check(std::uint64_t rows_read, double max_bad) const;
  /// "FILE line N: reason" of the first row added; "" when there is none.
  std::string first() const;

 private:
  struct Row {
    std::string file;
    std::uint64_t line;
    std::string reason;
    std::string text;
  };
  std::uint64_t count_ = 0;
  std::vector<Row> rows_;
};

}  // namespace tamis
