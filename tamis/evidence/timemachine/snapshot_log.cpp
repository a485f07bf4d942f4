#include "tamis/evidence/timemachine/snapshot_log.h"

#include <cmath>

#include "tamis/base/error.h"
#include "tamis/base/parquet_bytes.h"
#include "tamis/evidence/timemachine/snapshot_read.h"

namespace tamis::timemachine {

namespace {

enum Place : std::size_t { kUser, kItem, kEvent, kValue, kPosition, kRequest, kEventTime, kKnownTime };

const std::vector<std::string> kColumns = {"user",     "item",    "event",      "value",
                                           "position", "request", "event_time", "known_time"};

DayRange all_days(const ObjectStore& store) {
  const std::vector<Day> folders = day_folders(store);
  std::optional<DayRange> range;
  for (const Day day : folders) {
    if (!read_manifest(store, day)) continue;  // a build that was killed before its day was there
    if (!range) range = DayRange{day, day};
    range->to = day;
  }
  if (!range) fail_world(store.name(), "holds no day; tamis snapshot build makes them");
  return *range;
}

void add(const std::vector<OutputColumn>& columns, data::Dataset& out) {
  for (std::size_t i = 0; i < columns[kUser].text.size(); ++i) {
    data::Row row;
    row.user = out.log.users.add(columns[kUser].text[i]);
    row.item = out.items.add_from_log(columns[kItem].text[i]);
    row.event = data::event_of(columns[kEvent].text[i]);
    row.value = static_cast<float>(columns[kValue].real[i]);
    if (const double position = columns[kPosition].real[i]; !std::isnan(position))
      row.position = static_cast<std::uint16_t>(position);
    if (const std::string& request = columns[kRequest].text[i]; !request.empty())
      row.request = out.log.requests.add(request);
    row.event_time = columns[kEventTime].integer[i];
    row.known_time = columns[kKnownTime].integer[i];
    out.log.append(row);
  }
}

}  // namespace

data::Dataset read_snapshot_log(const ObjectStore& store, const std::optional<DayRange>& days) {
  SnapshotReader reader(store, {.days = days ? *days : all_days(store), .columns = kColumns});
  data::Dataset out;
  while (const auto batch = reader.next()) {
    if (row_count(*batch) > 0) add(columns_of(*batch), out);
  }
  InputFile input{store.name(), 0, reader.rows(), 0};
  for (const Manifest& day : reader.days()) {
    for (const Part& part : day.parts) input.bytes += part.bytes;
  }
  out.inputs.push_back(std::move(input));
  if (out.log.size() == 0) fail_world(store.name(), "the days hold no event");
  out.log.sort_by_time();
  return out;
}

}  // namespace tamis::timemachine
