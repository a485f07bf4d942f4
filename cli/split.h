#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/options.h"
#include "tamis/base/quarantine.h"
#include "tamis/data/folds_table.h"

namespace tamis::cli {

/// What the splits share, and what each takes of its own.
struct SplitFlags {
  Common common;
  std::string input, format, label, group, time, known, cold = "keep";
  std::vector<std::string> cold_by;
  bool no_header = false;
  double max_bad = 0.001;
  double share = 0.2;
  std::int64_t k = 10, resamples = 20, last = 1;
  std::string at, train_from, train_until, test_from, test_until;
  std::string train, test, step, gap = "0s";
  bool expanding = false;
};

/// --input, --format, --no-header, --max-bad and what all commands share.
void add_split_table(CLI::App& command, SplitFlags& flags);
/// --cold, --cold-by and --out.
void add_split_out(CLI::App& command, SplitFlags& flags);

/// The columns of --input that a split needs, by name. "" asks for none.
struct SplitRows {
  data::RowTable table;
  data::Keys* label = nullptr;  ///< nullptr where no such column was asked for
  data::Keys* group = nullptr;
  std::vector<std::vector<data::Index>> cold;
  std::vector<data::Time>* time = nullptr;
  std::vector<data::Time>* known = nullptr;
};
/// Reads them; rows that cannot be read go to quarantine.tsv with the split. Throws runtime_error above --max-bad.
SplitRows read_split_rows(const SplitFlags& flags);

/// The quarantine's file for an output that is a folder or a file; "" where nothing is written.
std::string quarantine_path(const std::string& out);
/// TableOptions of --format and --no-header. Throws invalid_argument for an unknown format.
TableOptions split_table_options(const SplitFlags& flags);

/// What a kind of split says beside its folds.
struct SplitTelling {
  std::string kind;                                        ///< "holdout"
  std::vector<std::pair<std::string, std::string>> words;  ///< conventions
  std::string warning;                                     ///< "" or one line for standard error
};
/// Applies --cold, writes --out, prints.
void finish_split(const SplitFlags& flags, SplitRows& rows, std::vector<data::Fold> folds, const SplitTelling& telling);

void add_split_time(CLI::App& split);
void add_split_leave_last(CLI::App& split);
void add_split_check(CLI::App& split);

}  // namespace tamis::cli
