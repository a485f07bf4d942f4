#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tamis/base/object_store.h"
#include "tamis/evidence/timemachine/source.h"

namespace tamis::timemachine {

/// One Parquet file of a day.
struct Part {
  std::string path;  ///< from the day's folder: "v0002/part-00000.parquet"; may lie in an older version's folder
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::uint64_t checksum = 0;  ///< 64-bit FNV-1a of the bytes
  std::uint64_t content = 0;   ///< content_checksum of its columns: the same whatever wrote the Parquet
};

/// One version of one day (docs/formats/snapshot.md). A day is there if it has a manifest, and only then.
struct Manifest {
  Day day = 0;
  int version = 1;
  data::Time created = 0;
  std::string tamis;  ///< version of the program
  std::uint64_t config = 0;
  std::optional<data::Time> known_by;
  std::uint64_t rows = 0;
  std::vector<FeatureColumn> schema;
  std::vector<Part> parts;
  std::vector<Fetched> sources;

  /// The least share among the sources: 1 means that nothing was missing.
  double completeness() const;
};

/// True if a reader of either gets the same: the same columns and rows, from sources of the same completeness.
bool same_content(const Manifest& a, const Manifest& b);

/// 64-bit FNV-1a over names and values of the columns.
std::uint64_t content_checksum(const std::vector<OutputColumn>& columns);

/// "date=2024-01-31".
std::string folder_of(Day day);
/// The day of such a name; nullopt for any other folder.
std::optional<Day> day_of_folder(const std::string& name);
/// "v0002".
std::string version_folder(int version);
/// Where the manifest of the day that counts lies ("date=…/manifest.json"), and that of one version.
std::string manifest_path(Day day);
std::string manifest_path(Day day, int version);

/// JSON whose last key is the checksum of all before it.
std::string write_manifest(const Manifest& manifest);

/// Reads what write_manifest wrote. Throws runtime_error("[where] …") for anything else: a torn file, a checksum that
/// does not match, a key that is missing or of another type, a path that leads out of its folder, rows that are not
/// those of the parts.
Manifest parse_manifest(const std::string& text, const std::string& where);

/// The manifest of a day: of the version that counts, or (`version` above 0) of that one. nullopt if the day is not
/// there. Throws runtime_error as parse_manifest does, or if the day has no such version (telling which it has).
std::optional<Manifest> read_manifest(const ObjectStore& store, Day day, int version = 0);

/// The days that have a folder, in order, there or not.
std::vector<Day> day_folders(const ObjectStore& store);

}  // namespace tamis::timemachine
