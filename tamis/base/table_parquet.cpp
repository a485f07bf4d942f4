#include <arrow/array.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>

#include <algorithm>
#include <array>
#include <exception>
#include <numeric>

#include "tamis/base/arrow_cells.h"
#include "tamis/base/byte_stream.h"
#include "tamis/base/error.h"
#include "tamis/base/table_source.h"

namespace tamis {

namespace {

constexpr std::int64_t kBatchBytes = std::int64_t{16} << 20;
constexpr std::int64_t kReadBuffer = std::int64_t{256} << 10;

std::string first_line(std::string_view message) {
  return std::string(message.substr(0, message.find('\n')));
}

[[noreturn]] void fail_corrupt(const std::string& path, std::string_view message) {
  fail_world(path, "is a corrupt Parquet file: " + first_line(message));
}

void require(const arrow::Status& status, const std::string& path) {
  if (!status.ok()) fail_corrupt(path, status.message());
}

// Our own look at both ends gives a message a person can act on; Arrow's names its own source lines.
void check_magic(arrow::io::RandomAccessFile& file, std::int64_t size, const std::string& path) {
  std::array<char, 4> start{};
  std::array<char, 4> end{};
  const std::string_view magic = "PAR1";
  if (size >= 4) {
    require(file.ReadAt(0, 4, start.data()).status(), path);
    require(file.ReadAt(size - 4, 4, end.data()).status(), path);
  }
  const std::string_view first(start.data(), start.size());
  if (first == "PARE") fail_world(path, "is encrypted Parquet, which is not read; an unencrypted file is needed");
  if (first != magic) fail_world(path, "is not Parquet, whatever its name says; a Parquet file begins with PAR1");
  if (size < 12 || std::string_view(end.data(), end.size()) != magic)
    fail_world(path, "is cut short: a Parquet file ends in PAR1");
}

class ParquetTable final : public TableSource {
 public:
  ParquetTable(const TableWish& wish, Quarantine& quarantine);
  bool next() override;
  std::string row_text(std::size_t row) const override { return text_of(kept_[row]); }
  std::uint64_t expected_rows() const override { return expected_; }

 private:
  void open(const TableWish& wish);
  void choose_columns();
  std::int64_t batch_rows(const parquet::FileMetaData& metadata, std::uint64_t most) const;
  void read_batch();
  void drop_bad_rows();
  std::string text_of(std::size_t row) const;

  std::vector<ColumnRequest> requests_;
  Quarantine& quarantine_;
  std::unique_ptr<parquet::arrow::FileReader> file_;
  std::unique_ptr<arrow::RecordBatchReader> reader_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  std::vector<std::size_t> places_;  // of each request among the table's columns
  std::vector<int> leaves_;          // the columns read, ascending
  std::vector<std::size_t> fields_;  // of each request in a batch
  std::vector<CellColumn> cells_;
  std::vector<std::size_t> kept_;  // rows of batch_ that are in `columns`
  RowFaults faults_;
  std::uint64_t expected_ = 0;
};

ParquetTable::ParquetTable(const TableWish& wish, Quarantine& quarantine)
    : requests_(wish.columns), quarantine_(quarantine) {
  input.path = wish.path.string();
  input.bytes = require_file(wish.path);
  try {
    open(wish);
  } catch (const parquet::ParquetException& error) {
    fail_corrupt(input.path, error.what());
  } catch (const std::bad_alloc&) {
    fail_corrupt(input.path, "it asks for more memory than there is");
  }
}

void ParquetTable::open(const TableWish& wish) {
  auto opened = arrow::io::ReadableFile::Open(input.path);
  if (!opened.ok()) fail_world(input.path, "cannot be read: " + first_line(opened.status().message()));
  check_magic(**opened, static_cast<std::int64_t>(input.bytes), input.path);
  // Column by column through a small buffer: a row group of ten million rows must not be held as a whole.
  parquet::ReaderProperties properties;
  properties.enable_buffered_stream();
  properties.set_buffer_size(kReadBuffer);
  parquet::ArrowReaderProperties arrow_properties(/*use_threads=*/false);
  arrow_properties.set_pre_buffer(false);
  arrow_properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
  auto raw = parquet::ParquetFileReader::Open(*opened, properties);
  const std::shared_ptr<parquet::FileMetaData> metadata = raw->metadata();
  const parquet::schema::GroupNode& root = *metadata->schema()->group_node();
  for (int i = 0; i < root.field_count(); ++i) names.push_back(root.field(i)->name());
  places_ = find_columns(input.path, names, requests_);
  expected_ = static_cast<std::uint64_t>(std::max<std::int64_t>(0, metadata->num_rows()));
  std::vector<std::size_t> wanted;
  for (const std::size_t place : places_)
    if (place != kAbsent) wanted.push_back(place);
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  for (const std::size_t place : places_)
    fields_.push_back(static_cast<std::size_t>(std::lower_bound(wanted.begin(), wanted.end(), place) - wanted.begin()));
  for (int leaf = 0; leaf < metadata->num_columns(); ++leaf) {
    const parquet::schema::Node* const top = metadata->schema()->GetColumnRoot(leaf);
    for (const std::size_t place : wanted)
      if (root.field(static_cast<int>(place)).get() == top) leaves_.push_back(leaf);
  }
  arrow_properties.set_batch_size(batch_rows(*metadata, wish.options.batch_rows));
  auto file = parquet::arrow::FileReader::Make(arrow::default_memory_pool(), std::move(raw), arrow_properties);
  require(file.status(), input.path);
  file_ = std::move(*file);
  choose_columns();
  std::vector<int> groups(static_cast<std::size_t>(metadata->num_row_groups()));
  std::iota(groups.begin(), groups.end(), 0);
  auto reader = file_->GetRecordBatchReader(groups, leaves_);
  require(reader.status(), input.path);
  reader_ = std::move(*reader);
}

void ParquetTable::choose_columns() {
  std::shared_ptr<arrow::Schema> schema;
  require(file_->GetSchema(&schema), input.path);
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    const std::size_t place = places_[i];
    if (place != kAbsent && place >= static_cast<std::size_t>(schema->num_fields()))
      fail_corrupt(input.path, "its schemas differ");
    const arrow::DataType* type = place == kAbsent ? nullptr : schema->field(static_cast<int>(place))->type().get();
    if (type != nullptr && !CellColumn::reads(*type))
      fail_caller(input.path, fmt::format("column '{}' holds {}; texts, numbers, timestamps or dates are needed",
                                          requests_[i].name, type->ToString()));
    cells_.emplace_back(requests_[i], type);
  }
  columns.resize(requests_.size());
}

// Long texts make smaller batches, so that one batch stays near 16 MiB.
std::int64_t ParquetTable::batch_rows(const parquet::FileMetaData& metadata, std::uint64_t most) const {
  double bytes = 0;
  for (int group = 0; group < metadata.num_row_groups(); ++group)
    for (const int leaf : leaves_)
      bytes += static_cast<double>(metadata.RowGroup(group)->ColumnChunk(leaf)->total_uncompressed_size());
  const double row = bytes / std::max(1.0, static_cast<double>(expected_));
  const double fitting = static_cast<double>(kBatchBytes) / std::max(1.0, row);
  return static_cast<std::int64_t>(std::clamp(fitting, 256.0, std::max(256.0, static_cast<double>(most))));
}

void ParquetTable::read_batch() {
  require(reader_->ReadNext(&batch_), input.path);
  if (!batch_) return;
  require(batch_->Validate(), input.path);
  faults_.clear();
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    const arrow::Array* cells = nullptr;
    if (places_[i] != kAbsent) cells = batch_->column(static_cast<int>(fields_[i])).get();
    if (!cells_[i].fill(cells, static_cast<std::size_t>(batch_->num_rows()), columns[i], faults_))
      fail_corrupt(input.path, fmt::format("column '{}' is not of its declared type", requests_[i].name));
  }
}

std::string ParquetTable::text_of(std::size_t row) const {
  std::string text;
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    if (i > 0) text += '\t';
    if (places_[i] == kAbsent) continue;
    const auto cell = batch_->column(static_cast<int>(fields_[i]))->GetScalar(static_cast<std::int64_t>(row));
    if (cell.ok() && (*cell)->is_valid) text += (*cell)->ToString();
  }
  return text;
}

void ParquetTable::drop_bad_rows() {
  const auto rows = static_cast<std::size_t>(batch_->num_rows());
  for (std::size_t row = 0; row < rows; ++row) {
    if (!faults_.bad(row)) {
      kept_.push_back(row);
      lines.push_back(input.rows_read + row + 1);
      continue;
    }
    ++input.rows_quarantined;
    quarantine_.add(input.path, input.rows_read + row + 1, faults_.reason(row), text_of(row));
  }
  input.rows_read += rows;
  if (!faults_.any()) return;
  const auto keep = [this](auto& values) {
    if (values.empty()) return;
    for (std::size_t i = 0; i < kept_.size(); ++i) values[i] = values[kept_[i]];
    values.resize(kept_.size());
  };
  for (Column& column : columns) {
    keep(column.text);
    keep(column.integer);
    keep(column.real);
    keep(column.valid);
  }
}

bool ParquetTable::next() {
  kept_.clear();
  lines.clear();
  try {
    read_batch();
  } catch (const parquet::ParquetException& error) {
    fail_corrupt(input.path, error.what());
  } catch (const std::bad_alloc&) {
    fail_corrupt(input.path, "it asks for more memory than there is");
  }
  if (!batch_) return false;
  drop_bad_rows();
  return true;
}

}  // namespace

std::unique_ptr<TableSource> open_parquet_table(const TableWish& wish, Quarantine& quarantine) {
  return std::make_unique<ParquetTable>(wish, quarantine);
}

}  // namespace tamis
