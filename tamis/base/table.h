#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/base/quarantine.h"

namespace tamis {

/// A file that was read, for the `inputs` of a result.
struct InputFile {
  std::string path;
  std::uint64_t bytes = 0;
  std::uint64_t rows_read = 0;  ///< rows of data, quarantined ones among them
  std::uint64_t rows_quarantined = 0;
};

enum class TableFormat { parquet, csv, tsv };

/// The format by extension in any case (.parquet, .csv, .tsv, .txt as TSV; .gz and .zst are stripped first), or
/// nullopt.
std::optional<TableFormat> table_format(const std::filesystem::path& path);

/// What a column is read as. `time` leaves the unit to the caller: see Column.
enum class ColumnType { text, integer, real, time };

/// One column of a batch. Only the vector of its type is filled. `valid` is false where the cell was empty, null or NaN
/// (its value is then "" or 0). The type is the one requested, except for `time`: then it tells what the table holds:
/// `time`, a Parquet timestamp or date (`integer` holds microseconds since 1970 UTC); `integer` or `real`, a Parquet
/// number without a unit; `text`, anything else, as written.
struct Column {
  ColumnType type = ColumnType::text;
  std::vector<std::string_view> text;  ///< points into the batch; dies with it
  std::vector<std::int64_t> integer;
  std::vector<double> real;
  std::vector<std::uint8_t> valid;
};

/// Wanted columns: by header name, or by number from 1 ("1", "2") when the table has no header; "" is in no table.
struct ColumnRequest {
  std::string name;
  ColumnType type = ColumnType::text;
  bool required = true;  ///< a missing optional column is absent from every row (valid = 0)
};

struct TableOptions {
  std::optional<TableFormat> format;  ///< nullopt: by extension
  bool header = true;                 ///< CSV and TSV only
  std::uint64_t batch_rows = 65536;
};

/// Streams a table, batch by batch, in bounded memory (docs/formats/table.md has the details). Parquet, CSV (RFC 4180
/// quotes) and TSV (no quotes: a quote is a character), plain or compressed (.gz, .zst; not Parquet, which compresses
/// inside); "-" is standard input as TSV. A UTF-8 byte order mark is skipped, lines end in LF or CRLF, the last may
/// lack its end, and blank lines are no rows where a table has several columns. Requested as integers, Parquet
/// timestamps and dates arrive in microseconds since 1970 UTC; requested as text, numbers and times are written out. A
/// row with too few or too many fields, a number that is not one (or not finite), or bytes that are not UTF-8 goes to
/// the quarantine with its line (Parquet: row number from 1) and is left out of the batch.
/// Throws runtime_error for a missing, empty, truncated or mislabelled file, or one whose header names two columns the
/// same; invalid_argument for an unknown extension, a column of lists or structs, or a required column that the table
/// lacks (naming those it has). Not thread-safe.
class TableReader {
 public:
  TableReader(std::filesystem::path path, std::vector<ColumnRequest> columns, TableOptions options,
              Quarantine& quarantine);
  ~TableReader();
  TableReader(TableReader&&) noexcept;

  /// The next batch: one Column per request, equal lengths, or nullptr at the end. Valid until the next call.
  const std::vector<Column>* next();
  /// File line (row for Parquet) of row i of the last batch, for the caller's own quarantining.
  std::uint64_t line(std::size_t row) const;
  /// Quarantines row i of the last batch for the caller's reason, with its cells as text.
  void reject(std::size_t row, std::string_view reason);
  const InputFile& input() const;
  /// Names in the table's header (numbers from 1 when it has none).
  const std::vector<std::string>& names() const;
  /// About how many rows the table holds, to reserve room: exact for Parquet, reckoned from the bytes of the rows so
  /// far for plain text, 0 where nothing is known. A corrupt file may give any number.
  std::uint64_t expected_rows() const;

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

/// Reads a text file line by line, decompressing .gz and .zst by extension; `line` excludes the line end (LF or CRLF).
/// For formats that are not tables (`|` and `::` separators). Returns what was read (rows = lines). Throws
/// runtime_error for a missing, empty, truncated or mislabelled file. Bytes pass as they are, but for NUL, which no
/// text file holds.
InputFile read_lines(const std::filesystem::path& path,
                     const std::function<void(std::uint64_t number, std::string_view line)>& line);

/// Columns to write: name and values, equal lengths.
struct OutputColumn {
  std::string name;
  std::vector<std::string> text;  ///< exactly one of the three is filled
  std::vector<std::int64_t> integer;
  std::vector<double> real;  ///< NaN is written as null (Parquet) or an empty cell
};

/// Writes a table atomically in the format of the path's extension (compressed by .gz or .zst; Parquet inside, by
/// Snappy). Throws invalid_argument for an unknown extension, columns of unequal lengths or equal names, or a tab or
/// line end in a cell of a TSV, which has no quotes; runtime_error where the disk refuses.
void write_table(const std::filesystem::path& path, const std::vector<OutputColumn>& columns);

}  // namespace tamis
