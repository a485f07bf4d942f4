#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/io/compressed.h>
#include <arrow/io/interfaces.h>
#include <arrow/table.h>
#include <arrow/util/compression.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <type_traits>
#include <unordered_set>

#include "tamis/base/arrow_sink.h"
#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/table.h"

namespace tamis {

namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;
constexpr std::int64_t kGroupRows = std::int64_t{1} << 20;

std::size_t length_of(const OutputColumn& column) {
  return std::max({column.text.size(), column.integer.size(), column.real.size()});
}

std::size_t check_columns(const std::string& path, const std::vector<OutputColumn>& columns) {
  if (columns.empty()) fail_caller(path, "a table to write has at least one column");
  const std::size_t rows = length_of(columns.front());
  std::unordered_set<std::string_view> names;
  for (const OutputColumn& column : columns) {
    if (!names.insert(column.name).second) fail_caller(path, fmt::format("two columns are named '{}'", column.name));
    if (column.text.size() + column.integer.size() + column.real.size() != rows)
      fail_caller(path,
                  fmt::format("column '{}' does not hold the {} rows of the first, of one type", column.name, rows));
  }
  return rows;
}

template <class Builder, class Values>
arrow::Status build(const Values& values, std::shared_ptr<arrow::Array>& out) {
  Builder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(static_cast<std::int64_t>(values.size())));
  for (const auto& value : values) {
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, double>) {
      if (std::isnan(value)) {
        ARROW_RETURN_NOT_OK(builder.AppendNull());
        continue;
      }
    }
    ARROW_RETURN_NOT_OK(builder.Append(value));
  }
  return builder.Finish(&out);
}

arrow::Status build_column(const OutputColumn& column, std::shared_ptr<arrow::Array>& out) {
  if (!column.integer.empty()) return build<arrow::Int64Builder>(column.integer, out);
  if (!column.real.empty()) return build<arrow::DoubleBuilder>(column.real, out);
  return build<arrow::StringBuilder>(column.text, out);
}

void write_parquet(const std::string& path, const std::vector<OutputColumn>& columns, std::size_t rows,
                   AtomicFile& file) {
  const ArrowSink sink(file, path);
  std::vector<std::shared_ptr<arrow::Field>> fields;
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (const OutputColumn& column : columns) {
    sink.require(build_column(column, arrays.emplace_back()));
    fields.push_back(arrow::field(column.name, arrays.back()->type()));
  }
  const auto table = arrow::Table::Make(arrow::schema(fields), arrays, static_cast<std::int64_t>(rows));
  parquet::WriterProperties::Builder properties;
  properties.compression(parquet::Compression::SNAPPY);
  sink.require(
      parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink.stream(), kGroupRows, properties.build()));
}

void append_text(std::string& out, const std::string& cell, bool quotes, bool alone) {
  if (!quotes) {
    out += cell;
    return;
  }
  // Many readers skip blank lines, and with them the empty cells of a table of one column.
  const bool needed = cell.find_first_of(",\"\r\n") != std::string::npos || (cell.empty() && alone);
  if (!needed) {
    out += cell;
    return;
  }
  out += '"';
  for (const char c : cell) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void check_tsv(const std::string& path, const std::string& cell, const std::string& column, std::size_t row) {
  if (cell.find_first_of("\t\r\n") == std::string::npos) return;
  fail_caller(path,
              fmt::format("column '{}' row {}: a cell with a tab or a line end cannot stand in a TSV, which has no "
                          "quotes; .csv and .parquet can hold it",
                          column, row));
}

class TextWriter {
 public:
  TextWriter(const std::filesystem::path& path, AtomicFile& file) : sink_(file, path.string()), out_(sink_.stream()) {
    std::string extension = path.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (extension != ".gz" && extension != ".zst") return;
    // Arrow's own default for gzip is its slowest level, three times the time for a few percent.
    auto codec = extension == ".gz" ? arrow::util::Codec::Create(arrow::Compression::GZIP, 6)
                                    : arrow::util::Codec::Create(arrow::Compression::ZSTD);
    sink_.require(codec.status());
    codec_ = std::move(*codec);
    auto packed = arrow::io::CompressedOutputStream::Make(codec_.get(), sink_.stream());
    sink_.require(packed.status());
    out_ = *packed;
  }

  // A stream that failed and is destroyed as if open would print a complaint of Arrow's own.
  ~TextWriter() {
    if (!out_->closed()) static_cast<void>(out_->Abort());
  }
  TextWriter(const TextWriter&) = delete;
  TextWriter& operator=(const TextWriter&) = delete;

  void write(std::string& text) {
    sink_.require(out_->Write(text.data(), static_cast<std::int64_t>(text.size())));
    text.clear();
  }
  void close() { sink_.require(out_->Close()); }

 private:
  ArrowSink sink_;
  std::unique_ptr<arrow::util::Codec> codec_;
  std::shared_ptr<arrow::io::OutputStream> out_;
};

void write_text(const std::filesystem::path& path, const std::vector<OutputColumn>& columns, std::size_t rows,
                bool quotes, AtomicFile& file) {
  TextWriter writer(path, file);
  const char separator = quotes ? ',' : '\t';
  const bool alone = columns.size() == 1;
  std::string text;
  for (const OutputColumn& column : columns) {
    if (!quotes) check_tsv(path.string(), column.name, column.name, 0);
    append_text(text, column.name, quotes, alone);
    text += separator;
  }
  text.back() = '\n';
  for (std::size_t row = 0; row < rows; ++row) {
    for (const OutputColumn& column : columns) {
      if (!column.integer.empty()) {
        text += fmt::format_int(column.integer[row]).c_str();
      } else if (!column.real.empty()) {
        if (!std::isnan(column.real[row])) fmt::format_to(std::back_inserter(text), "{}", column.real[row]);
      } else {
        if (!quotes) check_tsv(path.string(), column.text[row], column.name, row + 1);
        append_text(text, column.text[row], quotes, alone);
      }
      text += separator;
    }
    text.back() = '\n';
    if (text.size() >= kPiece) writer.write(text);
  }
  writer.write(text);
  writer.close();
}

}  // namespace

void write_table(const std::filesystem::path& path, const std::vector<OutputColumn>& columns) {
  const auto format = table_format(path);
  if (!format)
    fail_caller(path.string(),
                "has no extension that tells its format; .parquet, .csv or .tsv (text also with .gz or "
                ".zst) is needed");
  const std::string extension = path.extension().string();
  if (*format == TableFormat::parquet && (extension == ".gz" || extension == ".zst"))
    fail_caller(path.string(), "Parquet compresses inside; name it .parquet");
  const std::size_t rows = check_columns(path.string(), columns);
  AtomicFile file(path);
  if (*format == TableFormat::parquet) {
    write_parquet(path.string(), columns, rows, file);
  } else {
    write_text(path, columns, rows, *format == TableFormat::csv, file);
  }
  file.commit();
}

}  // namespace tamis
