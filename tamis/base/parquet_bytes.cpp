#include "tamis/base/parquet_bytes.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>

#include <cmath>
#include <limits>
#include <unordered_set>

#include "tamis/base/error.h"

namespace tamis {

namespace {

constexpr std::string_view kMagic = "PAR1";

[[noreturn]] void fail_corrupt(const std::string& where, std::string_view message) {
  fail_world(where, "is a corrupt Parquet file: " + std::string(message.substr(0, message.find('\n'))));
}

// Writing into memory fails only where memory ends.
void require_memory(const arrow::Status& status) {
  if (!status.ok()) throw std::bad_alloc();
}

template <class Builder, class Values>
std::shared_ptr<arrow::Array> build(const Values& values) {
  Builder builder;
  require_memory(builder.Reserve(static_cast<std::int64_t>(values.size())));
  for (const auto& value : values) {
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, double>) {
      require_memory(std::isnan(value) ? builder.AppendNull() : builder.Append(value));
    } else {
      require_memory(builder.Append(value));
    }
  }
  std::shared_ptr<arrow::Array> array;
  require_memory(builder.Finish(&array));
  return array;
}

std::size_t check_columns(const std::vector<OutputColumn>& columns, std::span<const ColumnType> types) {
  if (columns.empty() || columns.size() != types.size())
    fail_caller("parquet", "a table has at least one column, and a type for each");
  const auto of_type = [&](std::size_t c) {
    return types[c] == ColumnType::text      ? columns[c].text.size()
           : types[c] == ColumnType::integer ? columns[c].integer.size()
                                             : columns[c].real.size();
  };
  const std::size_t rows = of_type(0);
  std::unordered_set<std::string_view> names;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const OutputColumn& column = columns[c];
    if (!names.insert(column.name).second)
      fail_caller("parquet", fmt::format("two columns are named '{}'", column.name));
    if (of_type(c) != rows || column.text.size() + column.integer.size() + column.real.size() != rows)
      fail_caller("parquet", fmt::format("column '{}' does not hold {} rows of its type alone", column.name, rows));
  }
  return rows;
}

std::shared_ptr<arrow::Array> array_of(const OutputColumn& column, ColumnType type) {
  if (type == ColumnType::text) return build<arrow::StringBuilder>(column.text);
  if (type == ColumnType::integer) return build<arrow::Int64Builder>(column.integer);
  return build<arrow::DoubleBuilder>(column.real);
}

std::shared_ptr<arrow::RecordBatch> read_columns(const std::string& where, std::string bytes,
                                                 const std::vector<std::string>& columns) {
  parquet::ArrowReaderProperties properties(/*use_threads=*/false);
  properties.set_pre_buffer(false);
  auto raw = parquet::ParquetFileReader::Open(
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(std::move(bytes))));
  const std::shared_ptr<parquet::FileMetaData> metadata = raw->metadata();
  std::vector<int> places;
  for (const std::string& column : columns) {
    const int place = metadata->schema()->ColumnIndex(column);
    if (place < 0) fail_world(where, fmt::format("has no column '{}'", column));
    places.push_back(place);
  }
  auto file = parquet::arrow::FileReader::Make(arrow::default_memory_pool(), std::move(raw), properties);
  if (!file.ok()) fail_corrupt(where, file.status().message());
  auto table = (*file)->ReadTable(places);
  if (!table.ok()) fail_corrupt(where, table.status().message());
  auto batch = (*table)->CombineChunksToBatch();
  if (!batch.ok()) fail_corrupt(where, batch.status().message());
  if (const arrow::Status whole = (*batch)->ValidateFull(); !whole.ok()) fail_corrupt(where, whole.message());
  // Asked for in another order than stored, columns come as they are stored.
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const std::string& column : columns) {
    const int at = (*batch)->schema()->GetFieldIndex(column);
    if (at < 0) fail_world(where, fmt::format("has no column '{}'", column));
    fields.push_back((*batch)->schema()->field(at));
    arrays.push_back((*batch)->column(at));
    const auto kind = arrays.back()->type_id();
    if (kind != arrow::Type::STRING && kind != arrow::Type::INT64 && kind != arrow::Type::DOUBLE)
      fail_world(where, fmt::format("column '{}' holds {}; texts, 64-bit integers or doubles are needed", column,
                                    arrays.back()->type()->ToString()));
    if (kind == arrow::Type::INT64 && arrays.back()->null_count() > 0)
      fail_world(where, fmt::format("column '{}' of integers holds nulls", column));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), (*batch)->num_rows(), arrays);
}

}  // namespace

std::string parquet_bytes(const std::vector<OutputColumn>& columns, std::span<const ColumnType> types) {
  const std::size_t rows = check_columns(columns, types);
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    arrays.push_back(array_of(columns[c], types[c]));
    fields.push_back(arrow::field(columns[c].name, arrays.back()->type()));
  }
  const auto table = arrow::Table::Make(arrow::schema(fields), arrays, static_cast<std::int64_t>(rows));
  auto sink = arrow::io::BufferOutputStream::Create();
  require_memory(sink.status());
  parquet::WriterProperties::Builder properties;
  properties.compression(parquet::Compression::SNAPPY);
  require_memory(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), *sink,
                                            std::numeric_limits<std::int32_t>::max(), properties.build()));
  auto buffer = (*sink)->Finish();
  require_memory(buffer.status());
  return (*buffer)->ToString();
}

std::shared_ptr<arrow::RecordBatch> read_parquet_bytes(const std::string& where, std::string bytes,
                                                       const std::vector<std::string>& columns) {
  if (columns.empty()) fail_caller(where, "no column is asked for; at least one is needed");
  if (!bytes.starts_with(kMagic)) fail_world(where, "is not Parquet, whatever its name says; it begins with PAR1");
  if (bytes.size() < 12 || !bytes.ends_with(kMagic)) fail_world(where, "is cut short: a Parquet file ends in PAR1");
  try {
    return read_columns(where, std::move(bytes), columns);
  } catch (const parquet::ParquetException& error) {
    fail_corrupt(where, error.what());
  } catch (const std::bad_alloc&) {
    fail_corrupt(where, "it asks for more memory than there is");
  }
}

std::uint64_t row_count(const arrow::RecordBatch& batch) {
  return static_cast<std::uint64_t>(batch.num_rows());
}

std::vector<OutputColumn> columns_of(const arrow::RecordBatch& batch) {
  std::vector<OutputColumn> columns;
  for (int c = 0; c < batch.num_columns(); ++c) {
    OutputColumn& column = columns.emplace_back();
    column.name = batch.column_name(c);
    const arrow::Array& cells = *batch.column(c);
    for (std::int64_t i = 0; i < batch.num_rows(); ++i) {
      if (cells.type_id() == arrow::Type::STRING) {
        column.text.push_back(static_cast<const arrow::StringArray&>(cells).GetString(i));
      } else if (cells.type_id() == arrow::Type::INT64) {
        column.integer.push_back(static_cast<const arrow::Int64Array&>(cells).Value(i));
      } else {
        const double nothing = std::numeric_limits<double>::quiet_NaN();
        column.real.push_back(cells.IsValid(i) ? static_cast<const arrow::DoubleArray&>(cells).Value(i) : nothing);
      }
    }
  }
  return columns;
}

}  // namespace tamis
