#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tamis/base/table.h"

namespace arrow {
class RecordBatch;
}

namespace tamis {

/// A Parquet file as bytes in memory: text, 64-bit integers and doubles (NaN as null), Snappy. `types` says what each
/// column is, so that one without rows has its type too. Equal columns give equal bytes under one version of Arrow.
/// Throws invalid_argument unless the columns are of equal length, of different names, and one type a column.
std::string parquet_bytes(const std::vector<OutputColumn>& columns, std::span<const ColumnType> types);

/// The named columns of such a file, in that order, as one batch of Arrow's. `where` stands for the file in messages.
/// Throws runtime_error for bytes that are not whole Parquet, or a column that is missing or of another kind.
std::shared_ptr<arrow::RecordBatch> read_parquet_bytes(const std::string& where, std::string bytes,
                                                       const std::vector<std::string>& columns);

/// Rows of a batch.
std::uint64_t row_count(const arrow::RecordBatch& batch);

/// The columns of such a batch as values; a null is "" or NaN.
std::vector<OutputColumn> columns_of(const arrow::RecordBatch& batch);

}  // namespace tamis
