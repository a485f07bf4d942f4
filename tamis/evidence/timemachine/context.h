#pragma once

#include <map>
#include <string>
#include <vector>

#include "tamis/base/quarantine.h"
#include "tamis/evidence/timemachine/source.h"

namespace tamis::timemachine {

/// A table of facts about users or items.
struct ContextSpec {
  std::string name;
  std::string path;           ///< `{day}` in it makes it one file a day: the state of things at that day's end
  bool by_user = true;        ///< else by item
  std::string key;            ///< the column that names whom a row is about
  std::string event_time;     ///< column: since when the fact holds; "": since it is known
  std::string known_time;     ///< column: when it became known; "": at the end of its file's day
  bool always_known = false;  ///< the table has no times and none are needed: nothing in it ever changed
  int keep_days = 1;          ///< daily files: so many days before the request's are looked at, the latest first
  std::vector<std::string> texts, numbers;  ///< columns that become features
  data::Time known_by = INT64_MAX;          ///< facts known at this time or later do not count as there
};

/// Facts as of a moment. A request at time t gets, of the facts of its key with event time < t and known time < t, the
/// one of the greatest event time; of equal event times the last one to become known, of equal known times the later
/// row (as as_of_join does with `strict`). Columns: `NAME_COLUMN`, text or real, "" or null where no fact is known.
/// Of daily files a request of day D sees those of the days D - keep_days to D - 1.
class ContextSource final : public Source {
 public:
  /// `quarantine` gets the rows that cannot be read, whenever a file is opened, and must outlive this.
  ContextSource(ContextSpec spec, Quarantine& quarantine);

  std::vector<FeatureColumn> columns() const override;
  Fetched open_day(Day day) override;
  void append(const Request& request, std::span<OutputColumn> columns) const override;
  /// Files read so far, in that order.
  const std::vector<InputFile>& inputs() const { return inputs_; }

 private:
  struct Fact {
    data::Index key = 0;
    data::Time event_time = 0;
    data::Time known_time = 0;
    std::size_t row = 0;  // its values: [row * texts], [row * numbers]
  };
  /// One file's facts, by key, then as the latest one is chosen.
  struct Table {
    bool there = false;
    SourceFile file;
    data::Names keys;
    std::vector<Fact> facts;
    std::vector<std::size_t> offsets;  // of each key among `facts`
    std::vector<std::string> texts;
    std::vector<double> numbers;
  };
  Table read(const std::string& path, data::Time known_from);
  void take(const std::vector<Column>& cells, std::size_t row, data::Time known_from, TableReader& reader,
            Table& table) const;
  const Table& table_of(const std::string& path, data::Time known_from);
  static const Fact* latest(const Table& table, std::string_view key, data::Time before);

  ContextSpec spec_;
  Quarantine& quarantine_;
  std::map<std::string, Table> tables_;  // by path: of the days looked at last
  std::vector<const Table*> open_;       // of the day, the latest first
  std::vector<InputFile> inputs_;
};

}  // namespace tamis::timemachine
