#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/columns.h"
#include "cli/split.h"
#include "tamis/base/error.h"
#include "tamis/data/folds_time.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostClasses = 50;  // of which shares are told

/// How many rows of each class a side has.
std::vector<std::size_t> class_counts(const std::vector<data::Index>& side, const data::Keys& label) {
  std::vector<std::size_t> counts(label.names.size());
  for (const data::Index row : side) ++counts[label.codes[row]];
  return counts;
}

double share_of(std::size_t count, std::size_t all) {
  return static_cast<double>(count) / static_cast<double>(all);
}

std::size_t distinct_rows(const std::vector<data::Index>& side) {
  std::vector<data::Index> rows = side;
  return static_cast<std::size_t>(std::unique(rows.begin(), rows.end()) - rows.begin());
}

/// Earliest and latest time of a side.
Json span_of(const std::vector<data::Index>& side, const std::vector<data::Time>& times) {
  data::Time first = times[side.front()], last = first;
  for (const data::Index row : side) {
    first = std::min(first, times[row]);
    last = std::max(last, times[row]);
  }
  return {data::format_time(first), data::format_time(last)};
}

Json json_of(const data::Fold& fold, const SplitRows& rows) {
  Json json{{"train", fold.train.size()}, {"test", fold.test.size()}};
  const std::size_t distinct = distinct_rows(fold.train);
  if (distinct != fold.train.size()) json["train_distinct"] = distinct;
  json["test_share"] = share_of(fold.test.size(), rows.table.rows.size());
  if (rows.time != nullptr) {
    json["train_span"] = span_of(fold.train, *rows.time);
    json["test_span"] = span_of(fold.test, *rows.time);
  }
  if (rows.label == nullptr) return json;
  if (rows.label->names.size() > kMostClasses) {
    json["labels"] = nullptr;
    json["why"] = fmt::format("{} classes; shares are told of up to {}", rows.label->names.size(), kMostClasses);
    return json;
  }
  const auto train = class_counts(fold.train, *rows.label);
  const auto test = class_counts(fold.test, *rows.label);
  json["labels"] = Json::object();
  for (data::Index c = 0; c < train.size(); ++c) {
    json["labels"][rows.label->names.at(c)] = {{"train", share_of(train[c], fold.train.size())},
                                               {"test", share_of(test[c], fold.test.size())}};
  }
  return json;
}

std::string table_of(const std::vector<data::Fold>& folds, const SplitRows& rows) {
  constexpr std::size_t kColumns = 4;  // classes that fit a terminal
  std::vector<std::vector<std::string>> cells{{"fold", "train", "test", "test share"}};
  const std::size_t classes = rows.label == nullptr ? 0 : std::min(rows.label->names.size(), kColumns);
  for (data::Index c = 0; c < classes; ++c) cells[0].push_back(rows.label->names.at(c) + " train/test");
  if (rows.time != nullptr) cells[0].insert(cells[0].end(), {"train until", "test from"});
  for (std::size_t f = 0; f < folds.size(); ++f) {
    const data::Fold& fold = folds[f];
    auto& line = cells.emplace_back();
    line = {fmt::format("{}", f), fmt::format("{}", fold.train.size()), fmt::format("{}", fold.test.size()),
            fmt::format("{:.4f}", share_of(fold.test.size(), rows.table.rows.size()))};
    if (classes > 0) {
      const auto train = class_counts(fold.train, *rows.label);
      const auto test = class_counts(fold.test, *rows.label);
      for (std::size_t c = 0; c < classes; ++c)
        line.push_back(
            fmt::format("{:.4f}/{:.4f}", share_of(train[c], fold.train.size()), share_of(test[c], fold.test.size())));
    }
    if (rows.time != nullptr) {
      line.push_back(span_of(fold.train, *rows.time)[1].get<std::string>());
      line.push_back(span_of(fold.test, *rows.time)[0].get<std::string>());
    }
  }
  return columns(cells, 0);
}

}  // namespace

void add_split_table(CLI::App& command, SplitFlags& flags) {
  command
      .add_option("--input", flags.input, "The table: .parquet, .csv, .tsv (text also .gz, .zst); - is TSV on stdin")
      ->check(refuse_empty);
  command.add_option("--format", flags.format, "parquet, csv or tsv, where the extension does not tell");
  command.add_flag("--no-header", flags.no_header, "The table has no header: columns are 1, 2, ...");
  command.add_option("--max-bad", flags.max_bad, "Share of rows that may be unreadable before the run stops")
      ->check(refuse_share)
      ->capture_default_str();
  add_common(command, flags.common, "Print the result as JSON instead of the table");
}

void add_split_out(CLI::App& command, SplitFlags& flags) {
  command
      .add_option("--cold", flags.cold, "Test rows of users or items that training has not seen: keep, drop or only")
      ->capture_default_str();
  command
      .add_option("--cold-by", flags.cold_by, "Columns that --cold looks at, with commas between; --group's if absent")
      ->delimiter(',');
  add_out(command, flags.common, "Write the folds: one table (.parquet, .csv, .tsv), or a folder with one a fold");
}

TableOptions split_table_options(const SplitFlags& flags) {
  TableOptions options;
  options.header = !flags.no_header;
  if (flags.format.empty()) return options;
  if (flags.format == "parquet")
    options.format = TableFormat::parquet;
  else if (flags.format == "csv")
    options.format = TableFormat::csv;
  else if (flags.format == "tsv")
    options.format = TableFormat::tsv;
  else
    fail_caller("--format", fmt::format("\"{}\" is no format; accepted: parquet, csv, tsv", flags.format));
  return options;
}

std::string quarantine_path(const std::string& out) {
  if (out.empty()) return "";
  const std::filesystem::path path = out;
  return ((table_format(path) ? path.parent_path() : path) / "quarantine.tsv").string();
}

SplitRows read_split_rows(const SplitFlags& flags) {
  if (flags.input.empty()) fail_caller("split", "names no table: --input FILE.parquet, .csv, .tsv");
  apply_threads(flags.common);
  std::vector<std::string> cold_by = flags.cold_by;
  if (data::parse_cold(flags.cold) == data::Cold::keep) {
    if (!cold_by.empty())
      fail_caller("--cold-by", "tells what --cold drop or --cold only looks at, which is not given");
  } else if (cold_by.empty()) {
    if (flags.group.empty())
      fail_caller("--cold", "needs the column of users or items: --cold-by COLUMN, or --group COLUMN");
    cold_by = {flags.group};
  }
  data::RowColumns wanted;
  for (const std::string* name : {&flags.label, &flags.group})
    if (!name->empty()) wanted.keys.push_back(*name);
  wanted.keys.insert(wanted.keys.end(), cold_by.begin(), cold_by.end());
  for (const std::string* name : {&flags.time, &flags.known})
    if (!name->empty()) wanted.times.push_back(*name);
  Quarantine quarantine;
  SplitRows rows;
  rows.table = data::read_rows(flags.input, wanted, split_table_options(flags), quarantine);
  quarantine.check(rows.table.table_rows, flags.max_bad);
  if (quarantine.count() > 0 && !flags.common.out.empty()) {
    const std::string path = quarantine_path(flags.common.out);
    make_folder_of(path);
    quarantine.write(path);
  }
  std::size_t key = 0, time = 0;
  if (!flags.label.empty()) rows.label = &rows.table.keys[key++];
  if (!flags.group.empty()) rows.group = &rows.table.keys[key++];
  for (; key < rows.table.keys.size(); ++key) rows.cold.push_back(rows.table.keys[key].codes);
  if (!flags.time.empty()) rows.time = &rows.table.times[time++];
  if (!flags.known.empty()) rows.known = &rows.table.times[time++];
  return rows;
}

void finish_split(const SplitFlags& flags, SplitRows& rows, std::vector<data::Fold> folds,
                  const SplitTelling& telling) {
  const data::Cold cold = data::parse_cold(flags.cold);
  for (data::Fold& fold : folds) data::keep_cold(fold, rows.cold, cold);
  Json json = json_result("split " + telling.kind, flags.common);
  json["conventions"] = {{"rows", "numbered from 0, unreadable ones among them and in no fold"}, {"cold", flags.cold}};
  for (const auto& [name, words] : telling.words) json["conventions"][name] = words;
  json["inputs"] = json_inputs({rows.table.input});
  json["out"] = flags.common.out.empty() ? Json(nullptr) : Json(flags.common.out);
  json["rows"] = rows.table.rows.size();
  if (!telling.warning.empty()) json["warning"] = telling.warning;
  json["folds"] = Json::array();
  for (const data::Fold& fold : folds) json["folds"].push_back(json_of(fold, rows));
  const std::string table = table_of(folds, rows);
  if (!flags.common.out.empty()) {
    data::number_rows(folds, rows.table);
    make_folder_of(flags.common.out);
    data::write_folds(flags.common.out, folds);
  }
  if (!telling.warning.empty() && !flags.common.quiet) std::cerr << "tamis: warning: " << telling.warning << '\n';
  const std::string where =
      flags.common.out.empty() ? "not written: no --out" : fmt::format("written to {}", flags.common.out);
  print(flags.common.json ? json.dump(2) : fmt::format("{}\n{}", table, where));
}

}  // namespace tamis::cli
