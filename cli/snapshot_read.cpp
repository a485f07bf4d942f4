#include "tamis/evidence/timemachine/snapshot_read.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/columns.h"
#include "cli/options.h"
#include "cli/snapshot.h"
#include "tamis/base/error.h"
#include "tamis/base/parquet_bytes.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;
using timemachine::DayState;
using timemachine::Fault;
using timemachine::Manifest;

struct RootFlags {
  Common common;
  std::string root;
};

struct GetFlags : RootFlags {
  std::string from, to;
  std::vector<std::string> columns;
  std::int64_t version = 0;
  bool readable = false;
};

std::uint64_t bytes_of(const Manifest& manifest) {
  std::uint64_t bytes = 0;
  for (const timemachine::Part& part : manifest.parts) bytes += part.bytes;
  return bytes;
}

Json json_of(const std::vector<Fault>& faults) {
  Json list = Json::array();
  for (const Fault& fault : faults) list.push_back({{"day", timemachine::format_day(fault.day)}, {"what", fault.what}});
  return list;
}

/// The last version's keys, the versions there are, and what is wrong; a day that is not there has rows null.
Json json_of(const DayState& state) {
  Json json;
  if (state.versions.empty()) {
    json = {{"day", timemachine::format_day(state.day)}, {"version", nullptr}, {"rows", nullptr}};
    json["why"] =
        state.faults.empty() ? "it has no manifest: it was never built to its end" : state.faults.front().what;
  } else {
    json = json_of_version(state.versions.back());
  }
  json["versions"] = Json::array();
  for (const Manifest& manifest : state.versions) json["versions"].push_back(manifest.version);
  json["faults"] = json_of(state.faults);
  json["leftovers"] = state.leftovers;
  return json;
}

std::string state_text(const DayState& state) {
  if (!state.faults.empty()) return "damaged";
  if (state.versions.empty()) return "not there";
  return state.versions.back().rows == 0 ? "empty" : "";
}

std::string table_of(const std::vector<DayState>& days) {
  std::vector<std::vector<std::string>> rows{{"day", "state", "version", "rows", "size", "completeness", "created"}};
  for (const DayState& state : days) {
    const std::string name = timemachine::format_day(state.day);
    if (state.versions.empty()) {
      rows.push_back({name, state_text(state), "", "", "", "", ""});
      continue;
    }
    const Manifest& last = state.versions.back();
    rows.push_back({name, state_text(state), std::to_string(last.version), std::to_string(last.rows),
                    bytes_text(static_cast<double>(bytes_of(last))), fmt::format("{:.4g}", last.completeness()),
                    data::format_time(last.created)});
  }
  return columns(rows, 2);
}

/// Rows of the versions that count, and the least completeness (null without a day).
void add_totals(Json& json, const std::vector<DayState>& days) {
  std::uint64_t rows = 0;
  double completeness = 1;
  bool any = false;
  json["days"] = Json::array();
  for (const DayState& state : days) {
    json["days"].push_back(json_of(state));
    if (state.versions.empty()) continue;
    any = true;
    rows += state.versions.back().rows;
    completeness = std::min(completeness, state.versions.back().completeness());
  }
  json["rows"] = rows;
  json["completeness"] = any ? Json(completeness) : Json(nullptr);
  if (!any) json["why"] = "no day is there";
}

std::string notes_of(const std::vector<DayState>& days) {
  std::string notes;
  for (const DayState& state : days) {
    for (const Fault& fault : state.faults) notes += fault.what + "\n";
    for (const std::string& path : state.leftovers) notes += path + " was left by a build that did not end\n";
  }
  return notes.empty() ? "" : "\n" + notes;
}

void run_list(const RootFlags& flags) {
  const auto store = open_store(flags.root, false);
  const auto days = timemachine::list_days(*store);
  if (flags.common.json) {
    Json json = json_result("snapshot list", flags.common);
    json["conventions"] = {{"days", "UTC"}};
    add_totals(json, days);
    return print(json.dump(2));
  }
  const std::string text = days.empty() ? store->name() + " holds no day" : table_of(days) + notes_of(days);
  print(text.substr(0, text.find_last_not_of('\n') + 1));
}

void run_verify(const RootFlags& flags) {
  const auto store = open_store(flags.root, false);
  const auto days = timemachine::verify_days(*store);
  std::size_t faults = 0, left = 0;
  std::string first;
  for (const DayState& state : days) {
    if (faults == 0 && !state.faults.empty()) first = state.faults.front().what;
    faults += state.faults.size();
    left += state.leftovers.size();
  }
  if (flags.common.json) {
    Json json = json_result("snapshot verify", flags.common);
    json["conventions"] = {{"days", "UTC"}, {"checked", "every part of every version"}};
    add_totals(json, days);
    json["faults"] = faults;
    json["leftovers"] = left;
    print(json.dump(2));
  } else {
    const std::string verdict =
        fmt::format("{} days, {} faults, {} files left by builds that did not end", days.size(), faults, left);
    print((days.empty() ? "" : table_of(days) + notes_of(days) + "\n") + verdict);
  }
  if (faults == 1) fail_world("snapshot verify", "1 fault: " + first);
  if (faults > 1) fail_world("snapshot verify", fmt::format("{} faults, the first: {}", faults, first));
}

void append(std::vector<OutputColumn>& to, std::vector<OutputColumn> from) {
  for (std::size_t c = 0; c < to.size(); ++c) {
    to[c].text.insert(to[c].text.end(), std::make_move_iterator(from[c].text.begin()),
                      std::make_move_iterator(from[c].text.end()));
    to[c].integer.insert(to[c].integer.end(), from[c].integer.begin(), from[c].integer.end());
    to[c].real.insert(to[c].real.end(), from[c].real.begin(), from[c].real.end());
  }
}

void print_got(const GetFlags& flags, const ObjectStore& store, const timemachine::SnapshotReader& reader) {
  double completeness = 1;
  Json days = Json::array();
  std::vector<InputFile> inputs;
  for (const Manifest& day : reader.days()) {
    completeness = std::min(completeness, day.completeness());
    days.push_back({{"day", timemachine::format_day(day.day)},
                    {"version", day.version},
                    {"rows", day.rows},
                    {"completeness", day.completeness()}});
    inputs.push_back({store.where(timemachine::folder_of(day.day)), bytes_of(day), day.rows, 0});
  }
  if (!flags.common.json) {
    std::string text = fmt::format("{} rows of {} days, completeness {:.4g}: {}", reader.rows(), reader.days().size(),
                                   completeness, flags.common.out);
    for (const Fault& fault : reader.faults()) text += "\nleft out: " + fault.what;
    return print(text, "; the rows are in " + flags.common.out);
  }
  Json json = json_result("snapshot get", flags.common);
  json["conventions"] = {{"days", "UTC"}, {"times", "microseconds since 1970 UTC"}};
  json["inputs"] = json_inputs(inputs);
  json["days"] = std::move(days);
  json["rows"] = reader.rows();
  json["completeness"] = completeness;
  json["left_out"] = json_of(reader.faults());
  json["out"] = flags.common.out;
  print(json.dump(2), "; the rows are in " + flags.common.out);
}

void run_get(const GetFlags& flags) {
  const std::string& out = flags.common.out;
  if (out.empty()) fail_caller("snapshot get", "names no file for the rows: --out FILE.parquet, .csv or .tsv");
  if (!table_format(out)) fail_caller(out, "has no extension that tells its format; .parquet, .csv or .tsv is needed");
  timemachine::ReadOptions options;
  options.days = range_of("snapshot get", flags.from, flags.to);
  options.columns = flags.columns;
  options.version = static_cast<int>(flags.version);
  options.readable = flags.readable;
  const auto store = open_store(flags.root, false);
  Progress progress(std::cerr, progress_style(flags.common));
  timemachine::SnapshotReader reader(*store, options);
  std::uint64_t total = 0;
  for (const Manifest& day : reader.days()) total += day.rows;
  progress.begin("read", total);
  std::vector<OutputColumn> columns;
  for (const timemachine::FeatureColumn& column : reader.columns()) columns.push_back({column.name, {}, {}, {}});
  while (const auto batch = reader.next()) {
    append(columns, columns_of(*batch));
    progress.advance(row_count(*batch));
  }
  progress.end();
  make_folder_of(out);
  write_table(out, columns);
  print_got(flags, *store, reader);
}

void add_root(CLI::App& command, RootFlags& flags) {
  command.add_option("root", flags.root, "Root of the days: a folder, or s3://BUCKET/PREFIX[?endpoint_override=…]")
      ->required()
      ->check(refuse_empty);
}

}  // namespace

timemachine::DayRange range_of(const std::string& command, const std::string& from, const std::string& to) {
  if (from.empty() || to.empty()) fail_caller(command, "needs both --from DAY and --to DAY");
  return timemachine::parse_range(from, to);
}

Json json_of_version(const Manifest& manifest) {
  Json sources = Json::array();
  for (const timemachine::Fetched& source : manifest.sources)
    sources.push_back(
        {{"name", source.source}, {"kind", source.kind}, {"completeness", source.share}, {"missing", source.missing}});
  return {{"day", timemachine::format_day(manifest.day)},
          {"version", manifest.version},
          {"rows", manifest.rows},
          {"bytes", bytes_of(manifest)},
          {"parts", manifest.parts.size()},
          {"created", data::format_time(manifest.created)},
          {"completeness", manifest.completeness()},
          {"sources", std::move(sources)}};
}

void add_snapshot_list(CLI::App& snapshot) {
  auto flags = std::make_shared<RootFlags>();
  CLI::App* list = snapshot.add_subcommand("list", "The days that are there: rows, versions, completeness");
  add_root(*list, *flags);
  add_common(*list, flags->common, "Print the result as JSON instead of the table");
  list->footer(
      "Examples:\n  tamis snapshot list days\n  tamis snapshot list 's3://bucket/days?region=eu-west-1' --json");
  list->callback([flags] { run_list(*flags); });
}

void add_snapshot_verify(CLI::App& snapshot) {
  auto flags = std::make_shared<RootFlags>();
  CLI::App* verify = snapshot.add_subcommand("verify", "Read every part of every version and hold it to its manifest");
  add_root(*verify, *flags);
  add_common(*verify, flags->common, "Print the result as JSON instead of the table");
  verify->footer("Examples:\n  tamis snapshot verify days");
  verify->callback([flags] { run_verify(*flags); });
}

void add_snapshot_get(CLI::App& snapshot) {
  auto flags = std::make_shared<GetFlags>();
  CLI::App* get = snapshot.add_subcommand("get", "The rows of a range of days, as one table");
  add_root(*get, *flags);
  get->add_option("--from", flags->from, "The first day, such as 2024-01-31 (UTC)");
  get->add_option("--to", flags->to, "The last day, itself among them");
  get->add_option("--columns", flags->columns, "Columns in this order, with commas; all of them when absent")
      ->delimiter(',');
  get->add_option("--version", flags->version, "This version of every day; the last one when absent")
      ->check(CLI::Range(1, 9999));
  get->add_flag("--readable", flags->readable, "Leave out what is missing or damaged, and say so, instead of stopping");
  add_out(*get, flags->common, "Write the rows: .parquet, .csv or .tsv");
  add_common(*get, flags->common, "Print the result as JSON instead of a line");
  get->footer(
      "Examples:\n"
      "  tamis snapshot get days --from 1998-01-01 --to 1998-01-31 --out january.parquet\n"
      "  tamis snapshot get days --from 1998-01-10 --to 1998-01-10 --columns user,item,label --version 1 --out v1.tsv");
  get->callback([flags] { run_get(*flags); });
}

}  // namespace tamis::cli
