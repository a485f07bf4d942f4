#include "tamis/data/folds_table.h"

#include <fmt/format.h>

#include "tamis/base/error.h"
#include "tamis/data/time_column.h"

namespace tamis::data {

namespace {

class RowsReader {
 public:
  RowsReader(const std::filesystem::path& path, const RowColumns& columns, const TableOptions& options,
             Quarantine& quarantine)
      : columns_(columns),
        parquet_(options.format.value_or(table_format(path).value_or(TableFormat::tsv)) == TableFormat::parquet),
        table_(path, requests(columns), batches(options, parquet_), quarantine) {
    read_.keys.resize(columns.keys.size());
    read_.times.resize(columns.times.size());
  }

  RowTable read() {
    const std::string path = table_.input().path;
    while (const auto* batch = table_.next()) {
      for (std::size_t i = 0; i < batch->front().valid.size(); ++i) {
        const std::uint64_t number = parquet_ ? table_.line(i) - 1 : table_.input().rows_read - 1;
        if (number >= kNone - 1) fail_world(path, "holds more than 4294967294 rows, which cannot be numbered");
        const std::string reason = take(*batch, i);
        if (reason.empty()) {
          read_.rows.push_back(static_cast<Index>(number));
        } else {
          table_.reject(i, reason);
        }
      }
    }
    read_.input = table_.input();
    read_.table_rows = read_.input.rows_read;
    if (read_.table_rows == 0) fail_world(path, "holds no rows");
    return std::move(read_);
  }

 private:
  static std::vector<ColumnRequest> requests(const RowColumns& columns) {
    std::vector<ColumnRequest> list{{"", ColumnType::text, false}};  // tells of rows where no column is asked for
    for (const std::string& name : columns.keys) list.push_back({name, ColumnType::text, true});
    for (const std::string& name : columns.times) list.push_back({name, ColumnType::time, true});
    return list;
  }

  /// Text comes a row at a time: the number of rows read by then is the row's own, whatever was quarantined before it.
  static TableOptions batches(TableOptions options, bool parquet) {
    if (!parquet) options.batch_rows = 1;
    return options;
  }

  /// "" or why the row cannot be read.
  std::string take(const std::vector<Column>& cells, std::size_t i) {
    const std::size_t keys = columns_.keys.size();
    times_.assign(columns_.times.size(), kNoTime);
    for (std::size_t k = 0; k < keys; ++k) {
      if (cells[1 + k].valid[i] == 0) return fmt::format("column '{}' is empty", columns_.keys[k]);
    }
    for (std::size_t t = 0; t < times_.size(); ++t) {
      const Column& cell = cells[1 + keys + t];
      if (cell.valid[i] == 0) {
        if (t < columns_.filled_times) return fmt::format("column '{}' is empty", columns_.times[t]);
      } else if (!time_of_cell(cell, i, times_[t])) {
        return fmt::format("column '{}': '{}' is not {}", columns_.times[t], written_cell(cell, i), kTimeWanted);
      }
    }
    for (std::size_t k = 0; k < keys; ++k) read_.keys[k].codes.push_back(read_.keys[k].names.add(cells[1 + k].text[i]));
    for (std::size_t t = 0; t < times_.size(); ++t) read_.times[t].push_back(times_[t]);
    return "";
  }

  const RowColumns& columns_;
  bool parquet_;
  TableReader table_;
  RowTable read_;
  std::vector<Time> times_;
};

}  // namespace

RowTable read_rows(const std::filesystem::path& path, const RowColumns& columns, const TableOptions& options,
                   Quarantine& quarantine) {
  RowTable read = RowsReader(path, columns, options, quarantine).read();
  if (read.rows.empty())
    fail_world(read.input.path, "holds no row that can be read; the first one refused: " + quarantine.first());
  return read;
}

void number_rows(std::span<Fold> folds, const RowTable& table) {
  for (Fold& fold : folds) {
    for (std::vector<Index>* side : {&fold.train, &fold.test}) {
      for (Index& row : *side) row = table.rows[row];
    }
  }
}

}  // namespace tamis::data
