#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.h"
#include "tamis/base/quarantine.h"
#include "tamis/stats/paired.h"

namespace tamis::cli {

/// What the options of `tamis compare` say.
struct CompareOptions {
  Common common;
  std::string a, b, metric, test = "paired-t", interval, unit = "query", cluster, missing = "refuse", zeros = "wilcox",
                            correct = "holm";
  std::vector<std::string> systems;
  stats::PairedOptions how;  ///< alpha, replicates and continuity from options, the rest by read_choices()
  double max_bad = 0.001;
};

/// A system's table: one row a unit, in order of the units' names.
struct SystemUnits {
  std::string name;  ///< the file's name without folder and extension, or its path where two would be called the same
  InputFile input;
  std::vector<std::string> unit, cluster;
  std::vector<std::optional<double>> value;  ///< nullopt where the cell was empty
};

/// Tables in the order of `paths`. Throws runtime_error for a unit that is there twice, and as TableReader does; rows
/// without a unit or a cluster go to the quarantine.
std::vector<SystemUnits> read_systems(const CompareOptions& options, const std::vector<std::string>& paths);

/// Values of two systems over the units of both. A unit that one of them lacks, or where its value is undefined, is
/// refused, left out or counted as 0; one that is undefined in both is always left out.
struct PairedUnits {
  std::vector<double> a, b;
  std::vector<std::uint32_t> cluster;              ///< empty without clusters
  std::uint64_t only_a = 0, only_b = 0;            ///< units that the other file lacks
  std::uint64_t undefined_a = 0, undefined_b = 0;  ///< in both files, and defined in the other alone
  std::uint64_t undefined_both = 0;
};
/// Throws invalid_argument where units are missing and --missing is refuse, where a unit has two clusters, or for fewer
/// than two units or clusters.
PairedUnits pair_units(const CompareOptions& options, const SystemUnits& a, const SystemUnits& b);

/// The conventions of a comparison, for JSON.
nlohmann::ordered_json compare_conventions(const CompareOptions& options);
/// "[0.1, 0.2]", or "undefined".
std::string interval_text(const stats::Paired& paired);
/// A number, or null.
nlohmann::ordered_json json_or_null(const std::optional<double>& value);

/// All pairs of several systems: prints, and writes --out.
void compare_all(const CompareOptions& options);

}  // namespace tamis::cli
