#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tamis/evidence/timemachine/context.h"
#include "tamis/evidence/timemachine/events.h"

namespace tamis::timemachine {

struct StatisticsSpec {
  std::string name;
  std::string of;  ///< the event stream it counts
  std::vector<int> windows;
};

/// Which users' rows are kept: each stratum's share of its users, by a hash of the user, so that a user is in or out on
/// every day that it is of the same stratum.
struct SampleSpec {
  struct Share {
    std::string stratum;
    double share = 1;
  };
  std::string by;             ///< the text column whose value is the stratum; "": all are one
  std::vector<Share> shares;  ///< none: everybody is kept
  double rest = 1;            ///< share of strata that are not listed
};

enum class Keep { all, impressions, clicks };

/// What a snapshot is made of (docs/formats/snapshot.md).
struct SnapshotConfig {
  std::string rows;  ///< the event stream whose events become rows
  Keep keep = Keep::all;
  data::Time label_wait = data::kDay;  ///< an impression is clicked if it is within this time
  double least = 0;                    ///< a day of which any source got less is not built
  std::vector<StreamSpec> streams;
  std::vector<StatisticsSpec> statistics;
  std::vector<ContextSpec> contexts;
  SampleSpec sample;
  std::uint64_t fingerprint = 0;  ///< of the file's bytes
};

/// Reads a config. Paths in it are relative to its own folder, or to `data` if that is not empty. Throws
/// invalid_argument with file and line for whatever is not as the keys say, runtime_error if it cannot be read.
SnapshotConfig read_snapshot_config(const std::filesystem::path& path, const std::filesystem::path& data);

/// A Markdown page of every key, with defaults.
std::string describe_snapshot_keys();

}  // namespace tamis::timemachine
