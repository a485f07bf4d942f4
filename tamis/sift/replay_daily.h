#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/base/progress.h"
#include "tamis/base/table.h"
#include "tamis/data/schema.h"

namespace tamis::sift {

/// How often a candidate is fitted anew on what was known by then: once, before the first day; at the beginning of each
/// day; at the beginning of each hour of a day (counted from the day's beginning).
enum class Cadence : std::uint8_t { frozen, daily, hourly };
/// Throws invalid_argument listing them.
Cadence parse_cadence(std::string_view text);
std::string_view word(Cadence cadence);

struct DailyReplayOptions {
  std::filesystem::path plan;
  std::filesystem::path out;  ///< folder of daily_replay.jsonl, the days that are done
  std::optional<std::filesystem::path> data;
  std::vector<Cadence> cadences = {Cadence::daily};
  std::vector<std::string> candidates;    ///< empty: all of the plan
  std::string metric;                     ///< empty: what decides in the plan's replay stage
  std::optional<data::Time> from, until;  ///< the days; the last part of the log, as the plan says, when absent
  std::uint64_t seed = 0;
  bool resume = false;
  double max_bad = 0.001;  ///< share of rows that may be unreadable
  std::string version;
};

/// A mean over users with its interval; `why` says what is missing.
struct Score {
  std::optional<double> value, low, high;
  std::string why;
};

struct ReplayedDay {
  data::Time from = 0, until = 0;
  std::uint64_t questions = 0;
  std::uint64_t users = 0;    ///< whom the metric could be measured on
  std::uint64_t cold = 0;     ///< questions of users with no history by then
  std::vector<Score> scores;  ///< [cadences, candidates]
};

struct DailyReplay {
  std::string title, metric, convention, source;
  double alpha = 0.05;
  int resamples = 0;
  std::vector<std::string> candidates;
  std::size_t first = 0;  ///< the candidate that the headline is about: the incumbent, or the first one asked for
  std::vector<Cadence> cadences;
  std::vector<ReplayedDay> days;
  std::uint64_t users = 0;       ///< over all days
  std::vector<Score> scores;     ///< [cadences, candidates], over all days: a user's value is the mean of all questions
  std::vector<Score> staleness;  ///< [cadences, candidates] what the freshest cadence gains over this one, user by user
  std::size_t resumed = 0;       ///< days (of one cadence) found done
  std::vector<InputFile> inputs;
  std::vector<std::string> notes;

  std::size_t at(std::size_t cadence, std::size_t candidate) const { return cadence * candidates.size() + candidate; }
  /// The place in `cadences` of the one that fits most often.
  std::size_t freshest() const;
};

/// Replays a plan's candidates on its log, day by day: fit on what was known, score the day's lists, step on. Days are
/// as long as the `step` of the plan's replay stage, whose metrics, ties, test and resamples hold; the other stages
/// play no part, and all users of the log are asked. A day that is done is one line of the journal in `out` and is not
/// done again with `resume`. Intervals are percentiles of a bootstrap over users, all candidates and cadences on the
/// same resamples. Throws invalid_argument for a plan without a replay stage, a candidate it does not have, days that
/// the log does not have; runtime_error as run_funnel() does.
DailyReplay replay_daily(const DailyReplayOptions& options, Progress& progress);

}  // namespace tamis::sift
