#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tamis/evidence/timemachine/manifest.h"

namespace CLI {
class App;
}

namespace tamis::cli {

/// What `snapshot build` and those that read its days share.

/// --from and --to. Throws invalid_argument if one of them is missing.
timemachine::DayRange range_of(const std::string& command, const std::string& from, const std::string& to);
/// One version of a day: day, version, rows, bytes, parts, created, completeness, sources[].
nlohmann::ordered_json json_of_version(const timemachine::Manifest& manifest);

void add_snapshot_list(CLI::App& snapshot);
void add_snapshot_get(CLI::App& snapshot);
void add_snapshot_verify(CLI::App& snapshot);

}  // namespace tamis::cli
