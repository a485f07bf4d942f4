#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/columns.h"
#include "cli/split.h"
#include "tamis/base/error.h"
#include "tamis/data/folds_check.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;

struct CheckFlags {
  SplitFlags table;
  std::string label_time, folds;
  std::vector<std::string> known_times;
  std::size_t show = 5;
  bool fail = false;
};

/// What was found, for a person and for a program.
struct Told {
  std::string text;
  std::vector<std::string> leaks;  ///< in words
};

std::string percent(double share) {
  return fmt::format("{:.3g} %", 100 * share);
}

std::string rows_words(std::size_t count) {
  return fmt::format("{} row{}", count, count == 1 ? "" : "s");
}

Json late_json(const data::KnownLate& found, const CheckFlags& flags, const data::RowTable& table) {
  Json first = Json::array(), features = Json::array();
  for (const data::LateRow& late : found.first) {
    first.push_back({{"row", table.rows[late.row]},
                     {"feature", flags.known_times[late.column]},
                     {"label_time", data::format_time(late.label)},
                     {"known_time", data::format_time(late.known)}});
  }
  for (std::size_t c = 0; c < flags.known_times.size(); ++c) {
    features.push_back(
        {{"name", flags.known_times[c]}, {"rows", found.by_column[c]}, {"known_time_missing", found.unknown[c]}});
  }
  return {{"rows", found.rows},
          {"known_after_label", found.late},
          {"share", found.share()},
          {"features", features},
          {"first", first}};
}

void tell_late(const data::KnownLate& found, const CheckFlags& flags, const data::RowTable& table, Told& told) {
  std::vector<std::vector<std::string>> cells{{"feature's known time", "rows after the label", "share", "not told"}};
  for (std::size_t c = 0; c < flags.known_times.size(); ++c) {
    cells.push_back({flags.known_times[c], fmt::format("{}", found.by_column[c]),
                     percent(static_cast<double>(found.by_column[c]) / static_cast<double>(found.rows)),
                     fmt::format("{}", found.unknown[c])});
  }
  told.text += columns(cells, 1);
  for (const data::LateRow& late : found.first) {
    told.text += fmt::format("row {}: {} {} is after {} {}\n", table.rows[late.row], flags.known_times[late.column],
                             data::format_time(late.known), flags.label_time, data::format_time(late.label));
  }
  if (found.late > 0)
    told.leaks.push_back(fmt::format("{} of {} ({}) have a feature known only after the label", found.late,
                                     rows_words(found.rows), percent(found.share())));
}

Json fold_json(const data::FoldFindings& found, const SplitRows& rows) {
  Json json{{"train", found.train},
            {"test", found.test},
            {"rows_on_both_sides", found.both_sides},
            {"train_repeated", found.repeated_train},
            {"test_repeated", found.repeated_test},
            {"not_in_table", found.outside}};
  if (rows.group != nullptr) {
    json["groups_on_both_sides"] = found.groups_on_both;
    json["first_groups"] = Json::array();
    for (const data::Index group : found.first_groups) json["first_groups"].push_back(rows.group->names.at(group));
  }
  if (rows.time != nullptr) {
    json["train_not_before_test"] = found.later_train;
    json["first_not_before"] = found.first_later;
  }
  json["first_on_both"] = found.first_both;
  json["leaks"] = found.leaks();
  return json;
}

void tell_folds(const std::vector<data::FoldFindings>& all, const SplitRows& rows, Told& told) {
  std::vector<std::vector<std::string>> cells{
      {"fold", "train", "test", "on both sides", "test repeated", "train repeated", "not in table"}};
  if (rows.group != nullptr) cells[0].push_back("groups on both");
  if (rows.time != nullptr) cells[0].push_back("train not before test");
  std::size_t leaking = 0;
  for (std::size_t f = 0; f < all.size(); ++f) {
    const data::FoldFindings& found = all[f];
    leaking += found.leaks() ? 1 : 0;
    auto& line = cells.emplace_back();
    for (const std::size_t count :
         {f, found.train, found.test, found.both_sides, found.repeated_test, found.repeated_train, found.outside})
      line.push_back(fmt::format("{}", count));
    if (rows.group != nullptr) line.push_back(fmt::format("{}", found.groups_on_both));
    if (rows.time != nullptr) line.push_back(fmt::format("{}", found.later_train));
  }
  told.text += (told.text.empty() ? "" : "\n") + columns(cells, 0);
  if (leaking > 0) told.leaks.push_back(fmt::format("{} of {} folds leak", leaking, all.size()));
}

/// The rows with the columns that were asked for; times of features may be empty, and stand behind the others.
SplitRows read_checked(CheckFlags& flags) {
  data::RowColumns wanted;
  SplitFlags& table = flags.table;
  if (!table.group.empty()) wanted.keys.push_back(table.group);
  if (!table.time.empty()) wanted.times.push_back(table.time);
  if (!flags.label_time.empty()) wanted.times.push_back(flags.label_time);
  wanted.filled_times = wanted.times.size();
  wanted.times.insert(wanted.times.end(), flags.known_times.begin(), flags.known_times.end());
  Quarantine quarantine;
  SplitRows rows;
  rows.table = data::read_rows(table.input, wanted, split_table_options(table), quarantine);
  quarantine.check(rows.table.table_rows, table.max_bad);
  if (quarantine.count() > 0 && !table.common.out.empty()) {
    const std::string path = quarantine_path(table.common.out);
    make_folder_of(path);
    quarantine.write(path);
  }
  if (!table.group.empty()) rows.group = &rows.table.keys[0];
  if (!table.time.empty()) rows.time = &rows.table.times[0];
  return rows;
}

void check_flags(const CheckFlags& flags) {
  if (flags.table.input.empty()) fail_caller("split check", "names no table: --input FILE.parquet, .csv, .tsv");
  if (flags.label_time.empty() != flags.known_times.empty())
    fail_caller("split check", "needs both --label-time COLUMN and --known-time COLUMN[,COLUMN...]");
  if (flags.label_time.empty() && flags.folds.empty())
    fail_caller("split check", "has nothing to check: --label-time with --known-time, or --folds FILE, or both");
  if (flags.folds.empty() && (!flags.table.group.empty() || !flags.table.time.empty()))
    fail_caller("split check", "--group and --time are what --folds FILE is checked by, which is not given");
}

void run_check(CheckFlags& flags) {
  check_flags(flags);
  apply_threads(flags.table.common);
  SplitRows rows = read_checked(flags);
  std::vector<InputFile> inputs{rows.table.input};
  Told told;
  Json json = json_result("split check", flags.table.common);
  json["conventions"] = {{"rows", "numbered from 0"},
                         {"known_after_label", "a known time later than the label's; the same time is in time"},
                         {"train_not_before_test", "train rows at the earliest test row's time or later"},
                         {"leaks", "everything found but repeated train rows, which a bootstrap has"}};
  Json folds = Json::array();
  if (!flags.label_time.empty()) {
    const std::size_t label = flags.table.time.empty() ? 0 : 1;
    const auto found =
        data::known_after_label(rows.table.times[label], std::span(rows.table.times).subspan(label + 1), flags.show);
    json["known"] = late_json(found, flags, rows.table);
    tell_late(found, flags, rows.table, told);
  }
  if (!flags.folds.empty()) {
    data::CheckedTable table{rows.table.rows, {}, {}};
    if (rows.group != nullptr) table.groups = rows.group->codes;
    if (rows.time != nullptr) table.times = *rows.time;
    std::vector<data::FoldFindings> all;
    for (const data::Fold& fold : data::read_folds(flags.folds, &inputs)) {
      all.push_back(data::check_fold(fold, table, flags.show));
      folds.push_back(fold_json(all.back(), rows));
    }
    json["folds"] = folds;
    tell_folds(all, rows, told);
  }
  json["inputs"] = json_inputs(inputs);
  json["leaks"] = told.leaks;
  const std::string verdict =
      told.leaks.empty() ? "no leak found" : fmt::format("LEAK: {}", fmt::join(told.leaks, "; "));
  print(flags.table.common.json ? json.dump(2) : fmt::format("{}\n{}", told.text, verdict));
  if (flags.fail && !told.leaks.empty()) fail_world(flags.table.input, fmt::format("{}", fmt::join(told.leaks, "; ")));
}

}  // namespace

void add_split_check(CLI::App& split) {
  auto flags = std::make_shared<CheckFlags>();
  CLI::App* command = split.add_subcommand("check", "Does a table, or a split of it, leak the future?");
  add_split_table(*command, flags->table);
  command->add_option("--label-time", flags->label_time, "Column of times at which the labels happened")
      ->check(refuse_empty);
  command->add_option("--known-time", flags->known_times, "Columns of times at which features became known")
      ->delimiter(',');
  command->add_option("--folds", flags->folds, "A split to check: index file or folder")->check(refuse_empty);
  command->add_option("--group", flags->table.group, "--folds: column of users, none of whom may be on both sides")
      ->check(refuse_empty);
  command->add_option("--time", flags->table.time, "--folds: column of times; training must end before the test begins")
      ->check(refuse_empty);
  command->add_option("--show", flags->show, "Rows to name of each finding")->capture_default_str();
  command->add_flag("--fail", flags->fail, "Exit 1 if anything leaks");
  add_out(*command, flags->table.common, "Folder for quarantine.tsv");
  command->footer(
      "Examples:\n  tamis split check --input rows.csv --label-time t --known-time profile_known,counts_known\n"
      "  tamis split check --input log.csv --folds folds.tsv --group user --time t --fail");
  command->callback([flags] { run_check(*flags); });
}

}  // namespace tamis::cli
