#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tamis {

/// Rows that could not be read: counted, and written to a file once it is named; never dropped in silence.
/// The file is TSV with a header `file line reason text` (tabs and line ends in `text` are escaped as \t, \n, \\).
class Quarantine {
 public:
  /// Keeps the rows in memory (the first 10,000; all are counted).
  Quarantine() = default;

  void add(std::string_view file, std::uint64_t line, std::string_view reason, std::string_view text);
  std::uint64_t count() const { return count_; }
  /// Writes quarantine.tsv atomically; does nothing when no row was added.
  void write(const std::filesystem::path& path) const;
  /// Throws runtime_error if count() > max_bad * rows_read: names the first row and its reason.
  void check(std::uint64_t rows_read, double max_bad) const;

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

/// A file that was read, for the `inputs` of a result.
struct InputFile {
  std::string path;
  std::uint64_t bytes = 0;
  std::uint64_t rows_read = 0;  ///< rows of data, quarantined ones among them
  std::uint64_t rows_quarantined = 0;
};

enum class TableFormat { parquet, csv, tsv };

/// The format by extension (.parquet, .csv, .tsv, .txt as TSV; .gz and .zst are stripped first), or nullopt.
std::optional<TableFormat> table_format(const std::filesystem::path& path);

enum class ColumnType { text, integer, real };

/// One column of a batch. Only the vector of its type is filled. `valid` is false where the cell was empty or null.
struct Column {
  ColumnType type = ColumnType::text;
  std::vector<std::string_view> text;  ///< points into the batch; dies with it
  std::vector<std::int64_t> integer;
  std::vector<double> real;
  std::vector<std::uint8_t> valid;
};

/// Wanted columns: by header name, or by number from 1 ("1", "2") when the table has no header.
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

/// Streams a table, batch by batch, in bounded memory. Parquet, CSV (RFC 4180 quotes) and TSV (no quotes: a quote is a
/// character), plain or compressed (.gz, .zst); "-" is standard input as TSV. Timestamps and dates in Parquet arrive as
/// integers in microseconds since 1970 UTC. A row with too few or too many fields, a number that is not one, or bytes
/// that are not UTF-8 goes to the quarantine with its line (Parquet: row number from 1) and is left out of the batch.
/// Throws runtime_error for a missing, empty, truncated or mislabelled file, invalid_argument for an unknown extension
/// or a required column that the table lacks (naming those it has). Not thread-safe.
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

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

/// Reads a text file line by line, decompressing .gz and .zst by extension; `line` excludes the line end (LF or CRLF).
/// For formats that are not tables (`|` and `::` separators). Returns what was read (rows = lines). Throws
/// runtime_error for a missing, empty, truncated or mislabelled file.
InputFile read_lines(const std::filesystem::path& path,
                     const std::function<void(std::uint64_t number, std::string_view line)>& line);

/// Columns to write: name and values, equal lengths.
struct OutputColumn {
  std::string name;
  std::vector<std::string> text;  ///< exactly one of the three is filled
  std::vector<std::int64_t> integer;
  std::vector<double> real;  ///< NaN is written as null (Parquet) or an empty cell
};

/// Writes a table atomically in the format of the path's extension (compressed by .gz or .zst).
void write_table(const std::filesystem::path& path, const std::vector<OutputColumn>& columns);

}  // namespace tamis
