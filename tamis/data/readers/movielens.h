#pragma once

#include <filesystem>
#include <vector>

#include "tamis/base/table.h"
#include "tamis/data/event_log.h"

namespace tamis::data {

/// A log with its catalogue, and what was read to make it.
struct Dataset {
  Items items;
  EventLog log;  ///< sorted by event time
  std::vector<InputFile> inputs;
  std::uint64_t uncatalogued_rows = 0;  ///< rows of the log whose item the catalogue lacks
};

/// Reads a MovieLens folder: `u.data` with `u.item` (100K; tabs and `|`, ISO-8859-1), `ratings.dat` with `movies.dat`
/// (1M, 10M; `::`), or `ratings.csv` with `movies.csv` (20M and later), each plain, .gz or .zst. A rating >= 4 is a
/// click with the rating as its value; lower ones are kept as `other`. An item's text is its title and genres, its
/// category the first genre. Throws runtime_error if the folder holds none of these (naming them), or a file is empty.
Dataset read_movielens(const std::filesystem::path& folder, Quarantine& quarantine);

}  // namespace tamis::data
