#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tamis/base/progress.h"
#include "tamis/base/quarantine.h"
#include "tamis/base/stored_column.h"
#include "tamis/base/table.h"
#include "tamis/evidence/timemachine/point_in_time.h"

namespace tamis::timemachine {

/// Which columns of two tables a point-in-time join looks at and carries.
struct FeatureColumns {
  std::string key{};                        ///< in both tables: numbers or texts, taken as written
  std::string time = "time";                ///< of the labels
  std::string event_time = "event_time";    ///< of the facts
  std::optional<std::string> known_time{};  ///< of the facts; nullopt: "known_time" if there is such a column
  std::optional<std::vector<std::string>> of_facts{};  ///< to carry; nullopt: all but the key and the two times
  std::string prefix{};                                ///< before the names of carried columns of the facts
};

/// How to read them.
struct FeatureReading {
  bool carry = true;     ///< read the columns to carry too, all of the labels' among them
  bool as_text = false;  ///< carry every cell as text, for a table of text; otherwise each with its type
  double max_bad = 1;    ///< share of rows of either table that may be unreadable
};

/// One table in memory: its rows that could be read, in their order.
struct FeatureSide {
  std::vector<std::int64_t> key;
  std::vector<data::Time> time;        ///< of labels the moment, of facts the event time
  std::vector<data::Time> known_time;  ///< of facts, if they have one
  std::vector<StoredColumn> carried;
  InputFile input;
};

struct FeatureTables {
  FeatureSide labels, facts;
  bool two_clocks = false;  ///< the facts have a known time

  AsOfLabels as_of_labels() const { return {labels.key, labels.time}; }
  AsOfFacts as_of_facts() const { return {facts.key, facts.time, facts.known_time}; }
};

/// Reads both tables (docs/formats/features.md). Quarantined, with the reason: an empty key or time, a time that is
/// none. An empty known time is the event time. Facts may have no rows. Throws runtime_error if no label can be read,
/// or more than `max_bad` of a table's rows cannot (the quarantine then holds them); invalid_argument for a column that
/// is not there, standard input (the head of a table is looked at before it is read), or two carried columns of one
/// name.
FeatureTables read_feature_tables(const std::filesystem::path& labels, const std::filesystem::path& facts,
                                  const FeatureColumns& columns, const FeatureReading& how, Quarantine& quarantine,
                                  Progress& progress);

/// Writes the labels' columns and the facts' carried ones, row by row of the labels, in the format of the path's
/// extension (as text: tables must have been read so). Cells of the facts are absent where a label got none. Throws as
/// write_table does.
void write_features(const std::filesystem::path& path, const FeatureTables& tables, const AsOf& joined);

}  // namespace tamis::timemachine
