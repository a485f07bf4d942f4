#include "cli/split.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "tamis/base/error.h"

namespace tamis::cli {

namespace {

std::size_t positive(std::int64_t count, std::string_view option) {
  if (count < 1) fail_caller(option, fmt::format("is {}; a whole number above 0 is needed", count));
  return static_cast<std::size_t>(count);
}

void refuse_both(const SplitFlags& flags) {
  if (!flags.label.empty() && !flags.group.empty())
    fail_caller("split", "--label and --group exclude each other: whole groups cannot keep the classes' shares");
}

void run_holdout(SplitFlags& flags) {
  refuse_both(flags);
  SplitRows rows = read_split_rows(flags);
  const std::uint64_t seed = flags.common.seed;
  data::Fold fold = rows.label != nullptr
                        ? data::stratified_holdout(rows.label->codes, flags.share, seed, &rows.label->names)
                    : rows.group != nullptr ? data::group_holdout(rows.group->codes, flags.share, seed)
                                            : data::holdout(rows.table.rows.size(), flags.share, seed);
  const std::string by = rows.label != nullptr   ? "of each class of --label, by largest remainders"
                         : rows.group != nullptr ? "of the groups, drawn whole"
                                                 : "of the rows";
  finish_split(flags, rows, {std::move(fold)}, {"holdout", {{"share", by}}, ""});
}

void run_kfold(SplitFlags& flags) {
  refuse_both(flags);
  if (flags.k < 2) fail_caller("--k", fmt::format("is {}; at least 2 folds are needed", flags.k));
  SplitRows rows = read_split_rows(flags);
  const auto k = static_cast<std::size_t>(flags.k);
  const std::uint64_t seed = flags.common.seed;
  auto folds = rows.label != nullptr   ? data::stratified_kfold(rows.label->codes, k, seed, &rows.label->names)
               : rows.group != nullptr ? data::group_kfold(rows.group->codes, k, seed)
                                       : data::kfold(rows.table.rows.size(), k, seed);
  const std::string by = rows.label != nullptr   ? "rows of each class of --label are dealt out in turn"
                         : rows.group != nullptr ? "groups stay whole: the largest first, to the fold with fewest rows"
                                                 : "rows are dealt out in random order";
  finish_split(flags, rows, std::move(folds), {"kfold", {{"folds", by}}, ""});
}

void run_bootstrap(SplitFlags& flags) {
  const std::size_t resamples = positive(flags.resamples, "--resamples");
  SplitRows rows = read_split_rows(flags);
  auto folds = rows.group != nullptr ? data::group_bootstrap_folds(rows.group->codes, resamples, flags.common.seed)
                                     : data::bootstrap_folds(rows.table.rows.size(), resamples, flags.common.seed);
  finish_split(flags, rows, std::move(folds),
               {"bootstrap",
                {{"train", "as many as there are, drawn with replacement; a row is listed as often as it was drawn"},
                 {"test", "out of bag: never drawn"},
                 {"unit", rows.group != nullptr ? "group" : "row"}},
                ""});
}

void add_holdout(CLI::App& split) {
  auto flags = std::make_shared<SplitFlags>();
  CLI::App* command = split.add_subcommand("holdout", "A share of the rows for the test, drawn at random");
  add_split_table(*command, *flags);
  command->add_option("--share", flags->share, "Share of the test side, above 0 and below 1")->capture_default_str();
  command->add_option("--label", flags->label, "Column of classes whose shares both sides shall have")
      ->check(refuse_empty);
  command->add_option("--group", flags->group, "Column of users, none of whom shall be on both sides")
      ->check(refuse_empty);
  add_split_out(*command, *flags);
  command->footer(
      "Examples:\n  tamis split holdout --input rows.csv --share 0.2 --out folds.tsv\n"
      "  tamis split holdout --input rows.parquet --label clicked --seed 7 --json");
  command->callback([flags] { run_holdout(*flags); });
}

void add_kfold(CLI::App& split) {
  auto flags = std::make_shared<SplitFlags>();
  CLI::App* command = split.add_subcommand("kfold", "k folds: every row is tested once");
  add_split_table(*command, *flags);
  command->add_option("--k", flags->k, "Folds")->capture_default_str();
  command->add_option("--label", flags->label, "Column of classes whose shares all folds shall have")
      ->check(refuse_empty);
  command->add_option("--group", flags->group, "Column of users, whose rows stay together")->check(refuse_empty);
  add_split_out(*command, *flags);
  command->footer(
      "Examples:\n  tamis split kfold --input rows.csv --label clicked --out folds.parquet\n"
      "  tamis split kfold --input rows.csv --k 5 --group user --out folds");
  command->callback([flags] { run_kfold(*flags); });
}

void add_bootstrap(CLI::App& split) {
  auto flags = std::make_shared<SplitFlags>();
  CLI::App* command = split.add_subcommand("bootstrap", "Rows drawn with replacement; those out of the bag are tested");
  add_split_table(*command, *flags);
  command->add_option("--resamples", flags->resamples, "How many times")->capture_default_str();
  command->add_option("--label", flags->label, "Column of classes whose shares are told")->check(refuse_empty);
  command->add_option("--group", flags->group, "Column of users, who are drawn with all of their rows")
      ->check(refuse_empty);
  add_split_out(*command, *flags);
  command->footer("Examples:\n  tamis split bootstrap --input rows.csv --resamples 20 --out folds");
  command->callback([flags] { run_bootstrap(*flags); });
}

}  // namespace

void add_split(CLI::App& app) {
  CLI::App& split = *app.add_subcommand("split", "Rows to fit on and rows to score, as index files");
  split.require_subcommand(1);
  split.footer(
      "Examples:\n  tamis split kfold --input rows.csv --label clicked --out folds.parquet\n"
      "  tamis split time --input log.parquet --time event_time --train 28d --test 7d --out folds\n"
      "  tamis split check --input rows.csv --label-time t --known-time profile_known");
  add_holdout(split);
  add_kfold(split);
  add_bootstrap(split);
  add_split_time(split);
  add_split_leave_last(split);
  add_split_check(split);
}

}  // namespace tamis::cli
