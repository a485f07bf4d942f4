#include <arrow/array/array_nested.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>

#include <algorithm>
#include <cassert>

#include "tamis/base/arrow_sink.h"
#include "tamis/base/byte_stream.h"
#include "tamis/base/error.h"
#include "tamis/base/vector_sink.h"

namespace tamis {

namespace {

constexpr std::size_t kGroupBytes = std::size_t{16} << 20;
constexpr std::size_t kGroupRows = std::size_t{1} << 16;
constexpr std::int64_t kMostDimensions = std::int64_t{1} << 24;
constexpr const char* kVector = "vector";

std::shared_ptr<arrow::DataType> component(VectorType type) {
  return type == VectorType::f32 ? arrow::float32() : type == VectorType::int8 ? arrow::int8() : arrow::uint8();
}

template <class Builder, class Values>
arrow::Status build(const Values& values, std::shared_ptr<arrow::Array>& out) {
  Builder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(static_cast<std::int64_t>(values.size())));
  for (const auto value : values) builder.UnsafeAppend(static_cast<typename Builder::value_type>(value));
  return builder.Finish(&out);
}

class ParquetSink final : public VectorSink {
 public:
  ParquetSink(const std::filesystem::path& target, const VectorLayout& layout, AtomicFile& file);
  void write(const VectorRows& rows) override;
  void finish(std::uint64_t rows) override;

 private:
  void write_group();

  const VectorLayout& layout_;
  ArrowSink sink_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::shared_ptr<arrow::Schema> schema_;
  std::size_t width_;  // components of a stored row
  std::size_t group_rows_;
  std::vector<std::int64_t> row_;
  std::vector<std::vector<std::int64_t>> notes_;
  std::vector<float> scale_, f32_;
  std::vector<std::uint8_t> bytes_;
};

ParquetSink::ParquetSink(const std::filesystem::path& target, const VectorLayout& layout, AtomicFile& file)
    : layout_(layout), sink_(file, target.string()), notes_(layout.notes.size()) {
  const auto dimensions = static_cast<std::size_t>(layout.dimensions);
  width_ = layout.type == VectorType::bits ? (dimensions + 7) / 8 : dimensions;
  group_rows_ = std::clamp<std::size_t>(kGroupBytes / (4 * dimensions), 1, kGroupRows);
  arrow::FieldVector fields{arrow::field("row", arrow::int64(), false)};
  for (const VectorNote& note : layout.notes)
    fields.push_back(arrow::field(note.name, note.flag ? arrow::boolean() : arrow::uint32(), false));
  if (layout.type == VectorType::int8) fields.push_back(arrow::field("scale", arrow::float32(), false));
  const auto element = arrow::field("element", component(layout.type), false);
  fields.push_back(arrow::field(kVector, arrow::fixed_size_list(element, static_cast<std::int32_t>(width_)), false));
  schema_ = arrow::schema(fields);
  parquet::WriterProperties::Builder properties;
  properties.compression(parquet::Compression::SNAPPY);
  // Components hardly repeat: a dictionary of them is work for nothing, and so is compressing them.
  const std::string leaf = std::string(kVector) + ".list.element";
  properties.disable_dictionary(leaf)->compression(leaf, parquet::Compression::UNCOMPRESSED)->disable_statistics(leaf);
  const auto kept = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  auto made = parquet::arrow::FileWriter::Open(*schema_, arrow::default_memory_pool(), sink_.stream(),
                                               properties.build(), kept);
  sink_.require(made.status());
  writer_ = std::move(*made);
}

void ParquetSink::write(const VectorRows& rows) {
  const std::size_t count = layout_.notes.size();
  for (std::size_t i = 0; i < rows.count; ++i) {
    row_.push_back(static_cast<std::int64_t>(rows.first + i));
    for (std::size_t n = 0; n < count; ++n) notes_[n].push_back(rows.notes[i * count + n]);
    if (layout_.type == VectorType::f32) {
      const auto row = rows.f32.subspan(i * width_, width_);
      f32_.insert(f32_.end(), row.begin(), row.end());
    } else {
      const auto row = rows.bytes.subspan(i * width_, width_);
      bytes_.insert(bytes_.end(), row.begin(), row.end());
      scale_.push_back(rows.scale[i]);
    }
    if (row_.size() == group_rows_) write_group();
  }
}

void ParquetSink::write_group() {
  const auto rows = static_cast<std::int64_t>(row_.size());
  arrow::ArrayVector arrays(1);
  sink_.require(build<arrow::Int64Builder>(row_, arrays[0]));
  for (std::size_t n = 0; n < notes_.size(); ++n) {
    const bool flag = layout_.notes[n].flag;
    sink_.require(flag ? build<arrow::BooleanBuilder>(notes_[n], arrays.emplace_back())
                       : build<arrow::UInt32Builder>(notes_[n], arrays.emplace_back()));
  }
  if (layout_.type == VectorType::int8) sink_.require(build<arrow::FloatBuilder>(scale_, arrays.emplace_back()));
  const bool real = layout_.type == VectorType::f32;
  const auto buffer =
      real ? arrow::Buffer::Wrap(f32_.data(), f32_.size()) : arrow::Buffer::Wrap(bytes_.data(), bytes_.size());
  const auto values = arrow::MakeArray(arrow::ArrayData::Make(
      component(layout_.type), static_cast<std::int64_t>(real ? f32_.size() : bytes_.size()), {nullptr, buffer}, 0));
  const auto type = schema_->field(schema_->num_fields() - 1)->type();
  arrays.push_back(std::make_shared<arrow::FixedSizeListArray>(type, rows, values));
  const auto table = arrow::Table::Make(schema_, arrays, rows);
  sink_.require(writer_->WriteTable(*table, rows));
  row_.clear();
  for (auto& note : notes_) note.clear();
  scale_.clear();
  f32_.clear();
  bytes_.clear();
}

void ParquetSink::finish(std::uint64_t) {
  if (!row_.empty()) write_group();
  sink_.require(writer_->Close());
  writer_.reset();
}

[[noreturn]] void fail_corrupt(const std::string& path, std::string_view message) {
  fail_world(path, "is a corrupt Parquet file: " + std::string(message.substr(0, message.find('\n'))));
}

void require(const arrow::Status& status, const std::string& path) {
  if (!status.ok()) fail_corrupt(path, status.message());
}

/// Rows [begin, end) of the lists' components.
struct Lists {
  std::shared_ptr<arrow::Array> values;
  std::int64_t begin = 0, end = 0, width = -1;
};

template <class List>
Lists lists_of(const List& lists, const std::string& path, std::uint64_t first) {
  Lists found{lists.values(), lists.value_offset(0), lists.value_offset(lists.length()), -1};
  for (std::int64_t i = 0; i < lists.length(); ++i) {
    const std::int64_t width = lists.IsNull(i) ? 0 : lists.value_length(i);
    if (found.width < 0) found.width = width;
    if (width != found.width || width == 0)
      fail_world(path, fmt::format("row {} of column 'vector' has {} components, the first of its batch has {}",
                                   first + static_cast<std::uint64_t>(i), width, found.width));
  }
  return found;
}

template <class Array>
void append(const arrow::Array& values, std::int64_t begin, std::int64_t end, std::vector<float>& to) {
  const auto& typed = static_cast<const Array&>(values);
  for (std::int64_t i = begin; i < end; ++i) to.push_back(static_cast<float>(typed.Value(i)));
}

void append_batch(const arrow::Array& column, const std::string& path, Vectors& to) {
  if (column.length() == 0) return;
  Lists lists;
  switch (column.type_id()) {
    case arrow::Type::FIXED_SIZE_LIST: {
      const auto& fixed = static_cast<const arrow::FixedSizeListArray&>(column);
      lists = lists_of(fixed, path, to.rows);
      break;
    }
    case arrow::Type::LIST:
      lists = lists_of(static_cast<const arrow::ListArray&>(column), path, to.rows);
      break;
    default:
      lists = lists_of(static_cast<const arrow::LargeListArray&>(column), path, to.rows);
  }
  if (to.rows == 0) to.dimensions = lists.width;
  if (lists.width != to.dimensions || lists.width > kMostDimensions)
    fail_world(path, fmt::format("row {} of column 'vector' has {} components, row 0 has {}", to.rows, lists.width,
                                 to.dimensions));
  for (std::int64_t i = lists.begin; i < lists.end; ++i)
    if (lists.values->IsNull(i)) fail_world(path, "column 'vector' holds a null among its components");
  if (lists.end - lists.begin != lists.width * column.length()) fail_corrupt(path, "its lists overlap");
  switch (lists.values->type_id()) {
    case arrow::Type::FLOAT:
      append<arrow::FloatArray>(*lists.values, lists.begin, lists.end, to.values);
      break;
    case arrow::Type::DOUBLE:
      append<arrow::DoubleArray>(*lists.values, lists.begin, lists.end, to.values);
      break;
    default:
      append<arrow::Int8Array>(*lists.values, lists.begin, lists.end, to.values);
  }
  to.rows += static_cast<std::uint64_t>(column.length());
}

/// The place of the column `vector`, of a type that is read.
int vector_column(const arrow::Schema& schema, const std::string& path) {
  const int place = schema.GetFieldIndex(kVector);
  if (place < 0) fail_caller(path, "has no column 'vector' of lists; one is needed");
  const auto& type = *schema.field(place)->type();
  const bool list = type.id() == arrow::Type::FIXED_SIZE_LIST || type.id() == arrow::Type::LIST ||
                    type.id() == arrow::Type::LARGE_LIST;
  const auto inner = list ? type.field(0)->type()->id() : arrow::Type::NA;
  if (inner != arrow::Type::FLOAT && inner != arrow::Type::DOUBLE && inner != arrow::Type::INT8)
    fail_caller(path,
                fmt::format("column 'vector' holds {}; lists of float, double or int8 are needed", type.ToString()));
  return place;
}

Vectors read_all(const std::string& path) {
  auto opened = arrow::io::ReadableFile::Open(path);
  if (!opened.ok()) fail_corrupt(path, opened.status().message());
  parquet::arrow::FileReaderBuilder builder;
  require(builder.Open(*opened), path);
  parquet::ArrowReaderProperties properties(/*use_threads=*/false);
  properties.set_batch_size(4096);
  properties.set_pre_buffer(false);
  builder.properties(properties);
  auto made = builder.Build();
  require(made.status(), path);
  const auto& file = *made;
  std::shared_ptr<arrow::Schema> schema;
  require(file->GetSchema(&schema), path);
  const int place = vector_column(*schema, path);
  std::vector<int> leaves;
  const auto& description = *file->parquet_reader()->metadata()->schema();
  const auto* root = description.group_node()->field(place).get();
  for (int leaf = 0; leaf < description.num_columns(); ++leaf)
    if (description.GetColumnRoot(leaf) == root) leaves.push_back(leaf);
  std::vector<int> groups;
  for (int group = 0; group < file->num_row_groups(); ++group) groups.push_back(group);
  auto reader = file->GetRecordBatchReader(groups, leaves);
  require(reader.status(), path);
  Vectors vectors;
  if (const auto& type = *schema->field(place)->type(); type.id() == arrow::Type::FIXED_SIZE_LIST)
    vectors.dimensions = static_cast<const arrow::FixedSizeListType&>(type).list_size();
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    require((*reader)->ReadNext(&batch), path);
    if (!batch) return vectors;
    require(batch->ValidateFull(), path);
    append_batch(*batch->column(0), path, vectors);
  }
}

}  // namespace

std::unique_ptr<VectorSink> make_parquet_sink(const std::filesystem::path& target, const VectorLayout& layout,
                                              AtomicFile& file) {
  return std::make_unique<ParquetSink>(target, layout, file);
}

Vectors read_parquet_vectors(const std::filesystem::path& path) {
  const std::string name = path.string();
  require_file(path);
  try {
    return read_all(name);
  } catch (const parquet::ParquetException& error) {
    fail_corrupt(name, error.what());
  } catch (const std::bad_alloc&) {
    fail_corrupt(name, "it asks for more memory than there is");
  }
}

}  // namespace tamis
