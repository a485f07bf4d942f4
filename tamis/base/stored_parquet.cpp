#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/schema.h>
#include <parquet/column_writer.h>
#include <parquet/exception.h>
#include <parquet/file_writer.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <algorithm>
#include <unordered_set>

#include "tamis/base/arrow_sink.h"
#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/parallel.h"
#include "tamis/base/stored_column.h"

namespace tamis {

namespace {

constexpr std::size_t kGroupRows = std::size_t{1} << 20;

void check(const std::string& path, const std::vector<ColumnView>& columns, std::size_t rows) {
  if (columns.empty()) fail_caller(path, "a table to write has at least one column");
  std::unordered_set<std::string_view> names;
  for (const ColumnView& view : columns) {
    if (!names.insert(view.name).second) fail_caller(path, fmt::format("two columns are named '{}'", view.name));
    const std::size_t held = view.gathered ? view.rows.size() : view.column->size();
    if (held != rows) fail_caller(path, fmt::format("column '{}' holds {} rows of {}", view.name, held, rows));
  }
}

std::shared_ptr<arrow::DataType> type_of(ColumnType type) {
  if (type == ColumnType::integer) return arrow::int64();
  if (type == ColumnType::real) return arrow::float64();
  return type == ColumnType::time ? arrow::timestamp(arrow::TimeUnit::MICRO, "UTC") : arrow::utf8();
}

// The stored row behind row i of a view, or -1 where its cell is absent.
std::int64_t row_of(const ColumnView& view, std::size_t i) {
  const std::int64_t row = view.gathered ? view.rows[i] : static_cast<std::int64_t>(i);
  return row >= 0 && view.column->valid(static_cast<std::size_t>(row)) ? row : -1;
}

template <class Value, class Get>
arrow::Status build_numbers(arrow::ArrayBuilder& any, const ColumnView& view, std::size_t begin, std::size_t end,
                            const Get& get) {
  using Builder = std::conditional_t<std::is_same_v<Value, double>, arrow::DoubleBuilder, arrow::Int64Builder>;
  std::vector<Value> values(end - begin);
  std::vector<std::uint8_t> valid(end - begin);
  for (std::size_t i = begin; i < end; ++i) {
    const std::int64_t row = row_of(view, i);
    valid[i - begin] = row >= 0 ? 1 : 0;
    if (row >= 0) values[i - begin] = get(static_cast<std::size_t>(row));
  }
  const auto rows = static_cast<std::int64_t>(values.size());
  if (any.type()->id() == arrow::Type::TIMESTAMP) {
    if constexpr (std::is_same_v<Value, std::int64_t>)
      return static_cast<arrow::TimestampBuilder&>(any).AppendValues(values.data(), rows, valid.data());
  }
  return static_cast<Builder&>(any).AppendValues(values.data(), rows, valid.data());
}

arrow::Status build_texts(arrow::StringBuilder& builder, const ColumnView& view, std::size_t begin, std::size_t end) {
  ARROW_RETURN_NOT_OK(builder.Reserve(static_cast<std::int64_t>(end - begin)));
  for (std::size_t i = begin; i < end; ++i) {
    const std::int64_t row = row_of(view, i);
    ARROW_RETURN_NOT_OK(row < 0 ? builder.AppendNull()
                                : builder.Append(view.column->text(static_cast<std::size_t>(row))));
  }
  return arrow::Status::OK();
}

arrow::Status build(const ColumnView& view, std::size_t begin, std::size_t end, std::shared_ptr<arrow::Array>& out) {
  const StoredColumn& column = *view.column;
  auto builder = arrow::MakeBuilder(type_of(column.type()));
  ARROW_RETURN_NOT_OK(builder.status());
  if (column.type() == ColumnType::text) {
    ARROW_RETURN_NOT_OK(build_texts(static_cast<arrow::StringBuilder&>(**builder), view, begin, end));
  } else if (column.type() == ColumnType::real) {
    const auto get = [&](std::size_t row) { return column.real(row); };
    ARROW_RETURN_NOT_OK(build_numbers<double>(**builder, view, begin, end, get));
  } else {
    const auto get = [&](std::size_t row) { return column.integer(row); };
    ARROW_RETURN_NOT_OK(build_numbers<std::int64_t>(**builder, view, begin, end, get));
  }
  return (*builder)->Finish(&out);
}

// Writes one column's part of a row group that is held in memory until all columns are there.
arrow::Status write_column(const ColumnView& view, std::size_t begin, std::size_t end, parquet::ColumnWriter& writer) {
  std::shared_ptr<arrow::Array> cells;
  ARROW_RETURN_NOT_OK(build(view, begin, end, cells));
  std::vector<std::int16_t> there(end - begin, 1);
  if (cells->null_count() > 0)
    for (std::size_t i = 0; i < there.size(); ++i) there[i] = cells->IsValid(static_cast<std::int64_t>(i)) ? 1 : 0;
  const auto properties = parquet::default_arrow_writer_properties();
  parquet::ArrowWriteContext context(arrow::default_memory_pool(), properties.get());
  try {
    return writer.WriteArrow(there.data(), nullptr, cells->length(), *cells, &context, /*leaf_field_nullable=*/true);
  } catch (const parquet::ParquetException& error) {
    return arrow::Status::IOError(error.what());
  }
}

// Columns are packed on all threads: the formats of text apart, packing is what writing costs.
void write_groups(const std::vector<ColumnView>& columns, std::size_t rows, parquet::ParquetFileWriter& writer,
                  const ArrowSink& sink) {
  for (std::size_t begin = 0; begin < rows; begin += kGroupRows) {
    const std::size_t end = std::min(rows, begin + kGroupRows);
    parquet::RowGroupWriter* const group = writer.AppendBufferedRowGroup();
    std::vector<arrow::Status> written(columns.size());
    parallel_for(columns.size(), [&](std::size_t c) {
      written[c] = write_column(columns[c], begin, end, *group->column(static_cast<int>(c)));
    });
    for (const arrow::Status& status : written) sink.require(status);
    group->Close();
  }
  writer.Close();
}

}  // namespace

void write_parquet(const std::filesystem::path& path, const std::vector<ColumnView>& columns, std::size_t rows) {
  check(path.string(), columns, rows);
  AtomicFile file(path);
  const ArrowSink sink(file, path.string());
  arrow::FieldVector fields;
  for (const ColumnView& view : columns) fields.push_back(arrow::field(view.name, type_of(view.column->type())));
  const auto properties = parquet::WriterProperties::Builder().compression(parquet::Compression::SNAPPY)->build();
  std::shared_ptr<parquet::SchemaDescriptor> schema;
  sink.require(parquet::arrow::ToParquetSchema(arrow::schema(fields).get(), *properties, &schema));
  try {
    auto root = std::static_pointer_cast<parquet::schema::GroupNode>(schema->schema_root());
    const auto writer = parquet::ParquetFileWriter::Open(sink.stream(), std::move(root), properties);
    write_groups(columns, rows, *writer, sink);
  } catch (const parquet::ParquetException& error) {
    sink.require(arrow::Status::IOError(error.what()));
  }
  file.commit();
}

}  // namespace tamis
