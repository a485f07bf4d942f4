#include "tamis/data/folds_table.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "tamis/base/error.h"
#include "tamis/base/number.h"

namespace tamis::data {

namespace {

constexpr std::uint64_t kSomeMillis = 100'000'000'000;
constexpr std::uint64_t kSomeMicros = 100'000'000'000'000;
constexpr std::uint64_t kSomeNanos = 100'000'000'000'000'000;
constexpr Time kYear1 = -62'135'596'800 * kSecond;
constexpr Time kYear10000 = 253'402'300'800 * kSecond;
constexpr Time kYear2000 = 946'684'800 * kSecond;
constexpr std::string_view kWantTime = "a time (2024-01-31 13:05:00, or seconds since 1970)";

bool in_range(Time time) {
  return time >= kYear1 && time < kYear10000;
}

/// The unit is told by the size, as in logs, and the sign is let be.
bool time_of_integer(std::int64_t number, Time& time) {
  const std::uint64_t size = number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
  if (size > kSomeNanos) {
    time = number / 1000 - (number % 1000 < 0 ? 1 : 0);
  } else if (size > kSomeMicros) {
    time = number;
  } else if (size > kSomeMillis) {
    time = number * 1000;
  } else {
    time = number * kSecond;
  }
  return in_range(time);
}

bool time_of_real(double seconds, Time& time) {
  std::int64_t integer = 0;
  if (whole(seconds, integer)) return time_of_integer(integer, time);
  if (!(std::fabs(seconds) < static_cast<double>(kSomeMillis))) return false;
  time = std::llround(seconds * static_cast<double>(kSecond));
  return in_range(time);
}

bool digits(std::string_view text, int& value) {
  value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = 10 * value + (c - '0');
  }
  return true;
}

}  // namespace

bool parse_any_time(std::string_view text, Time& time) {
  const bool dated = text.size() >= 10 && text[4] == '-' && text[7] == '-';
  if (!dated) {
    std::int64_t integer = 0;
    double real = 0;
    if (parse_integer(text, integer)) return time_of_integer(integer, time);
    return parse_real(text, real) && time_of_real(real, time);
  }
  int year = 0, month = 0, day = 0;
  if (!digits(text.substr(0, 4), year) || !digits(text.substr(5, 2), month) || !digits(text.substr(8, 2), day))
    return false;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  // The clock behind the date is read as that of another day, one that parse_time takes.
  Time clock = 0;
  if (year < 1 || !date.ok() || !parse_time("2000-01-01" + std::string(text.substr(10)), clock)) return false;
  const Time days = std::chrono::sys_days(date).time_since_epoch().count();
  time = days * kDay + (clock - kYear2000);
  return in_range(time);
}

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
      } else if (!time_of(cell, i, times_[t])) {
        return fmt::format("column '{}': '{}' is not {}", columns_.times[t], written(cell, i), kWantTime);
      }
    }
    for (std::size_t k = 0; k < keys; ++k) read_.keys[k].codes.push_back(read_.keys[k].names.add(cells[1 + k].text[i]));
    for (std::size_t t = 0; t < times_.size(); ++t) read_.times[t].push_back(times_[t]);
    return "";
  }

  static bool time_of(const Column& cell, std::size_t i, Time& time) {
    if (cell.type == ColumnType::text) return parse_any_time(cell.text[i], time);
    if (cell.type == ColumnType::real) return time_of_real(cell.real[i], time);
    if (cell.type == ColumnType::integer) return time_of_integer(cell.integer[i], time);
    time = cell.integer[i];
    return in_range(time);
  }

  static std::string written(const Column& cell, std::size_t i) {
    if (cell.type == ColumnType::text) return std::string(cell.text[i].substr(0, 40));
    return cell.type == ColumnType::real ? fmt::format("{}", cell.real[i]) : fmt::format("{}", cell.integer[i]);
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
