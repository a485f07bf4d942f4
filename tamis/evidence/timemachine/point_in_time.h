#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tamis/data/schema.h"

namespace tamis::timemachine {

/// Moments that ask for what was known: one row each, n of them.
struct AsOfLabels {
  std::span<const std::int64_t> key;  ///< [n] whom the row is about; any numbers
  std::span<const data::Time> time;   ///< [n] the moment
};

/// What may be looked up: one row a version of a fact. A correction is one more row of the same key and event time that
/// became known later.
struct AsOfFacts {
  std::span<const std::int64_t> key;         ///< [m]
  std::span<const data::Time> event_time;    ///< [m] when it happened; may lie after its known time (announced facts)
  std::span<const data::Time> known_time{};  ///< [m] when it became known; empty: one clock, known when it happens
};

struct AsOfOptions {
  /// Only facts that happened and were known before the label's time; otherwise at it is early enough.
  bool strict = false;
  /// Look at event times alone, as a join with one clock would: this lets the future in, as `unknown_yet` counts.
  bool event_time_only = false;
  /// The oldest fact taken: label time - event time <= tolerance, in microseconds; at least 0.
  std::optional<data::Time> tolerance{};
};

inline constexpr std::int64_t kNoFact = -1;

struct AsOf {
  std::vector<std::int64_t> fact;  ///< [n] the row of the fact that each label gets, or kNoFact
  std::uint64_t matched = 0;       ///< labels that get one
  /// Labels to which event times alone would give a fact that was not known yet: the rows that a join with one clock
  /// leaks. 0 where the facts have one clock.
  std::uint64_t unknown_yet = 0;
};

/// Point-in-time (as-of) join. A label at (key, t) gets the fact of its key with the greatest event_time <= t among
/// those with known_time <= t (`strict`: < t for both). Of equal event times the greatest known time wins, and of equal
/// known times the later row. If that fact is older than the tolerance the label gets none. Event times alone choose
/// the same way, but for known_time <= t: the last correction of the latest event, whenever it became known.
/// Labels and facts stand in any order, times may be negative, either side may be empty.
/// Throws invalid_argument if the columns of a side differ in length, a side has 2^32 rows or more, or the tolerance is
/// negative.
/// Cost: O((n + m) log of the most facts of one key), on threads() threads over parts of the keys, with 24 bytes a row
/// of memory beside the result; the result does not depend on the number of threads.
[[nodiscard]] AsOf as_of_join(const AsOfLabels& labels, const AsOfFacts& facts, const AsOfOptions& options = {});

}  // namespace tamis::timemachine
