#pragma once

#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/base/table.h"
#include "tamis/data/folds.h"

namespace tamis::data {

/// Stands for an empty cell of a time column that may have some.
inline constexpr Time kNoTime = std::numeric_limits<Time>::min();

/// The columns of a table that a split looks at.
struct RowColumns {
  std::vector<std::string> keys;    ///< labels, users, items: any text or number, taken as written
  std::vector<std::string> times;   ///< in the forms of parse_any_time, or Parquet timestamps and dates
  std::size_t filled_times = kAll;  ///< of so many, from the first, no cell may be empty
  static constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
};

/// A key column: a code a row, and what it stands for.
struct Keys {
  Names names;
  std::vector<Index> codes;
};

/// What was read of a table: its rows without those that cannot be read.
struct RowTable {
  std::vector<Index> rows;               ///< the row's number in the table, from 0, ascending
  std::vector<Keys> keys;                ///< [RowColumns::keys.size()]
  std::vector<std::vector<Time>> times;  ///< [RowColumns::times.size()]
  std::size_t table_rows = 0;            ///< of the table, unreadable ones among them
  InputFile input;
};

/// Reads the columns. Rows are numbered as the table has them: one that cannot be read (an empty key, a time that is
/// none, whatever docs/formats/table.md lists) is quarantined and keeps its number. Throws as TableReader does, and
/// runtime_error if no row can be read, or there are more than 2^32 - 2.
RowTable read_rows(const std::filesystem::path& path, const RowColumns& columns, const TableOptions& options,
                   Quarantine& quarantine);

/// Turns the places among `table.rows` that folds hold into numbers of the table's rows.
void number_rows(std::span<Fold> folds, const RowTable& table);

/// Writes folds (docs/formats/split.md): into one table if the path has a table's extension, else into a folder with
/// one Parquet table a fold, which needs memory for one fold only. Each file is whole or not there. Throws
/// invalid_argument for an unknown extension, runtime_error where the disk refuses or such a folder holds folds.
void write_folds(const std::filesystem::path& path, std::span<const Fold> folds);

/// Reads what write_folds wrote, or another program: rows in any order, repeated ones kept; numbers ascend. `inputs`,
/// if given, gets the files. Throws runtime_error for a fold without a side, a side that is neither train nor test, or
/// a number out of range (with file and line); invalid_argument for a missing column.
std::vector<Fold> read_folds(const std::filesystem::path& path, std::vector<InputFile>* inputs = nullptr);

}  // namespace tamis::data
