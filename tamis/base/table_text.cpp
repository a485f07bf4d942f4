#include <fmt/format.h>

#include <cmath>

#include "tamis/base/error.h"
#include "tamis/base/number.h"
#include "tamis/base/row_reader.h"
#include "tamis/base/table_source.h"

// Why not Arrow's CSV reader: it tells the number of a row, not the line where it begins (they part after the first
// quoted line end); a cell that is no number, or a byte that is not UTF-8, stops the whole file and not the row; and a
// row's own text is gone once it has been cut. A quarantine needs all three, and cutting lines here costs no more.

namespace tamis {

namespace {

constexpr std::size_t kBatchBytes = std::size_t{8} << 20;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

class TextTable final : public TableSource {
 public:
  TextTable(const TableWish& wish, Quarantine& quarantine);
  bool next() override;
  std::string row_text(std::size_t row) const override { return arena_.substr(rows_[row].offset, rows_[row].length); }
  std::uint64_t expected_rows() const override;

 private:
  void read_header();
  bool read_shape();
  bool next_row();
  void take_row();
  bool take_cell(std::size_t column, std::string& reason);
  std::string_view cell_text(const RowReader::Cell& cell);
  void quarantine_row(std::string_view reason);
  void finish_batch();

  std::vector<ColumnRequest> requests_;
  std::uint64_t batch_rows_;
  Quarantine& quarantine_;
  RowReader rows_in_;
  std::vector<std::size_t> places_;
  bool waiting_ = false;  // a row was read to learn the number of columns, and not yet taken
  std::string arena_;     // the batch: each good row as written, and its cells that had doubled quotes
  std::string unquoted_;
  std::vector<Span> rows_;
  std::vector<std::vector<Span>> spans_;  // per text column
};

TextTable::TextTable(const TableWish& wish, Quarantine& quarantine)
    : requests_(wish.columns),
      batch_rows_(wish.options.batch_rows),
      quarantine_(quarantine),
      rows_in_(wish.path, wish.format == TableFormat::csv),
      spans_(wish.columns.size()) {
  input.path = rows_in_.lines().stream().name();
  input.bytes = rows_in_.lines().stream().stored_bytes();
  if (wish.options.header) {
    read_header();
  } else {
    waiting_ = read_shape();
  }
  places_ = find_columns(input.path, names, requests_);
  for (const ColumnRequest& request : requests_) {
    columns.emplace_back();
    columns.back().type = request.type == ColumnType::time ? ColumnType::text : request.type;
  }
}

void TextTable::read_header() {
  if (!rows_in_.next()) fail_world(input.path, "holds no header");
  const std::string where = input.path + " line 1";
  if (!rows_in_.good()) fail_world(where, "the header has a quote that is not closed or is followed by other text");
  if (!is_text(rows_in_.text())) fail_world(where, "the header is not UTF-8; save the file as UTF-8");
  if (trimmed(rows_in_.text()).empty()) fail_world(where, "is blank where a header with column names is needed");
  for (const RowReader::Cell& cell : rows_in_.cells()) names.emplace_back(trimmed(cell_text(cell)));
}

// Without a header the first row that can be cut tells the number of columns.
bool TextTable::read_shape() {
  while (next_row()) {
    if (!rows_in_.good()) {
      take_row();
      continue;
    }
    for (std::size_t i = 1; i <= rows_in_.cells().size(); ++i) names.push_back(std::to_string(i));
    return true;
  }
  return false;
}

bool TextTable::next_row() {
  while (rows_in_.next())
    if (!rows_in_.text().empty() || names.size() == 1) return true;
  return false;
}

std::uint64_t TextTable::expected_rows() const {
  const LineReader& lines = rows_in_.lines();
  if (!lines.stream().plain() || lines.consumed() == 0) return 0;
  const double share = static_cast<double>(input.bytes) / static_cast<double>(lines.consumed());
  return static_cast<std::uint64_t>(std::ceil(static_cast<double>(input.rows_read) * std::fmax(1, share)));
}

void TextTable::quarantine_row(std::string_view reason) {
  ++input.rows_quarantined;
  quarantine_.add(input.path, rows_in_.line(), reason, rows_in_.text());
}

std::string_view TextTable::cell_text(const RowReader::Cell& cell) {
  const std::string_view written = rows_in_.text().substr(cell.offset, cell.length);
  if (!cell.doubled) return written;
  unquoted_.clear();
  for (std::size_t i = 0; i < written.size(); ++i) {
    unquoted_ += written[i];
    if (written[i] == '"') ++i;
  }
  return unquoted_;
}

bool TextTable::take_cell(std::size_t column, std::string& reason) {
  Column& to = columns[column];
  const bool absent = places_[column] == kAbsent;
  const RowReader::Cell cell = absent ? RowReader::Cell{} : rows_in_.cells()[places_[column]];
  const std::string_view text = absent ? std::string_view() : cell_text(cell);
  to.valid.push_back(!absent && !text.empty());
  if (to.type == ColumnType::integer) {
    to.integer.push_back(0);
    if (!to.valid.back() || parse_integer(text, to.integer.back())) return true;
    reason = bad_cell(requests_[column].name, text, kWantInteger);
    return false;
  }
  if (to.type == ColumnType::real) {
    double value = 0;
    const bool good = !to.valid.back() || (parse_real(text, value) && !std::isinf(value));
    if (std::isnan(value)) to.valid.back() = 0;
    to.real.push_back(std::isnan(value) ? 0 : value);
    if (!good) reason = bad_cell(requests_[column].name, text, kWantReal);
    return good;
  }
  if (cell.doubled) {
    spans_[column].push_back({arena_.size(), text.size()});
    arena_ += text;
  } else {
    spans_[column].push_back({rows_.back().offset + cell.offset, cell.length});
  }
  return true;
}

void TextTable::take_row() {
  ++input.rows_read;
  const std::string_view text = rows_in_.text();
  if (!rows_in_.good()) return quarantine_row("a quote is not closed or is followed by other text");
  if (rows_in_.cells().size() != names.size())
    return quarantine_row(fmt::format("has {} fields where {} are needed", rows_in_.cells().size(), names.size()));
  if (!is_text(text)) return quarantine_row("holds bytes that are not UTF-8");
  const std::size_t row = rows_.size();
  const std::size_t start = arena_.size();
  rows_.push_back({start, text.size()});
  arena_ += text;
  std::string reason;
  bool good = true;
  for (std::size_t c = 0; good && c < columns.size(); ++c) good = take_cell(c, reason);
  if (good) {
    lines.push_back(rows_in_.line());
    return;
  }
  quarantine_row(reason);
  rows_.pop_back();
  arena_.resize(start);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    columns[c].valid.resize(row);
    if (columns[c].type == ColumnType::integer) columns[c].integer.resize(row);
    if (columns[c].type == ColumnType::real) columns[c].real.resize(row);
    if (columns[c].type == ColumnType::text) spans_[c].resize(row);
  }
}

void TextTable::finish_batch() {
  const std::string_view arena = arena_;
  for (std::size_t c = 0; c < columns.size(); ++c)
    for (const Span span : spans_[c]) columns[c].text.push_back(arena.substr(span.offset, span.length));
  input.bytes = rows_in_.lines().stream().stored_bytes();
}

bool TextTable::next() {
  arena_.clear();
  rows_.clear();
  lines.clear();
  for (std::size_t c = 0; c < columns.size(); ++c) {
    columns[c].text.clear();
    columns[c].integer.clear();
    columns[c].real.clear();
    columns[c].valid.clear();
    spans_[c].clear();
  }
  const std::uint64_t before = input.rows_read;
  while (rows_.size() < batch_rows_ && arena_.size() < kBatchBytes) {
    if (!waiting_ && !next_row()) break;
    waiting_ = false;
    take_row();
  }
  finish_batch();
  return input.rows_read > before;
}

}  // namespace

std::unique_ptr<TableSource> open_text_table(const TableWish& wish, Quarantine& quarantine) {
  return std::make_unique<TextTable>(wish, quarantine);
}

}  // namespace tamis
