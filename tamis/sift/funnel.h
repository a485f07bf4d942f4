#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "tamis/base/progress.h"

namespace tamis::sift {

struct FunnelOptions {
  std::filesystem::path plan;
  std::filesystem::path out;                  ///< folder for journal.jsonl, report.{json,md,html}, exposures.csv
  std::optional<std::filesystem::path> data;  ///< replaces the folder the plan reads its data from
  std::uint64_t seed = 0;
  bool resume = false;
  double max_bad = 0.001;  ///< share of rows that may be unreadable
  std::string version;
};

/// Runs a plan to its end: stage by stage, fewer and fewer candidates, one shipped or none. Writes the report's three
/// faces, the exposures of the A/B test and the quarantine into `out`, and returns the text of report.json.
/// Interrupted at any point and called again with `resume`, it ends in the same report (but for times, memory and
/// threads). Throws invalid_argument for a plan that cannot be (naming file and line), runtime_error for data or a disk
/// that fails.
std::string run_funnel(const FunnelOptions& options, Progress& progress);

}  // namespace tamis::sift
