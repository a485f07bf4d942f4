#include "tamis/evidence/timemachine/context.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <numeric>
#include <tuple>

#include "tamis/base/error.h"
#include "tamis/evidence/timemachine/source_time.h"

namespace tamis::timemachine {

namespace {

constexpr std::string_view kWantTime = "a time of the years 1970 to 2200 (2024-01-31 13:05:00, or seconds since 1970)";

enum Place : std::size_t { kKey, kEventTime, kKnownTime, kValues };

}  // namespace

ContextSource::ContextSource(ContextSpec spec, Quarantine& quarantine)
    : spec_(std::move(spec)), quarantine_(quarantine) {
  const bool timed = !spec_.known_time.empty() || is_daily(spec_.path);
  if (!timed && !spec_.always_known)
    fail_caller(
        spec_.name,
        "does not say when its facts became known: name the column known_time, write {day} in the path of daily "
        "files, or set always_known where nothing ever changed");
  if (spec_.always_known && (timed || !spec_.event_time.empty()))
    fail_caller(spec_.name, "has times, so always_known = true cannot be meant");
  if (spec_.texts.empty() && spec_.numbers.empty())
    fail_caller(spec_.name, "takes no column; texts or numbers must name one");
  if (spec_.keep_days < 1) fail_caller(spec_.name, "keep_days must be at least 1");
}

std::vector<FeatureColumn> ContextSource::columns() const {
  std::vector<FeatureColumn> columns;
  for (const std::string& text : spec_.texts) columns.push_back({spec_.name + "_" + text, ColumnType::text});
  for (const std::string& number : spec_.numbers) columns.push_back({spec_.name + "_" + number, ColumnType::real});
  return columns;
}

Fetched ContextSource::open_day(Day day) {
  Fetched fetched{spec_.name, "context", 0, {}, {}};
  open_.clear();
  std::vector<std::string> paths;
  if (!is_daily(spec_.path)) {
    paths.push_back(spec_.path);
    open_.push_back(&table_of(spec_.path, 0));
    if (!open_.front()->there) fail_world(spec_.path, "is not there");
  } else {
    for (Day file = day - 1; file >= day - spec_.keep_days; --file) {
      paths.push_back(path_of_day(spec_.path, file));
      open_.push_back(&table_of(paths.back(), end_of(file) - 1));
    }
    std::erase_if(tables_,
                  [&](const auto& entry) { return std::find(paths.begin(), paths.end(), entry.first) == paths.end(); });
  }
  for (std::size_t i = 0; i < open_.size(); ++i) {
    if (!open_[i]->there) {
      fetched.missing.push_back(paths[i]);
      continue;
    }
    fetched.files.push_back(open_[i]->file);
    fetched.share += readable_share(open_[i]->file.read) / static_cast<double>(open_.size());
  }
  return fetched;
}

const ContextSource::Table& ContextSource::table_of(const std::string& path, data::Time known_from) {
  const auto found = tables_.find(path);
  if (found != tables_.end()) return found->second;
  return tables_.emplace(path, read(path, known_from)).first->second;
}

ContextSource::Table ContextSource::read(const std::string& path, data::Time known_from) {
  Table table;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return table;
  std::vector<ColumnRequest> wishes{{spec_.key, ColumnType::text, true},
                                    {spec_.event_time, ColumnType::time, !spec_.event_time.empty()},
                                    {spec_.known_time, ColumnType::time, !spec_.known_time.empty()}};
  for (const std::string& text : spec_.texts) wishes.push_back({text, ColumnType::text, true});
  for (const std::string& number : spec_.numbers) wishes.push_back({number, ColumnType::real, true});
  TableReader reader(path, wishes, {}, quarantine_);
  while (const auto* batch = reader.next())
    for (std::size_t row = 0; row < batch->front().valid.size(); ++row) take(*batch, row, known_from, reader, table);
  table.there = true;
  table.file = {reader.input(), file_checksum(path)};
  inputs_.push_back(reader.input());
  std::sort(table.facts.begin(), table.facts.end(), [](const Fact& a, const Fact& b) {
    return std::tie(a.key, a.event_time, a.known_time, a.row) < std::tie(b.key, b.event_time, b.known_time, b.row);
  });
  table.offsets.assign(table.keys.size() + 1, 0);
  for (const Fact& fact : table.facts) ++table.offsets[fact.key + 1];
  std::partial_sum(table.offsets.begin(), table.offsets.end(), table.offsets.begin());
  return table;
}

void ContextSource::take(const std::vector<Column>& cells, std::size_t row, data::Time known_from, TableReader& reader,
                         Table& table) const {
  if (cells[kKey].valid[row] == 0) return reader.reject(row, fmt::format("column '{}' is empty", spec_.key));
  Fact fact;
  // What is known from the first moment on is known before every request.
  fact.known_time = spec_.always_known ? std::numeric_limits<data::Time>::min() : known_from;
  fact.event_time = fact.known_time;
  for (const auto& [place, name, time] : {std::tuple{kKnownTime, &spec_.known_time, &fact.known_time},
                                          std::tuple{kEventTime, &spec_.event_time, &fact.event_time}}) {
    if (place == kEventTime) fact.event_time = fact.known_time;
    if (name->empty()) continue;
    std::string written;
    if (!read_time(cells[place], row, *time, written))
      return reader.reject(row, fmt::format("column '{}': '{}' is not {}", *name, written, kWantTime));
  }
  if (fact.known_time >= spec_.known_by) return;
  fact.key = table.keys.add(cells[kKey].text[row]);
  fact.row = table.facts.size();
  table.facts.push_back(fact);
  std::size_t at = kValues;
  for (std::size_t i = 0; i < spec_.texts.size(); ++i) table.texts.emplace_back(cells[at++].text[row]);
  for (std::size_t i = 0; i < spec_.numbers.size(); ++i, ++at)
    table.numbers.push_back(cells[at].valid[row] != 0 ? cells[at].real[row] : std::numeric_limits<double>::quiet_NaN());
}

const ContextSource::Fact* ContextSource::latest(const Table& table, std::string_view name, data::Time before) {
  const data::Index key = table.keys.find(name);
  if (key == data::kNone) return nullptr;
  const Fact* const first = table.facts.data() + table.offsets[key];
  const Fact* fact = std::partition_point(first, table.facts.data() + table.offsets[key + 1],
                                          [&](const Fact& f) { return f.event_time < before; });
  while (fact != first) {
    --fact;
    if (fact->known_time < before) return fact;
  }
  return nullptr;
}

void ContextSource::append(const Request& request, std::span<OutputColumn> columns) const {
  const Fact* fact = nullptr;
  const Table* table = nullptr;
  for (std::size_t i = 0; i < open_.size() && fact == nullptr; ++i) {
    table = open_[i];
    fact = latest(*table, spec_.by_user ? request.user : request.item, request.time);
  }
  const std::size_t texts = spec_.texts.size(), numbers = spec_.numbers.size();
  for (std::size_t i = 0; i < texts; ++i)
    columns[i].text.push_back(fact == nullptr ? "" : table->texts[fact->row * texts + i]);
  for (std::size_t i = 0; i < numbers; ++i)
    columns[texts + i].real.push_back(fact == nullptr ? std::numeric_limits<double>::quiet_NaN()
                                                      : table->numbers[fact->row * numbers + i]);
}

}  // namespace tamis::timemachine
