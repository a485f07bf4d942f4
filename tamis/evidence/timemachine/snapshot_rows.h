#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "tamis/evidence/timemachine/snapshot_config.h"
#include "tamis/evidence/timemachine/source.h"

namespace tamis::timemachine {

/// What every row of a snapshot holds beside its features: `user`, `item`, `event` ("impression", "click", "other"),
/// `value`, `position` (null where the log has none), `request`, `event_time`, `known_time`, `label` (1 or 0) and
/// `label_known_time`; times in microseconds since 1970 UTC. Read as a log, these columns give the events back.
std::vector<FeatureColumn> row_columns();

/// The events of one day that become rows, in order of their time, and their labels. An impression has label 1 if its
/// user clicked its item, in the same request where it has one, at most `label_wait` after it was shown; it is known
/// when the first such click is known, and a 0 is known when the wait is over. A click is a 1 and anything else a 0,
/// known when the event is.
class DayRows {
 public:
  /// `stream` must outlive this.
  DayRows(const EventStream& stream, Day day, Keep keep, data::Time label_wait);

  std::size_t size() const { return rows_.size(); }
  /// Who, what and when; its texts live as long as the stream.
  Request request(std::size_t i) const;
  /// Appends row i to as many columns as row_columns() has.
  void append(std::size_t i, std::span<OutputColumn> columns) const;

 private:
  struct Label {
    std::int64_t value = 0;
    data::Time known_time = 0;
  };
  struct Shown {
    data::Index user, item, request;
    bool operator==(const Shown& other) const {
      return user == other.user && item == other.item && request == other.request;
    }
  };
  struct Hash {
    std::size_t operator()(const Shown& shown) const;
  };
  Label label(std::size_t row) const;

  const EventStream& stream_;
  data::Time label_wait_;
  std::vector<std::size_t> rows_;                                     // of the log
  std::unordered_map<Shown, std::vector<std::size_t>, Hash> clicks_;  // of each: rows of the log, by time
};

/// Whether a user is in the sample, and for how many it stands then.
class Sampler {
 public:
  Sampler(const SampleSpec& spec, std::uint64_t seed) : spec_(spec), seed_(seed) {}
  /// True if everybody is kept, whatever the stratum.
  bool keeps_all() const { return spec_.shares.empty() && spec_.rest >= 1; }
  double share(std::string_view stratum) const;
  bool keeps(std::string_view user, double share) const;

 private:
  SampleSpec spec_;
  std::uint64_t seed_;
};

}  // namespace tamis::timemachine
