#include "tamis/evidence/timemachine/snapshot_rows.h"

#include <algorithm>
#include <limits>

#include "tamis/base/random.h"

namespace tamis::timemachine {

namespace {

using data::Event;
using data::EventLog;

bool wanted(Event event, Keep keep) {
  return keep == Keep::all || (keep == Keep::clicks && event == Event::click) ||
         (keep == Keep::impressions && event == Event::impression);
}

}  // namespace

std::vector<FeatureColumn> row_columns() {
  return {{"user", ColumnType::text},          {"item", ColumnType::text},
          {"event", ColumnType::text},         {"value", ColumnType::real},
          {"position", ColumnType::real},      {"request", ColumnType::text},
          {"event_time", ColumnType::integer}, {"known_time", ColumnType::integer},
          {"label", ColumnType::integer},      {"label_known_time", ColumnType::integer}};
}

std::size_t DayRows::Hash::operator()(const Shown& shown) const {
  const std::uint64_t pair = (std::uint64_t{shown.user} << 32) | shown.item;
  return static_cast<std::size_t>((pair ^ (std::uint64_t{shown.request} * 0x9E3779B97F4A7C15ULL)) *
                                  0xFF51AFD7ED558CCDULL);
}

DayRows::DayRows(const EventStream& stream, Day day, Keep keep, data::Time label_wait)
    : stream_(stream), label_wait_(label_wait) {
  const EventLog& log = stream.log();
  for (std::size_t i = stream.first_row(day); i < stream.first_row(day + 1); ++i)
    if (wanted(log.event(i), keep)) rows_.push_back(i);
  const std::size_t end = log.lower_bound(end_of(day) + label_wait);
  for (std::size_t i = stream.first_row(day); i < end; ++i)
    if (log.event(i) == Event::click) clicks_[{log.user(i), log.item(i), log.request(i)}].push_back(i);
}

Request DayRows::request(std::size_t i) const {
  const EventLog& log = stream_.log();
  return {log.users.at(log.user(rows_[i])), stream_.items().at(log.item(rows_[i])), log.event_time(rows_[i])};
}

DayRows::Label DayRows::label(std::size_t row) const {
  const EventLog& log = stream_.log();
  if (log.event(row) == Event::click) return {1, log.known_time(row)};
  if (log.event(row) == Event::other) return {0, log.known_time(row)};
  const data::Time shown = log.event_time(row);
  Label label{0, std::max(log.known_time(row), shown + label_wait_)};
  const auto found = clicks_.find({log.user(row), log.item(row), log.request(row)});
  if (found == clicks_.end()) return label;
  for (const std::size_t click : found->second) {
    const data::Time time = log.event_time(click);
    if (time < shown || time > shown + label_wait_) continue;
    const data::Time known = std::max(log.known_time(row), log.known_time(click));
    label = {1, label.value == 1 ? std::min(label.known_time, known) : known};
  }
  return label;
}

void DayRows::append(std::size_t i, std::span<OutputColumn> columns) const {
  const EventLog& log = stream_.log();
  const data::Row row = log.row(rows_[i]);
  const Label label = this->label(rows_[i]);
  columns[0].text.push_back(log.users.at(row.user));
  columns[1].text.push_back(stream_.items().at(row.item));
  columns[2].text.emplace_back(data::name_of(row.event));
  columns[3].real.push_back(static_cast<double>(row.value));
  columns[4].real.push_back(row.position > 0 ? row.position : std::numeric_limits<double>::quiet_NaN());
  columns[5].text.push_back(row.request == data::kNone ? "" : log.requests.at(row.request));
  columns[6].integer.push_back(row.event_time);
  columns[7].integer.push_back(row.known_time);
  columns[8].integer.push_back(label.value);
  columns[9].integer.push_back(label.known_time);
}

double Sampler::share(std::string_view stratum) const {
  for (const SampleSpec::Share& share : spec_.shares)
    if (share.stratum == stratum) return share.share;
  return spec_.rest;
}

bool Sampler::keeps(std::string_view user, double share) const {
  const std::uint64_t hash = fnv1a(user);
  const double at =
      Luck(seed_, "snapshot sample").uniform(static_cast<std::uint32_t>(hash), static_cast<std::uint32_t>(hash >> 32));
  return at < share;
}

}  // namespace tamis::timemachine
