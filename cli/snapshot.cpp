#include "cli/snapshot.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/columns.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/evidence/timemachine/snapshot_build.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;
using timemachine::BuiltDay;

struct BuildFlags {
  Common common;
  std::string config, day, from, to, known_by;
  double max_bad = 0.001;
  bool resume = false, keys = false;
};

data::Time now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
}

timemachine::DayRange days_of(const BuildFlags& flags) {
  if (flags.day.empty() == (flags.from.empty() && flags.to.empty()))
    fail_caller("snapshot build", "needs --day DAY, or --from DAY --to DAY");
  if (flags.day.empty()) return range_of("snapshot build", flags.from, flags.to);
  const timemachine::Day day = timemachine::parse_day(flags.day, "--day");
  return {day, day};
}

std::optional<data::Time> known_by_of(const BuildFlags& flags) {
  if (flags.known_by.empty()) return std::nullopt;
  data::Time time = 0;
  if (!data::parse_time(flags.known_by, time))
    fail_caller("--known-by", fmt::format("'{}' is not a time of the years 1970 to 2200, such as 2024-01-31 13:05:00",
                                          flags.known_by));
  return time - time % data::kSecond;
}

/// Beside the days, wherever they lie.
void write_quarantine(ObjectStore& store, const BuildFlags& flags, const Quarantine& quarantine) {
  if (quarantine.count() == 0) return;
  if (!flags.common.out.starts_with("s3://"))
    return quarantine.write(std::filesystem::path(flags.common.out) / "quarantine.tsv");
  const auto here = std::filesystem::temp_directory_path() / fmt::format("tamis-quarantine-{}.tsv", ::getpid());
  quarantine.write(here);
  const std::string bytes = read_file(here);
  std::filesystem::remove(here);
  store.write("quarantine.tsv", bytes);
}

const char* name_of(BuiltDay::Outcome outcome) {
  switch (outcome) {
    case BuiltDay::Outcome::written:
      return "written";
    case BuiltDay::Outcome::unchanged:
      return "unchanged";
    case BuiltDay::Outcome::mended:
      return "mended";
    default:
      return "skipped";
  }
}

Json json_of(const BuiltDay& day) {
  Json json = json_of_version(day.manifest);
  json["outcome"] = name_of(day.outcome);
  return json;
}

std::string table_of(const timemachine::Built& built) {
  std::vector<std::vector<std::string>> rows{{"day", "outcome", "version", "rows", "completeness"}};
  std::string notes;
  for (const BuiltDay& day : built.days) {
    const timemachine::Manifest& manifest = day.manifest;
    const std::string name = timemachine::format_day(manifest.day);
    rows.push_back({name, name_of(day.outcome), std::to_string(manifest.version), std::to_string(manifest.rows),
                    fmt::format("{:.4g}", manifest.completeness())});
    if (manifest.rows == 0) notes += fmt::format("\n{} is empty: no event of it", name);
    for (const timemachine::Fetched& source : manifest.sources) {
      if (source.share >= 1) continue;
      notes += fmt::format("\n{}: {} ({}) got {:.4g}", name, source.source, source.kind, source.share);
      if (!source.missing.empty())
        notes += fmt::format("; {} is not there{}", source.missing.front(),
                             source.missing.size() == 1 ? "" : fmt::format(", nor {} more", source.missing.size() - 1));
    }
  }
  return columns(rows, 2) + (notes.empty() ? "" : notes + "\n");
}

void print_built(const timemachine::Built& built, const BuildFlags& flags, const timemachine::SnapshotConfig& config,
                 const Quarantine& quarantine, const ObjectStore& store) {
  if (!flags.common.json) {
    std::string text = table_of(built);
    if (quarantine.count() > 0)
      text += fmt::format("\n{} rows could not be read: {}\n", quarantine.count(), store.where("quarantine.tsv"));
    return print(text.substr(0, text.size() - 1), "; the days are built");
  }
  Json json = json_result("snapshot build", flags.common);
  json["conventions"] = {
      {"days", "UTC"},
      {"known",
       "a feature uses what happened and was known before the row's event time; statistics, what was known "
       "before its day began"},
      {"label_wait_s", static_cast<double>(config.label_wait) / static_cast<double>(data::kSecond)},
      {"known_by", flags.known_by.empty() ? Json(nullptr) : Json(flags.known_by)}};
  json["inputs"] = json_inputs(built.inputs);
  json["days"] = Json::array();
  std::uint64_t rows = 0;
  double completeness = 1;
  for (const BuiltDay& day : built.days) {
    json["days"].push_back(json_of(day));
    rows += day.manifest.rows;
    completeness = std::min(completeness, day.manifest.completeness());
  }
  json["rows"] = rows;
  json["completeness"] = completeness;
  print(json.dump(2), "; the days are built");
}

void run_build(BuildFlags& flags) {
  if (flags.keys) return print(timemachine::describe_snapshot_keys());
  if (flags.config.empty()) fail_caller("snapshot build", "names no config: --config FILE.toml");
  if (flags.common.out.empty())
    fail_caller("snapshot build", "names no root: --out FOLDER or --out s3://BUCKET/PREFIX");
  timemachine::BuildOptions options;
  options.days = days_of(flags);
  options.known_by = known_by_of(flags);
  options.created = now();
  options.tamis = TAMIS_VERSION;
  options.resume = flags.resume;
  options.seed = flags.common.seed;
  options.max_bad = flags.max_bad;
  apply_threads(flags.common);
  const auto config = timemachine::read_snapshot_config(flags.config, flags.common.data);
  const auto store = open_store(flags.common.out, true);
  Quarantine quarantine;
  Progress progress(std::cerr, progress_style(flags.common));
  timemachine::Built built;
  try {
    built = timemachine::build_snapshots(*store, config, options, quarantine, progress);
  } catch (const std::exception&) {
    progress.end();
    write_quarantine(*store, flags, quarantine);
    throw;
  }
  write_quarantine(*store, flags, quarantine);
  print_built(built, flags, config, quarantine, *store);
}

void add_build(CLI::App& snapshot) {
  auto flags = std::make_shared<BuildFlags>();
  CLI::App* build = snapshot.add_subcommand("build", "Write what was known on a day, whole or not at all");
  build->add_option("--config", flags->config, "What is read and made of it (docs/formats/snapshot.md)");
  build->add_option("--day", flags->day, "The day, such as 2024-01-31 (UTC)");
  build->add_option("--from", flags->from, "Instead of --day: the first of several days");
  build->add_option("--to", flags->to, "And the last");
  add_out(*build, flags->common, "Root of the days: a folder, or s3://BUCKET/PREFIX[?endpoint_override=…]");
  add_data(*build, flags->common);
  build->add_option("--known-by", flags->known_by, "Leave out what became known at this time or later");
  build->add_flag("--resume", flags->resume, "Leave days alone that are there");
  build->add_option("--max-bad", flags->max_bad, "Share of rows that may be unreadable before the run stops")
      ->check(refuse_share)
      ->capture_default_str();
  build->add_flag("--keys", flags->keys, "Print every key a config may hold, with its default, and stop");
  add_common(*build, flags->common, "Print the result as JSON instead of the table");
  build->footer(
      "Examples:\n"
      "  tamis snapshot build --config examples/snapshot.toml --data ml-100k --day 1998-01-10 --out days\n"
      "  tamis snapshot build --config examples/snapshot.toml --from 1998-01-01 --to 1998-01-31 --out days --resume\n"
      "  tamis snapshot build --config snapshot.toml --day 2024-01-31 --out 's3://bucket/days?region=eu-west-1'\n"
      "  tamis snapshot build --keys");
  build->callback([flags] { run_build(*flags); });
}

}  // namespace

void add_snapshot(CLI::App& app) {
  CLI::App* snapshot = app.add_subcommand("snapshot", "Days as they were, for training and scoring any past day");
  snapshot->require_subcommand(1);
  snapshot->footer("Examples:\n  tamis snapshot build --help\n  tamis snapshot list days");
  add_build(*snapshot);
  add_snapshot_list(*snapshot);
  add_snapshot_get(*snapshot);
  add_snapshot_verify(*snapshot);
}

}  // namespace tamis::cli
