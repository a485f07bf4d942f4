#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/base/table.h"

namespace tamis {

/// One kind of table behind TableReader: it fills columns, and tells of rows.
class TableSource {
 public:
  virtual ~TableSource() = default;

  /// Reads the next batch into `columns` and `lines`; false at the end. A batch may be empty (all rows bad).
  virtual bool next() = 0;
  /// Row i of the batch as text, for the quarantine.
  virtual std::string row_text(std::size_t row) const = 0;
  virtual std::uint64_t expected_rows() const = 0;

  std::vector<Column> columns;
  std::vector<std::uint64_t> lines;
  std::vector<std::string> names;
  InputFile input;
};

/// What every source needs.
struct TableWish {
  std::filesystem::path path;
  TableFormat format = TableFormat::tsv;
  std::vector<ColumnRequest> columns;
  TableOptions options;
};

std::unique_ptr<TableSource> open_text_table(const TableWish& wish, Quarantine& quarantine);
std::unique_ptr<TableSource> open_parquet_table(const TableWish& wish, Quarantine& quarantine);

inline constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);

/// The place of each requested column among `names`, kAbsent for optional ones that are not there. Throws runtime_error
/// if two names are equal, invalid_argument if a required column is missing.
std::vector<std::size_t> find_columns(const std::string& where, const std::vector<std::string>& names,
                                      const std::vector<ColumnRequest>& requests);

/// Texts of a batch, kept in one growing string: views are made when the batch is whole.
struct Span {
  std::size_t offset = 0;
  std::size_t length = 0;
};

/// is_utf8 with a short way for ASCII.
bool is_text(std::string_view bytes);

/// "column 'NAME': 'CELL' is not WANTED", the cell shortened.
std::string bad_cell(std::string_view name, std::string_view cell, std::string_view wanted);

inline constexpr std::string_view kWantInteger = "a whole number";
inline constexpr std::string_view kWantReal = "a finite number";

}  // namespace tamis
