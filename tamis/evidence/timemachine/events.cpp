#include "tamis/evidence/timemachine/events.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "tamis/base/error.h"

namespace tamis::timemachine {

namespace {

namespace fs = std::filesystem;

bool there(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

}  // namespace

EventStream::EventStream(StreamSpec spec, Day last, Quarantine& quarantine)
    : spec_(std::move(spec)), daily_(is_daily(spec_.path)) {
  if (daily_) {
    for (Day day = spec_.first; day <= last; ++day) {
      DayFile& file = files_.emplace_back();
      file.day = day;
      read(file, path_of_day(spec_.path, day), quarantine);
    }
  } else {
    read(files_.emplace_back(), spec_.path, quarantine);
    if (!files_.front().missing.empty()) fail_world(spec_.path, "is not there");
  }
  if (log_.size() == 0) {
    fail_world(spec_.path, daily_ ? fmt::format("no file of the days {} to {} holds a row", format_day(spec_.first),
                                                format_day(std::max(spec_.first, last)))
                                  : "holds no row that was known by then");
  }
  log_.sort_by_time();
}

void EventStream::read(DayFile& file, const std::string& path, Quarantine& quarantine) {
  if (!there(path)) {
    file.missing = path;
    file.share = 0;
    return;
  }
  const data::Dataset part = spec_.movielens ? data::read_movielens(path, quarantine)
                                             : data::read_table_log(path, "", spec_.columns, quarantine);
  if (daily_) {
    for (std::size_t i = 0; i < part.log.size(); ++i) {
      const data::Time time = part.log.event_time(i);
      if (day_of(time) != file.day)
        fail_world(path, fmt::format("holds a row of {}; a daily file holds what happened on its own day",
                                     format_day(day_of(time))));
    }
  }
  double share = 0;
  for (const InputFile& input : part.inputs) {
    file.files.push_back({input, file_checksum(input.path)});
    inputs_.push_back(input);
    share += readable_share(input);
  }
  file.share = share / static_cast<double>(part.inputs.size());
  add(part);
}

void EventStream::add(const data::Dataset& part) {
  // Every name is kept, known by then or not, so that numbers are the same whatever `known_by` is.
  const auto take = [](const data::Names& from, data::Names& to) {
    std::vector<data::Index> numbers;
    for (data::Index i = 0; i < from.size(); ++i) numbers.push_back(to.add(from.at(i)));
    return numbers;
  };
  const std::vector<data::Index> users = take(part.log.users, log_.users);
  const std::vector<data::Index> items = take(part.items.ids, items_);
  const std::vector<data::Index> requests = take(part.log.requests, log_.requests);
  log_.reserve(log_.size() + part.log.size());
  for (std::size_t i = 0; i < part.log.size(); ++i) {
    data::Row row = part.log.row(i);
    if (row.known_time >= spec_.known_by) continue;
    row.user = users[row.user];
    row.item = items[row.item];
    if (row.request != data::kNone) row.request = requests[row.request];
    log_.append(row);
  }
}

Fetched EventStream::fetched(const std::string& kind, Day from, Day to) const {
  Fetched result{spec_.name, kind, 1, {}, {}};
  double sum = 0;
  std::size_t wanted = 0;
  for (const DayFile& file : files_) {
    if (daily_ && (file.day < from || file.day > to)) continue;
    ++wanted;
    sum += file.share;
    result.files.insert(result.files.end(), file.files.begin(), file.files.end());
    if (!file.missing.empty()) result.missing.push_back(file.missing);
  }
  if (wanted > 0) result.share = sum / static_cast<double>(wanted);
  return result;
}

HistorySource::HistorySource(const EventStream& stream)
    : stream_(stream), histories_(stream.log(), stream.log().users.size()) {}

std::vector<FeatureColumn> HistorySource::columns() const {
  const std::string& name = stream_.name();
  return {{name + "_clicks", ColumnType::integer},
          {name + "_item_clicks", ColumnType::integer},
          {name + "_idle_s", ColumnType::real},
          {name + "_last_item", ColumnType::text}};
}

Fetched HistorySource::open_day(Day day) {
  return stream_.fetched("history", stream_.first_day(), day);
}

void HistorySource::append(const Request& request, std::span<OutputColumn> columns) const {
  const data::Index user = stream_.log().users.find(request.user);
  const data::Index item = stream_.items().find(request.item);
  const auto past = histories_.before(user, request.time);
  std::int64_t on_item = 0;
  const data::Interaction* last = nullptr;
  for (const data::Interaction& click : past) {
    on_item += click.item == item ? 1 : 0;
    if (last == nullptr || click.time >= last->time) last = &click;
  }
  columns[0].integer.push_back(static_cast<std::int64_t>(past.size()));
  columns[1].integer.push_back(on_item);
  columns[2].real.push_back(last == nullptr
                                ? std::numeric_limits<double>::quiet_NaN()
                                : static_cast<double>(request.time - last->time) / static_cast<double>(data::kSecond));
  columns[3].text.push_back(last == nullptr ? "" : stream_.items().at(last->item));
}

}  // namespace tamis::timemachine
