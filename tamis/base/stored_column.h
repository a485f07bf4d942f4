#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/base/table.h"

namespace tamis {

/// One column of a table, held in memory with the type that the table gave it; any cell may be absent. 8 bytes a
/// number or a time, a text its own bytes and 8, and one byte more a cell from the first absent one on.
class StoredColumn {
 public:
  explicit StoredColumn(std::string name) : name_(std::move(name)) {}

  void reserve(std::size_t rows) { reserved_ = rows; }
  /// Adds the cells of a batch, but for those with keep[i] == 0; an empty `keep` keeps them all. Batches of one column
  /// are of one type.
  void append(const Column& cells, std::span<const std::uint8_t> keep = {});

  const std::string& name() const { return name_; }
  void rename(std::string name) { name_ = std::move(name); }
  /// `text` until there is a cell. Times are microseconds since 1970 UTC, in integer().
  ColumnType type() const { return type_; }
  std::size_t size() const { return size_; }
  bool valid(std::size_t row) const { return valid_.empty() || valid_[row] != 0; }
  std::int64_t integer(std::size_t row) const { return integer_[row]; }
  double real(std::size_t row) const { return real_[row]; }
  /// Points into this column; append() ends that.
  std::string_view text(std::size_t row) const {
    const std::size_t begin = row == 0 ? 0 : ends_[row - 1];
    return std::string_view(bytes_).substr(begin, ends_[row] - begin);
  }

 private:
  void append_valid(const Column& cells, std::span<const std::uint8_t> keep);

  std::string name_;
  ColumnType type_ = ColumnType::text;
  std::size_t size_ = 0, reserved_ = 0;
  std::vector<std::int64_t> integer_;
  std::vector<double> real_;
  std::string bytes_;
  std::vector<std::size_t> ends_;
  std::vector<std::uint8_t> valid_;  // empty while all are there
};

/// A column of a file to write: row i is row `rows[i]` of the stored one, and absent where that is -1; without `rows`
/// it is row i.
struct ColumnView {
  std::string name;
  const StoredColumn* column = nullptr;
  bool gathered = false;
  std::span<const std::int64_t> rows{};
};

/// Writes them as Parquet, atomically: texts, 64-bit integers, doubles and UTC timestamps in microseconds, absent cells
/// as nulls, in row groups of 2^20 rows, Snappy. Columns are packed on threads() threads, which the bytes do not depend
/// on; beside the columns one row group is held in memory.
/// Throws invalid_argument if there is no column, two have one name, or they are not of `rows` rows; runtime_error
/// where the disk refuses.
void write_parquet(const std::filesystem::path& path, const std::vector<ColumnView>& columns, std::size_t rows);

}  // namespace tamis
