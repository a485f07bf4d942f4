#pragma once

#include <cstdint>
#include <vector>

#include "tamis/evidence/timemachine/events.h"
#include "tamis/evidence/timemachine/source.h"

namespace tamis::timemachine {

/// Counts of the days before, by user and by item, from an event stream. A request of day D sees, for each window of w
/// days, what happened on the days D - w to D - 1 and was known before D began: nothing of D itself, and nothing of the
/// days before that was still on its way. Columns, of source `NAME`: `NAME_{user,item}_{impressions,clicks,play}_{w}d`:
/// rows shown, rows clicked, and the sum of the clicks' values (seconds stayed). A user or an item never seen has 0.
class StatisticsSource final : public Source {
 public:
  /// windows: whole days, each at least 1.
  StatisticsSource(std::string name, const EventStream& stream, std::vector<int> windows);

  std::vector<FeatureColumn> columns() const override;
  Fetched open_day(Day day) override;
  void append(const Request& request, std::span<OutputColumn> columns) const override;

 private:
  struct Counts {
    std::int64_t impressions = 0;
    std::int64_t clicks = 0;
    double play = 0;
  };
  void append_counts(const std::vector<Counts>& counts, data::Index index, std::span<OutputColumn> columns) const;

  std::string name_;
  const EventStream& stream_;
  std::vector<int> windows_;
  std::vector<Counts> users_, items_;  // [user or item, window]
};

}  // namespace tamis::timemachine
