#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tamis/base/progress.h"
#include "tamis/evidence/timemachine/manifest.h"
#include "tamis/evidence/timemachine/snapshot_features.h"

namespace tamis::timemachine {

struct BuildOptions {
  DayRange days;
  data::Time created = 0;              ///< what the manifests say of when they were made
  std::string tamis;                   ///< version of the program, for the manifests
  std::optional<data::Time> known_by;  ///< leave out what was known at this time or later
  bool resume = false;                 ///< leave days alone that are there
  std::uint64_t seed = 0;              ///< of the sample
  double max_bad = 0.001;              ///< share of rows that may be unreadable
  std::uint64_t part_rows = 65536;     ///< rows of a part, at least 1
};

struct BuiltDay {
  enum class Outcome { written, unchanged, mended, skipped };
  Manifest manifest;  ///< of the version that counts now
  Outcome outcome = Outcome::written;
};

struct Built {
  std::vector<BuiltDay> days;
  std::vector<InputFile> inputs;
};

/// Builds days one after another. Each is there whole, or as it was before: parts are written under the folder of a
/// version that no manifest names yet, then the version's manifest, and last, in one step, the manifest that counts. A
/// day whose rows, columns and sources came out as its last version has them is left alone ("unchanged"); else it gets
/// a new version, in which parts that came out alike stay where they are. A part of the last version that is missing or
/// damaged is written again as it was ("mended"). Files that a killed build left in the day's
/// folder are removed. Same sources, config, `known_by` and seed give the same rows, whatever days are built with it.
/// Throws runtime_error if somebody else builds the day (what came before stays built), a source got less of the day
/// than `least`, too many rows are unreadable, the day's manifest is damaged, or the store refuses; invalid_argument
/// for a sample by a column that is none of the config's text columns.
Built build_snapshots(ObjectStore& store, const SnapshotConfig& config, const BuildOptions& options,
                      Quarantine& quarantine, Progress& progress);

/// Files in the folder of a day that no version of it names, as killed builds leave them: parts, manifests of versions
/// that never counted, files on their way. Throws runtime_error if a manifest is damaged.
std::vector<std::string> leftovers(const ObjectStore& store, Day day);

}  // namespace tamis::timemachine
