#include "tamis/data/readers/table_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "tamis/base/error.h"
#include "tamis/base/number.h"

namespace tamis::data {

namespace {

constexpr Time kLastSecond = 7'289'654'399;  // 2200-12-31 23:59:59
constexpr Time kSomeMillis = 100'000'000'000;
constexpr Time kSomeMicros = 100'000'000'000'000;
constexpr Time kSomeNanos = 100'000'000'000'000'000;

constexpr std::string_view kWantTime = "a time of the years 1970 to 2200 (2024-01-31 13:05:00, or seconds since 1970)";

std::string quoted(std::string_view name, std::string_view cell, std::string_view wanted) {
  constexpr std::size_t kShown = 40;
  return fmt::format("{} '{}{}' is not {}", name, cell.substr(0, kShown), cell.size() > kShown ? "..." : "", wanted);
}

// The unit is told by the size: the limits are 1973 in the finer unit, and beyond 2200 in the coarser.
bool time_of_integer(std::int64_t number, Time& time) {
  if (number < 0) return false;
  if (number > kSomeNanos) {
    time = number / 1000;
  } else if (number > kSomeMicros) {
    time = number;
  } else if (number > kSomeMillis) {
    time = number * 1000;
  } else if (number <= kLastSecond) {
    time = number * kSecond;
  } else {
    return false;
  }
  return time < (kLastSecond + 1) * kSecond;
}

bool time_of_text(std::string_view text, Time& time) {
  if (text.find_first_not_of("0123456789") != std::string_view::npos) return parse_time(text, time);
  std::int64_t number = 0;
  return parse_integer(text, number) && time_of_integer(number, time);
}

// Reads a cell of a time column, whatever the table holds it as; on failure `written` is the cell for the reason.
bool time_of(const Column& column, std::size_t row, Time& time, std::string& written) {
  bool good = false;
  if (column.type == ColumnType::text) {
    good = time_of_text(column.text[row], time);
    if (!good) written = column.text[row];
  } else if (column.type == ColumnType::real) {
    const double seconds = column.real[row];
    std::int64_t integer = 0;
    if (whole(seconds, integer)) {
      good = time_of_integer(integer, time);
    } else if (seconds >= 0 && seconds <= static_cast<double>(kLastSecond)) {
      time = std::llround(seconds * static_cast<double>(kSecond));
      good = true;
    }
    if (!good) written = fmt::format("{}", seconds);
  } else {
    time = column.integer[row];
    good = column.type == ColumnType::time ? time >= 0 && time < (kLastSecond + 1) * kSecond
                                           : time_of_integer(column.integer[row], time);
    if (!good) written = fmt::format("{}", column.integer[row]);
  }
  return good;
}

enum Place : std::size_t { kUser, kItem, kEvent, kValue, kPosition, kRequest, kEventTime, kKnownTime };

// A column named otherwise than by default was named by the caller, and must be there: a typing error would silently
// turn a log into other events.
ColumnRequest wish(const std::string& name, const std::string& usual, ColumnType type, bool required) {
  return {name, type, !name.empty() && (required || name != usual)};
}

std::vector<ColumnRequest> log_columns(const TableColumns& columns) {
  const TableColumns usual;
  return {wish(columns.user, usual.user, ColumnType::text, true),
          wish(columns.item, usual.item, ColumnType::text, true),
          wish(columns.event, usual.event, ColumnType::text, false),
          wish(columns.value, usual.value, ColumnType::real, false),
          wish(columns.position, usual.position, ColumnType::integer, false),
          wish(columns.request, usual.request, ColumnType::text, false),
          wish(columns.event_time, usual.event_time, ColumnType::time, true),
          wish(columns.known_time, usual.known_time, ColumnType::time, false)};
}

void check_named(const TableColumns& columns) {
  for (const auto& [name, what] : {std::pair{&columns.user, "user"},
                                   {&columns.item, "item"},
                                   {&columns.event_time, "event_time"},
                                   {&columns.catalogue_item, "catalogue_item"}})
    if (name->empty()) fail_caller("columns", fmt::format("'{}' is required; it must name a column", what));
}

class LogReader {
 public:
  LogReader(const std::filesystem::path& path, const TableColumns& columns, Dataset& out, Quarantine& quarantine)
      : table_(path, log_columns(columns), {}, quarantine), out_(out) {
    const auto& names = table_.names();
    has_event_ = !columns.event.empty() && std::find(names.begin(), names.end(), columns.event) != names.end();
  }

  void read() {
    while (const auto* batch = table_.next()) {
      const std::size_t rows = batch->front().valid.size();
      reserve(rows);
      for (std::size_t i = 0; i < rows; ++i) {
        if (!take(*batch, i)) table_.reject(i, reason_);
      }
    }
  }
  const InputFile& input() const { return table_.input(); }

 private:
  void reserve(std::size_t more) {
    if (out_.log.size() > 0) return;
    // A corrupt file may promise any number of rows; no format packs a row into less than a sixteenth of a byte.
    const std::uint64_t most = table_.input().bytes * 16;
    out_.log.reserve(std::max<std::uint64_t>(more, std::min(table_.expected_rows(), most)));
  }

  bool refuse(std::string reason) {
    reason_ = std::move(reason);
    return false;
  }

  bool take(const std::vector<Column>& cells, std::size_t i) {
    if (cells[kUser].valid[i] == 0) return refuse("the user is empty");
    if (cells[kItem].valid[i] == 0) return refuse("the item is empty");
    Row row;
    if (!take_times(cells, i, row) || !take_numbers(cells, i, row)) return false;
    if (has_event_) row.event = event_of(cells[kEvent].text[i]);
    row.user = out_.log.users.add(cells[kUser].text[i]);
    row.item = out_.items.add_from_log(cells[kItem].text[i]);
    if (cells[kRequest].valid[i] != 0) row.request = out_.log.requests.add(cells[kRequest].text[i]);
    if (out_.items.catalogued > 0 && row.item >= out_.items.catalogued) ++out_.uncatalogued_rows;
    out_.log.append(row);
    return true;
  }

  bool take_times(const std::vector<Column>& cells, std::size_t i, Row& row) {
    std::string written;
    if (cells[kEventTime].valid[i] == 0) return refuse("the event time is empty");
    if (!time_of(cells[kEventTime], i, row.event_time, written))
      return refuse(quoted("event time", written, kWantTime));
    row.known_time = row.event_time;
    if (cells[kKnownTime].valid[i] == 0) return true;
    if (!time_of(cells[kKnownTime], i, row.known_time, written))
      return refuse(quoted("known time", written, kWantTime));
    if (row.known_time < row.event_time) return refuse("the known time is before the event time");
    return true;
  }

  bool take_numbers(const std::vector<Column>& cells, std::size_t i, Row& row) {
    const double value = cells[kValue].real[i];
    if (value < 0)
      return refuse(fmt::format("value {} is negative; a duration or a rating of at least 0 is needed", value));
    if (value > static_cast<double>(std::numeric_limits<float>::max()))
      return refuse(fmt::format("value {} is beyond the range of a 32-bit float", value));
    row.value = static_cast<float>(value);
    if (cells[kPosition].valid[i] == 0) return true;
    const std::int64_t position = cells[kPosition].integer[i];
    if (position < 1 || position > std::numeric_limits<std::uint16_t>::max())
      return refuse(fmt::format("position {} is not from 1 to 65535", position));
    row.position = static_cast<std::uint16_t>(position);
    return true;
  }

  TableReader table_;
  Dataset& out_;
  bool has_event_ = false;
  std::string reason_;
};

void read_catalogue(const std::filesystem::path& path, const TableColumns& columns, Dataset& out,
                    Quarantine& quarantine) {
  const TableColumns usual;
  TableReader table(path,
                    {wish(columns.catalogue_item, usual.catalogue_item, ColumnType::text, true),
                     wish(columns.text, usual.text, ColumnType::text, false),
                     wish(columns.category, usual.category, ColumnType::text, false)},
                    {}, quarantine);
  Items& items = out.items;
  while (const auto* batch = table.next()) {
    const std::vector<Column>& cells = *batch;
    for (std::size_t i = 0; i < cells[0].valid.size(); ++i) {
      if (cells[0].valid[i] == 0) {
        table.reject(i, "the item is empty");
      } else if (items.ids.find(cells[0].text[i]) != kNone) {
        table.reject(i,
                     quoted("item", cells[0].text[i], "new: the catalogue already has it, and its first row is kept"));
      } else {
        items.ids.add(cells[0].text[i]);
        items.text.emplace_back(cells[1].text[i]);
        items.category.emplace_back(cells[2].text[i]);
      }
    }
  }
  items.catalogued = items.size();
  out.inputs.push_back(table.input());
  if (items.size() == 0) fail_world(path.string(), "holds no items");
}

}  // namespace

Dataset read_table_log(const std::filesystem::path& log, const std::filesystem::path& items,
                       const TableColumns& columns, Quarantine& quarantine) {
  check_named(columns);
  Dataset out;
  if (!items.empty()) read_catalogue(items, columns, out, quarantine);
  {
    LogReader reader(log, columns, out, quarantine);
    reader.read();
    out.inputs.push_back(reader.input());
  }
  if (out.log.size() == 0) {
    const std::string first = quarantine.first();
    fail_world(log.string(), out.inputs.back().rows_read == 0
                                 ? "holds no rows"
                                 : "holds no row that can be read; the first one refused: " + first);
  }
  out.log.sort_by_time();
  return out;
}

}  // namespace tamis::data
