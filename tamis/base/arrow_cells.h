#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "tamis/base/table.h"
#include "tamis/base/table_source.h"

namespace arrow {
class Array;
class DataType;
}  // namespace arrow

namespace tamis {

/// The rows of a batch that cannot be read, each with its first reason.
class RowFaults {
 public:
  void clear() { reasons_.clear(); }
  void add(std::size_t row, std::string reason) { reasons_.try_emplace(row, std::move(reason)); }
  bool any() const { return !reasons_.empty(); }
  bool bad(std::size_t row) const { return !reasons_.empty() && reasons_.count(row) > 0; }
  const std::string& reason(std::size_t row) const { return reasons_.at(row); }

 private:
  std::unordered_map<std::size_t, std::string> reasons_;
};

/// Turns the cells of one Arrow column into those of a table column, batch by batch.
class CellColumn {
 public:
  /// `type` as the table declares it; nullptr for a column it lacks.
  CellColumn(const ColumnRequest& request, const arrow::DataType* type);

  /// True for texts, numbers, booleans, timestamps, dates, and dictionaries of texts.
  static bool reads(const arrow::DataType& type);

  /// Fills `to` with all rows, marking those that cannot be read. `to` points into `cells` and into this object.
  /// False if the cells are not of a type that can be read.
  bool fill(const arrow::Array* cells, std::size_t rows, Column& to, RowFaults& faults);

 private:
  class Filling;
  ColumnRequest request_;
  ColumnType type_;
  std::string written_;  // numbers and times written out
  std::vector<Span> spans_;
};

}  // namespace tamis
