#pragma once

#include <optional>

#include "tamis/base/object_store.h"
#include "tamis/data/readers/movielens.h"
#include "tamis/evidence/timemachine/days.h"

namespace tamis::timemachine {

/// The events that days of a snapshot hold, as a log: what was known when as the days have it, with no catalogue.
/// `days`: all that are there when absent; every day of a range must be. `inputs` has one entry, the root with the
/// bytes and rows of the parts read. Throws runtime_error as SnapshotReader does, or if the days hold no event.
data::Dataset read_snapshot_log(const ObjectStore& store, const std::optional<DayRange>& days);

}  // namespace tamis::timemachine
