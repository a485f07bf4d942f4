#pragma once

#include <filesystem>

#include "tamis/data/readers/movielens.h"

namespace tamis::data {

/// Column names of a log and a catalogue kept as tables; "" for a column the table does not have (only `user`, `item`
/// and `event_time` are required, and `item` of the catalogue).
struct TableColumns {
  std::string user = "user", item = "item", event = "event", value = "value", position = "position",
              request = "request", event_time = "event_time", known_time = "known_time";
  std::string catalogue_item = "item", text = "text", category = "category";
};

/// Reads a log (docs/formats/event_log.md) and, unless `items` is empty, its catalogue. Without an event column every
/// row is a click. Quarantined, with the reason: an unknown time, a negative `value` (a duration or rating cannot be),
/// a known time before the event time, a position < 1, an empty user or item, a repeated catalogue id. Ten million rows
/// are read in at most 1.2 GB. Throws runtime_error if the log holds no rows.
Dataset read_table_log(const std::filesystem::path& log, const std::filesystem::path& items,
                       const TableColumns& columns, Quarantine& quarantine);

}  // namespace tamis::data
