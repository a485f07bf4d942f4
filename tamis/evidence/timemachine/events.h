#pragma once

#include <string>
#include <vector>

#include "tamis/base/quarantine.h"
#include "tamis/data/readers/table_log.h"
#include "tamis/evidence/timemachine/source.h"

namespace tamis::timemachine {

/// A log to read, in one file or folder, or in one file a day.
struct StreamSpec {
  std::string name;
  std::string path;                 ///< `{day}` in it makes it one file a day, by the day things happened
  Day first = 0;                    ///< daily files: the first one there should be
  bool movielens = false;           ///< the path is a MovieLens folder
  data::TableColumns columns{};     ///< of tables
  data::Time known_by = INT64_MAX;  ///< rows known at this time or later do not count as there
};

/// A log read once for all the days of a build.
class EventStream {
 public:
  /// Reads all of one file, or the daily files from `first` to `last`; those that are not there are left out and told
  /// by fetched(). Throws runtime_error for a file that cannot be read, a daily file that holds a row of another day,
  /// and where no file holds a row.
  EventStream(StreamSpec spec, Day last, Quarantine& quarantine);

  const std::string& name() const { return spec_.name; }
  /// Sorted by event time.
  const data::EventLog& log() const { return log_; }
  const data::Names& items() const { return items_; }
  /// The first row of the day, or behind where it would be.
  std::size_t first_row(Day day) const { return log_.lower_bound(start_of(day)); }
  /// What was there of the files of days `from` to `to`; of one file for all days, what was there of it. Of no file 1.
  Fetched fetched(const std::string& kind, Day from, Day to) const;
  /// Of daily files the first there should be; else the day of the first row.
  Day first_day() const { return daily_ ? spec_.first : day_of(log_.event_time(0)); }
  const std::vector<InputFile>& inputs() const { return inputs_; }

 private:
  struct DayFile {
    Day day = 0;
    std::vector<SourceFile> files;
    std::string missing;  // the path, if it is not there
    double share = 1;
  };
  void read(DayFile& file, const std::string& path, Quarantine& quarantine);
  void add(const data::Dataset& part);

  StreamSpec spec_;
  bool daily_;
  data::EventLog log_;
  data::Names items_;
  std::vector<DayFile> files_;
  std::vector<InputFile> inputs_;
};

/// What a user did before, from an event stream: the exact history up to the moment of the request, of what was known
/// before it. Columns, of stream `NAME`: `NAME_clicks` (clicks of the user), `NAME_item_clicks` (of them, on this
/// item), `NAME_idle_s` (seconds since the last of them happened; null without one) and `NAME_last_item` (what it was
/// on; "" without one). Cost of a request: the user's clicks.
class HistorySource final : public Source {
 public:
  explicit HistorySource(const EventStream& stream);

  std::vector<FeatureColumn> columns() const override;
  Fetched open_day(Day day) override;
  void append(const Request& request, std::span<OutputColumn> columns) const override;

 private:
  const EventStream& stream_;
  data::Histories histories_;
};

}  // namespace tamis::timemachine
