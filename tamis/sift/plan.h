#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tamis/data/readers/table_log.h"
#include "tamis/evidence/interleave/credit.h"
#include "tamis/evidence/metrics/ranking.h"
#include "tamis/evidence/simulate/world.h"
#include "tamis/evidence/timemachine/days.h"
#include "tamis/recommend/candidate.h"
#include "tamis/stats/corrections.h"

namespace tamis::sift {

/// One of the recommenders to choose from.
struct Candidate {
  std::string name;
  std::string family;    ///< random, popularity, item_knn, content, blend
  std::string describe;  ///< its parameters in words
  recommend::Spec spec;
};

enum class StageKind { offline, replay, interleave, ab };
std::string_view word(StageKind kind);
/// True for the stages that show lists to people: interleave and ab.
bool is_online(StageKind kind);

struct StagePlan {
  StageKind kind = StageKind::offline;
  int keep = 1;
  int keep_max = 1;
  double alpha = 0.05;
  stats::Correction correction = stats::Correction::holm;
  double choosing = 0.67;  ///< the last stage: share of users it chooses on; the others measure the lift again
  // offline, replay
  std::vector<metrics::Metric> metrics;  ///< the first decides
  metrics::Ties ties = metrics::Ties::average;
  data::Time test = 0;  ///< the last part of the log that is scored
  data::Time gap = 0;   ///< left out before it (offline)
  data::Time step = 0;  ///< replay: length of a day
  int resamples = 0;
  // interleave, ab
  int users = 0;  ///< per candidate (interleave) or per arm (ab), drawn for the stage
  int days = 0;
  interleave::CreditBy credit = interleave::CreditBy::clicks;  ///< what is counted: clicks or time stayed
  std::string where;                                           ///< file and line of the stage, for messages
};

struct Plan {
  std::filesystem::path path;
  std::string title;
  std::string text;  ///< the bytes of the plan and of its list of candidates, for the fingerprint
  enum class Source { world, movielens, table, snapshot } source = Source::world;
  simulate::WorldSpec world;
  std::filesystem::path folder;                    ///< movielens
  std::filesystem::path log, items;                ///< table
  std::string root;                                ///< snapshot: a folder or s3://…
  std::optional<timemachine::DayRange> root_days;  ///< of it; all when absent
  data::TableColumns columns;
  double judge_share = 0.5;  ///< share of users kept from every candidate and fitted as the online stages' users
  double click_prior = 0.1;
  std::vector<Candidate> candidates;
  std::size_t incumbent = 0;
  std::optional<std::size_t> sanity;
  std::vector<StagePlan> stages;
  int truth_users = 0;  ///< users every candidate is rolled out on at the end; world only

  bool rides(std::size_t candidate) const { return candidate == incumbent || candidate == sanity; }
};

/// Reads and checks a plan (docs/formats/plan.md). `data_folder`, if given, replaces the folder the plan reads from.
/// Throws invalid_argument naming file, line and what would be accepted; runtime_error if a file is missing.
Plan read_plan(const std::filesystem::path& path, const std::optional<std::filesystem::path>& data_folder,
               std::uint64_t seed);

/// Every key of a plan with its default, as Markdown: the body of docs/formats/plan.md.
std::string describe_plan_keys();

}  // namespace tamis::sift
