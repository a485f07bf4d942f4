#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cassert>
#include <cctype>
#include <cstring>
#include <unordered_set>
#include <utility>

#include "tamis/base/error.h"
#include "tamis/base/table.h"
#include "tamis/base/table_source.h"
#include "tamis/base/words.h"

namespace tamis {

namespace {

std::string lower_name(const std::filesystem::path& path) {
  std::string name = path.filename().string();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

bool strip(std::string& name, std::string_view extension) {
  if (name.size() < extension.size() || !std::string_view(name).ends_with(extension)) return false;
  name.resize(name.size() - extension.size());
  return true;
}

TableFormat chosen_format(const std::filesystem::path& path, const TableOptions& options) {
  std::optional<TableFormat> format = options.format;
  if (!format) format = path == "-" ? TableFormat::tsv : table_format(path);
  if (!format)
    fail_caller(path.string(),
                "has no extension that tells its format; .parquet, .csv, .tsv or .txt (text also with "
                ".gz or .zst), or a format given by name, is needed");
  if (*format != TableFormat::parquet) return *format;
  if (path == "-") fail_caller("standard input", "cannot be read as Parquet, which needs a file; CSV and TSV can");
  std::string name = lower_name(path);
  if (strip(name, ".gz") || strip(name, ".zst"))
    fail_caller(path.string(), "Parquet compresses inside and is not read from .gz or .zst; give the .parquet itself");
  return *format;
}

}  // namespace

std::optional<TableFormat> table_format(const std::filesystem::path& path) {
  std::string name = lower_name(path);
  if (!strip(name, ".gz")) strip(name, ".zst");
  if (strip(name, ".parquet")) return TableFormat::parquet;
  if (strip(name, ".csv")) return TableFormat::csv;
  if (strip(name, ".tsv") || strip(name, ".txt")) return TableFormat::tsv;
  return std::nullopt;
}

std::vector<std::size_t> find_columns(const std::string& where, const std::vector<std::string>& names,
                                      const std::vector<ColumnRequest>& requests) {
  std::unordered_set<std::string_view> seen;
  for (const std::string& name : names)
    if (!seen.insert(name).second)
      fail_world(where, fmt::format("has two columns named '{}'; each name must stand once", name));
  std::vector<std::size_t> places;
  for (const ColumnRequest& request : requests) {
    // An index that pandas wrote has no name; no request means it.
    const auto found = request.name.empty() ? names.end() : std::find(names.begin(), names.end(), request.name);
    if (found == names.end() && request.required)
      fail_caller(where, fmt::format("has no column '{}'; it has: {}", request.name, fmt::join(names, ", ")));
    places.push_back(found == names.end() ? kAbsent : static_cast<std::size_t>(found - names.begin()));
  }
  return places;
}

bool is_text(std::string_view bytes) {
  std::uint64_t high = 0;
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, 8);
    high |= word;
  }
  for (; i < bytes.size(); ++i) high |= static_cast<unsigned char>(bytes[i]);
  return (high & 0x8080808080808080ULL) == 0 || is_utf8(bytes);
}

std::string bad_cell(std::string_view name, std::string_view cell, std::string_view wanted) {
  constexpr std::size_t kShown = 40;
  return fmt::format("column '{}': '{}{}' is not {}", name, cell.substr(0, kShown), cell.size() > kShown ? "..." : "",
                     wanted);
}

struct TableReader::Inside {
  std::unique_ptr<TableSource> source;
  Quarantine* quarantine;
};

TableReader::TableReader(std::filesystem::path path, std::vector<ColumnRequest> columns, TableOptions options,
                         Quarantine& quarantine) {
  if (options.batch_rows == 0) fail_caller("table", "a batch holds at least one row");
  TableWish wish{std::move(path), TableFormat::tsv, std::move(columns), options};
  wish.format = chosen_format(wish.path, options);
  auto source =
      wish.format == TableFormat::parquet ? open_parquet_table(wish, quarantine) : open_text_table(wish, quarantine);
  inside_ = std::make_unique<Inside>(Inside{std::move(source), &quarantine});
}

TableReader::~TableReader() = default;
TableReader::TableReader(TableReader&&) noexcept = default;

const std::vector<Column>* TableReader::next() {
  while (inside_->source->next())
    if (!inside_->source->lines.empty()) return &inside_->source->columns;
  return nullptr;
}

std::uint64_t TableReader::line(std::size_t row) const {
  assert(row < inside_->source->lines.size());
  return inside_->source->lines[row];
}

void TableReader::reject(std::size_t row, std::string_view reason) {
  TableSource& source = *inside_->source;
  ++source.input.rows_quarantined;
  inside_->quarantine->add(source.input.path, line(row), reason, source.row_text(row));
}

const InputFile& TableReader::input() const {
  return inside_->source->input;
}

const std::vector<std::string>& TableReader::names() const {
  return inside_->source->names;
}

std::uint64_t TableReader::expected_rows() const {
  return inside_->source->expected_rows();
}

}  // namespace tamis
