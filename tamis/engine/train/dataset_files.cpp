#include "tamis/engine/train/dataset_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>

#include "tamis/base/byte_stream.h"
#include "tamis/base/error.h"
#include "tamis/base/number.h"

namespace tamis::train {

namespace {

constexpr std::uint8_t kUnsignedByte = 0x08;

struct Idx {
  std::vector<std::int64_t> sizes;
  std::string bytes;
  std::size_t first = 0;  ///< where the values begin
};

/// Two zero bytes, the type of the values, the number of axes, a big-endian size for each, the values.
Idx read_idx_file(const std::filesystem::path& path, std::size_t axes, std::vector<InputFile>& inputs) {
  Idx file;
  file.bytes = read_decompressed(path);
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(file.bytes[i]); };
  file.first = 4 + 4 * axes;
  if (file.bytes.size() < file.first || byte(0) != 0 || byte(1) != 0 || byte(2) != kUnsignedByte || byte(3) != axes) {
    fail_world(path.string(), fmt::format("is no idx file of bytes with {} {}", axes, axes == 1 ? "axis" : "axes"));
  }
  std::size_t values = 1;
  for (std::size_t axis = 0; axis < axes; ++axis) {
    std::uint32_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size = size << 8U | byte(4 + 4 * axis + i);
    if (size == 0 || values > std::numeric_limits<std::uint32_t>::max() / size) {
      fail_world(path.string(), fmt::format("axis {} has size {}; the file is damaged", axis, size));
    }
    file.sizes.push_back(size);
    values *= size;
  }
  if (file.bytes.size() - file.first != values) {
    fail_world(path.string(), fmt::format("is truncated or damaged: it holds {} values, its header says {}",
                                          file.bytes.size() - file.first, values));
  }
  inputs.push_back({.path = path.string(),
                    .bytes = std::filesystem::file_size(path),
                    .rows_read = static_cast<std::uint64_t>(file.sizes[0]),
                    .rows_quarantined = 0});
  return file;
}

TableOptions table_options(const DataConfig& config) {
  TableOptions options;
  options.header = config.header;
  if (config.format == "csv") options.format = TableFormat::csv;
  if (config.format == "tsv") options.format = TableFormat::tsv;
  if (config.format == "parquet") options.format = TableFormat::parquet;
  if (!config.format.empty() && !options.format) {
    fail_caller(config.where, fmt::format("format is csv, tsv or parquet, not \"{}\"", config.format));
  }
  return options;
}

/// The columns that hold features, and the one of the label.
std::vector<ColumnRequest> columns_of(const std::filesystem::path& path, const DataConfig& config) {
  Quarantine unused;
  // Without a header the names are numbers, and which there are only the first row tells.
  std::vector<std::string> names = TableReader(path, {}, table_options(config), unused).names();
  const std::string label = config.label.empty() && !names.empty() ? names.back() : config.label;
  const auto found = std::find(names.begin(), names.end(), label);
  if (found == names.end()) {
    fail_caller(path.string(), fmt::format("has no column \"{}\" for the label", label));
  }
  names.erase(found);
  if (names.empty()) fail_caller(path.string(), "has no column beside the label");
  names.push_back(label);
  std::vector<ColumnRequest> requests;
  for (const std::string& name : names) requests.push_back({name, ColumnType::text, true});
  return requests;
}

[[noreturn]] void fail_cell(const TableReader& reader, std::size_t row, std::string_view name, std::string_view cell,
                            std::string_view wanted) {
  fail_world(fmt::format("{} line {}", reader.input().path, reader.line(row)),
             fmt::format("column \"{}\": \"{}\" is not {}", name, cell.substr(0, 40), wanted));
}

}  // namespace

LabelledRows read_idx(const std::filesystem::path& images, const std::filesystem::path& labels,
                      std::vector<InputFile>& inputs) {
  const Idx pictures = read_idx_file(images, 3, inputs);
  const Idx classes = read_idx_file(labels, 1, inputs);
  if (pictures.sizes[0] != classes.sizes[0]) {
    fail_world(labels.string(), fmt::format("holds {} labels for the {} images of {}", classes.sizes[0],
                                            pictures.sizes[0], images.string()));
  }
  LabelledRows rows;
  rows.name = labels.string();
  rows.x = Tensor({pictures.sizes[0], pictures.sizes[1], pictures.sizes[2], 1});
  const auto values = rows.x.span<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<std::uint8_t>(pictures.bytes[pictures.first + i]);
  }
  for (std::size_t i = classes.first; i < classes.bytes.size(); ++i) {
    rows.labels.push_back(static_cast<std::uint8_t>(classes.bytes[i]));
  }
  return rows;
}

LabelledRows read_labelled_table(const std::filesystem::path& path, const DataConfig& config,
                                 std::vector<InputFile>& inputs) {
  const std::vector<ColumnRequest> requests = columns_of(path, config);
  Quarantine quarantine;
  TableReader reader(path, requests, table_options(config), quarantine);
  const std::size_t features = requests.size() - 1;
  std::vector<float> values;
  LabelledRows rows;
  rows.name = path.string();
  while (const std::vector<Column>* batch = reader.next()) {
    const std::size_t count = batch->front().text.size();
    for (std::size_t row = 0; row < count; ++row) {
      for (std::size_t c = 0; c < features; ++c) {
        double value = 0;
        const std::string_view cell = (*batch)[c].text[row];
        if (!parse_real(cell, value)) fail_cell(reader, row, requests[c].name, cell, "a number");
        values.push_back(static_cast<float>(value));
      }
      std::int64_t label = 0;
      const std::string_view cell = batch->back().text[row];
      if (!parse_integer(cell, label) || label != static_cast<std::int32_t>(label)) {
        fail_cell(reader, row, requests.back().name, cell, "a whole number, the class");
      }
      rows.labels.push_back(static_cast<std::int32_t>(label));
    }
  }
  quarantine.check(reader.input().rows_read, 0);
  if (rows.labels.empty()) fail_world(path.string(), "holds no rows");
  inputs.push_back(reader.input());
  rows.x = Tensor::from(values, {rows.rows(), static_cast<std::int64_t>(features)});
  return rows;
}

}  // namespace tamis::train
