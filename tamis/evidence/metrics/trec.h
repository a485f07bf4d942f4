#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tamis/base/progress.h"
#include "tamis/base/quarantine.h"
#include "tamis/base/table.h"
#include "tamis/evidence/metrics/judged.h"

namespace tamis::metrics {

/// Judgments or a run: TREC's lines (docs/formats/trec.md) or a table with columns named here.
struct RankingFile {
  std::filesystem::path path;
  std::string query = "query", document = "document";
  std::string value;  ///< the column of the relevance, or of the score
  bool header = true;
  bool trec = true;                        ///< lines of TREC; otherwise a table
  std::optional<TableFormat> format = {};  ///< of the table; nullopt: by extension
};

/// True if a path says that it holds a table: .parquet, .csv, .tsv, the last two also .gz or .zst; "-" is a TSV.
bool names_table(const std::filesystem::path& path);

struct JudgedFiles {
  Judged judged;
  std::vector<InputFile> inputs;  ///< judgments, run
};

/// Reads judgments and a run, and matches them. Rows may come in any order; lists keep the order of the file. Of a
/// document met twice for a query, in either file, the first row is kept and the others are quarantined, as are rows of
/// too few or too many fields, grades that are not whole numbers within 32 bits, and scores that are not finite. Rows
/// of the run for a query without a judgment are counted and not kept. TREC files are parsed on threads() threads; the
/// judgments are held in memory while this runs, of the run a window, or all of it where the rows of a query are
/// scattered or the file is no regular one. The result does not depend on the number of threads. Throws
/// runtime_error for a file that cannot be read, holds a NUL byte or no row that can be read; invalid_argument as
/// TableReader does.
JudgedFiles read_judged(const RankingFile& judgments, const RankingFile& run, Quarantine& quarantine,
                        Progress& progress);

}  // namespace tamis::metrics
