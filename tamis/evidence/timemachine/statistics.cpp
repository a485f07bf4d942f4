#include "tamis/evidence/timemachine/statistics.h"

#include <fmt/format.h>

#include <algorithm>

#include "tamis/base/error.h"

namespace tamis::timemachine {

StatisticsSource::StatisticsSource(std::string name, const EventStream& stream, std::vector<int> windows)
    : name_(std::move(name)), stream_(stream), windows_(std::move(windows)) {
  if (windows_.empty()) fail_caller(name_, "has no window; at least one of whole days is needed");
  for (const int days : windows_)
    if (days < 1) fail_caller(name_, fmt::format("a window of {} days; at least 1 is needed", days));
}

std::vector<FeatureColumn> StatisticsSource::columns() const {
  std::vector<FeatureColumn> columns;
  for (const char* whose : {"user", "item"}) {
    for (const int days : windows_) {
      columns.push_back({fmt::format("{}_{}_impressions_{}d", name_, whose, days), ColumnType::integer});
      columns.push_back({fmt::format("{}_{}_clicks_{}d", name_, whose, days), ColumnType::integer});
      columns.push_back({fmt::format("{}_{}_play_{}d", name_, whose, days), ColumnType::real});
    }
  }
  return columns;
}

Fetched StatisticsSource::open_day(Day day) {
  const data::EventLog& log = stream_.log();
  const std::size_t n = windows_.size();
  users_.assign(log.users.size() * n, {});
  items_.assign(stream_.items().size() * n, {});
  const int longest = *std::max_element(windows_.begin(), windows_.end());
  const std::size_t end = stream_.first_row(day);
  for (std::size_t i = stream_.first_row(day - longest); i < end; ++i) {
    if (log.known_time(i) >= start_of(day)) continue;
    const Day age = day - day_of(log.event_time(i));
    for (std::size_t w = 0; w < n; ++w) {
      if (age > windows_[w]) continue;
      for (Counts* counts : {&users_[log.user(i) * n + w], &items_[log.item(i) * n + w]}) {
        counts->impressions += log.event(i) == data::Event::impression ? 1 : 0;
        counts->clicks += log.event(i) == data::Event::click ? 1 : 0;
        if (log.event(i) == data::Event::click) counts->play += static_cast<double>(log.value(i));
      }
    }
  }
  Fetched fetched = stream_.fetched("statistics", std::max(stream_.first_day(), day - longest), day - 1);
  fetched.source = name_;
  return fetched;
}

void StatisticsSource::append_counts(const std::vector<Counts>& counts, data::Index index,
                                     std::span<OutputColumn> columns) const {
  for (std::size_t w = 0; w < windows_.size(); ++w) {
    const Counts seen = index == data::kNone ? Counts{} : counts[index * windows_.size() + w];
    columns[3 * w].integer.push_back(seen.impressions);
    columns[3 * w + 1].integer.push_back(seen.clicks);
    columns[3 * w + 2].real.push_back(seen.play);
  }
}

void StatisticsSource::append(const Request& request, std::span<OutputColumn> columns) const {
  const std::size_t half = 3 * windows_.size();
  append_counts(users_, stream_.log().users.find(request.user), columns.first(half));
  append_counts(items_, stream_.items().find(request.item), columns.subspan(half));
}

}  // namespace tamis::timemachine
