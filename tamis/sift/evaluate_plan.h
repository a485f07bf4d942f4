#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/data/folds_time.h"
#include "tamis/sift/plan.h"

namespace tamis::sift {

enum class FoldKind { holdout, kfold, bootstrap, time, rolling, leave_last };
/// As in a plan: holdout, kfold, bootstrap, time, rolling, leave-last.
std::string_view word(FoldKind kind);

/// What holdout, kfold and bootstrap deal out: whole users, or events (clicks; where the log has lists, lists).
enum class FoldUnit { users, events };

/// The [split] of an evaluation. Each kind uses its own keys; the plan refuses others.
struct FoldPlan {
  FoldKind kind = FoldKind::kfold;
  FoldUnit by = FoldUnit::users;
  std::size_t folds = 10;      ///< kfold
  std::size_t resamples = 20;  ///< bootstrap
  std::size_t last = 1;        ///< leave-last
  double share = 0.2;          ///< holdout; time, where it has no `test`
  double asked = 0.2;          ///< by users: share of a test user's events, the latest, that is asked for
  data::Time test = 0;         ///< time (0: `share` says), rolling
  data::Time train = 0;        ///< rolling
  data::Time step = 0;         ///< rolling
  data::Time gap = 0;          ///< time, rolling
  bool expanding = false;      ///< rolling
  data::Cold cold = data::Cold::keep;
  std::string where;  ///< file and line, for messages
};

struct EvaluatePlan {
  Plan source;                           ///< its path, title, text, data and candidates; no stages, no incumbent
  std::vector<metrics::Metric> metrics;  ///< the first decides
  metrics::Ties ties = metrics::Ties::average;
  double alpha = 0.05;
  FoldPlan split;
};

/// Reads and checks a plan (docs/formats/evaluate_plan.md). `data_folder`, if given, replaces the folder the plan reads
/// from. Throws invalid_argument naming file, line and what would be accepted; runtime_error if a file is missing.
EvaluatePlan read_evaluate_plan(const std::filesystem::path& path,
                                const std::optional<std::filesystem::path>& data_folder, std::uint64_t seed);

/// Every key that a sift plan has not, with its default, as Markdown: the body of docs/formats/evaluate_plan.md.
std::string describe_evaluate_keys();

}  // namespace tamis::sift
