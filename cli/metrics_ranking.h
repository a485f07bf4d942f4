#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tamis/base/progress.h"
#include "tamis/base/quarantine.h"
#include "tamis/evidence/metrics/beyond_accuracy.h"
#include "tamis/evidence/metrics/sampled.h"
#include "tamis/evidence/metrics/trec.h"

namespace CLI {
class App;
}

namespace tamis::cli {

/// The JSON of a mean over queries: value, queries, low, high, and why where one of them is null.
nlohmann::ordered_json json_of_mean(const stats::Summary& summary, double alpha);
/// "95 %"
std::string percent(double alpha);

/// --negatives, and what is said of metrics on lists sampled by it.
struct SampledFlags {
  std::uint64_t negatives = 0;  ///< 0: not asked for
};
void add_sampled(CLI::App& ranking, SampledFlags& flags);
/// Adds `sampled_metrics` and `negatives` to a result that has `metrics`, and a sentence to its conventions.
void add_sampled_json(nlohmann::ordered_json& json, const metrics::SampledMeans& means, const SampledFlags& flags,
                      const metrics::RankingMeans& exact, double alpha);
/// The same as a table with what is to be known of it. Ends with a line break.
std::string sampled_text(const metrics::SampledMeans& means, const SampledFlags& flags,
                         const metrics::RankingMeans& exact, double alpha);

/// --beyond and its tables.
struct BeyondFlags {
  std::uint64_t k = 0;  ///< 0: not asked for
  std::uint64_t population = 0;
  std::string popularity, items;
};
void add_beyond(CLI::App& ranking, BeyondFlags& flags);
/// Throws invalid_argument for tables or ties that do not go with the flags, and a run that cannot be read twice.
void check_beyond(const BeyondFlags& flags, const std::string& run, metrics::Ties ties);

/// What the first k items of all lists were like.
struct Beyond {
  metrics::BeyondAccuracyValue value;
  std::uint64_t k = 0;
  std::uint64_t catalogue = 0;
  std::uint64_t outside = 0;  ///< items listed that the catalogue given did not hold, and now does
  std::uint64_t population = 0;
  bool categories = false;
  std::vector<InputFile> inputs;  ///< popularity, items: those that were asked for
};
/// Reads the tables, and the run a second time for the ids of its documents; of the run nothing is quarantined again.
/// Lists of queries without judgments are lists as well. Throws runtime_error for a table that cannot be read or holds
/// no row; invalid_argument for a count above the population.
Beyond measure_beyond(const BeyondFlags& flags, const metrics::RankingFile& run, metrics::Ties ties,
                      Quarantine& quarantine, Progress& progress);
/// Adds `beyond` to a result, and its conventions.
void add_beyond_json(nlohmann::ordered_json& json, const Beyond& beyond, const BeyondFlags& flags);
/// Ends with a line break.
std::string beyond_text(const Beyond& beyond, const BeyondFlags& flags);

}  // namespace tamis::cli
