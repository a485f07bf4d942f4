#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "tamis/base/quarantine.h"
#include "tamis/base/table.h"
#include "tamis/data/schema.h"

namespace tamis::replay {

/// Column names of a log of decisions (docs/formats/bandit_log.md). `arm` and `reward` are required; one of the others
/// may be missing from the table as long as it has its usual name here, or is "".
struct BanditColumns {
  std::string arm = "arm", reward = "reward", propensity = "propensity", position = "position", context = "context",
              user = "user", time = "event_time";
  std::string probabilities;  ///< how the names of one column an arm begin, such as "p_"; "": there are none
};

/// Where a decision was made. Policies give probabilities by situation.
struct Situation {
  data::Index context = 0;
  std::uint16_t position = 0;  ///< 0 where the log has none
};

/// Decisions of a logging policy, in columns: n events, each of one arm shown in one situation, and what came of it.
/// Every arm is a candidate at every event.
struct BanditLog {
  data::Names arms;
  data::Names contexts;  ///< one without a name where the log has no context
  data::Names users;
  std::vector<Situation> situations;        ///< distinct, in order of first meeting
  std::vector<data::Index> arm, situation;  ///< [n]
  std::vector<data::Index> user;            ///< [n]; empty: every event is a unit of its own
  std::vector<double> reward;               ///< [n], finite
  std::vector<double> propensity;           ///< [n], in (0, 1]; empty: the log does not tell
  bool carries_all = false;                 ///< every event tells the probability of every arm
  std::vector<std::uint64_t> unsupported;   ///< [situations, arms] events in which the arm had no chance, or empty
  bool closed_arms = false;                 ///< no arm may be added: the arms are those of a list
  bool by_time = false;                     ///< events are in order of time; else in that of the file
  std::vector<InputFile> inputs;

  std::size_t size() const { return arm.size(); }
  /// The number of a situation, given now if it is new.
  data::Index add_situation(const Situation& where);
  /// data::kNone if the situation is not one of the log's.
  data::Index find_situation(const Situation& where) const;
  /// "context new, position 2", or "every event" where the log has neither contexts nor positions.
  std::string name_of(data::Index where) const;

 private:
  std::unordered_map<std::uint64_t, data::Index> numbers_;
};

/// Reads a log of decisions; ordered by time where it has times, equal times as in the file. `arms`, unless empty, is a
/// table whose column named as the log's lists all arms. Quarantined, with the reason: an empty arm, or one that is not
/// of the list; a reward that is empty, NaN or infinite; a propensity that is empty or outside (0, 1]; a position that
/// is not from 1 to 65535; an unknown time; an empty user where there is the column; action probabilities that are not
/// all in [0, 1], do not sum to 1, give the shown arm no chance, or another one than its propensity (within 0.001).
/// Throws runtime_error if no event can be read; invalid_argument for a column that is missing.
BanditLog read_bandit_log(const std::filesystem::path& path, const BanditColumns& columns,
                          const std::filesystem::path& arms, Quarantine& quarantine);

/// The parts of a folder of the Open Bandit Dataset.
struct OpenBandit {
  std::filesystem::path log, arms;  ///< CAMPAIGN.csv and item_context.csv
  BanditColumns columns;
};
/// Throws runtime_error unless the folder holds item_context.csv and one other CSV file.
OpenBandit open_bandit(const std::filesystem::path& folder);

}  // namespace tamis::replay
