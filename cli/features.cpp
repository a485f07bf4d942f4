#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/columns.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "tamis/base/config.h"
#include "tamis/base/error.h"
#include "tamis/base/memory_meter.h"
#include "tamis/evidence/timemachine/point_in_time_tables.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

struct FeaturesOptions {
  Common common;
  std::string labels, facts, known_time, tolerance;
  std::vector<std::string> columns;
  timemachine::FeatureColumns which;
  timemachine::AsOfOptions how;
  double max_bad = 0.001;
};

// What is wrong shall be known before anything is read.
void check(FeaturesOptions& options) {
  if (options.labels.empty() || options.facts.empty())
    fail_caller("features", "joins two tables: --labels FILE and --facts FILE, each .parquet, .csv or .tsv");
  if (options.which.key.empty()) fail_caller("features", "needs the column that both tables share: --by COLUMN");
  if (!options.known_time.empty()) options.which.known_time = options.known_time;
  if (!options.columns.empty()) options.which.of_facts = options.columns;
  if (!options.tolerance.empty()) options.how.tolerance = parse_duration(options.tolerance, "--tolerance");
  const std::string& out = options.common.out;
  if (!out.empty() && !table_format(out))
    fail_caller(out,
                "has no extension that tells its format; .parquet, .csv or .tsv (text also with .gz or .zst) is "
                "needed");
}

timemachine::FeatureTables read_tables(const FeaturesOptions& options, Progress& progress) {
  const std::string& out = options.common.out;
  const timemachine::FeatureReading how{
      .carry = !out.empty(), .as_text = table_format(out) != TableFormat::parquet, .max_bad = options.max_bad};
  Quarantine quarantine;
  const auto keep_refused = [&] {
    if (!out.empty()) quarantine.write(fs::path(out).parent_path() / "quarantine.tsv");
  };
  try {
    auto tables =
        timemachine::read_feature_tables(options.labels, options.facts, options.which, how, quarantine, progress);
    keep_refused();
    if (quarantine.count() > 0)
      spdlog::warn("{} rows could not be read and are left out; the first: {}", quarantine.count(), quarantine.first());
    return tables;
  } catch (const std::runtime_error&) {
    keep_refused();
    throw;
  }
}

struct Seconds {
  double read = 0, join = 0, write = 0;
};

class Clock {
 public:
  /// Seconds since the last call, or since this was made.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(last_, now)).count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

Json conventions_of(const FeaturesOptions& options, bool two_clocks) {
  const std::string by = options.how.strict ? "before" : "at or before";
  std::string clock = "one: a fact is known when it happens";
  if (two_clocks)
    clock =
        options.how.event_time_only ? "event time only: facts not yet known are taken" : "two: event and known time";
  return {{"match", fmt::format("the latest event {} the label's time{}", by,
                                two_clocks && !options.how.event_time_only ? ", known " + by + " it" : "")},
          {"ties", "of equal event times the latest known, of equal known times the later row"},
          {"clock", clock},
          {"tolerance", options.tolerance.empty() ? "none" : options.tolerance + ", itself included"}};
}

constexpr const char* kOneClock = "the facts have one clock: no column tells when they became known";

Json json_of(const FeaturesOptions& options, const timemachine::FeatureTables& tables, const timemachine::AsOf& joined,
             const Seconds& seconds) {
  Json json = json_result("features", options.common);
  json["conventions"] = conventions_of(options, tables.two_clocks);
  json["inputs"] = json_inputs({tables.labels.input, tables.facts.input});
  json["out"] = options.common.out.empty() ? Json(nullptr) : Json(options.common.out);
  json["rows"] = joined.fact.size();
  json["matched"] = joined.matched;
  const bool leaks = options.how.event_time_only;
  json["refused_future"] = tables.two_clocks ? Json(leaks ? 0 : joined.unknown_yet) : Json(nullptr);
  json["leaked"] = tables.two_clocks ? Json(leaks ? joined.unknown_yet : 0) : Json(nullptr);
  if (!tables.two_clocks) json["why"] = kOneClock;
  json["columns"] = Json::array();
  for (const auto* side : {&tables.labels, &tables.facts})
    for (const StoredColumn& column : side->carried) json["columns"].push_back(column.name());
  json["seconds"] = {{"read", seconds.read}, {"join", seconds.join}, {"write", seconds.write}};
  return json;
}

std::string table_of(const FeaturesOptions& options, const timemachine::FeatureTables& tables,
                     const timemachine::AsOf& joined, const Seconds& seconds) {
  const auto share = [&](std::uint64_t rows) {
    return fmt::format("{} ({:.2f}%)", rows, 100 * static_cast<double>(rows) / static_cast<double>(joined.fact.size()));
  };
  std::vector<std::vector<std::string>> rows{{"features", options.common.out},
                                             {"rows", fmt::format("{}", joined.fact.size())},
                                             {"facts", fmt::format("{}", tables.facts.key.size())},
                                             {"matched", share(joined.matched)}};
  if (!tables.two_clocks) {
    rows.push_back({"refused_future", "unknown: the facts have one clock"});
  } else if (options.how.event_time_only) {
    rows.push_back({"leaked: not known by then", share(joined.unknown_yet)});
  } else {
    rows.push_back({"refused_future", share(joined.unknown_yet)});
  }
  rows.push_back(
      {"seconds: read, join, write", fmt::format("{:.2f}, {:.2f}, {:.2f}", seconds.read, seconds.join, seconds.write)});
  rows.push_back({"most memory", bytes_text(static_cast<double>(peak_resident_bytes()))});
  return columns(rows, 1);
}

void run(FeaturesOptions& options) {
  check(options);
  apply_threads(options.common);
  if (!options.common.out.empty()) make_folder_of(options.common.out);
  Progress progress(std::cerr, progress_style(options.common));
  Clock clock;
  Seconds seconds;
  const timemachine::FeatureTables tables = read_tables(options, progress);
  seconds.read = clock.lap();
  progress.begin("join and write", 0);
  const timemachine::AsOf joined = timemachine::as_of_join(tables.as_of_labels(), tables.as_of_facts(), options.how);
  seconds.join = clock.lap();
  if (!options.common.out.empty()) timemachine::write_features(options.common.out, tables, joined);
  progress.end();
  seconds.write = clock.lap();
  print(options.common.json ? json_of(options, tables, joined, seconds).dump(2)
                            : table_of(options, tables, joined, seconds));
}

}  // namespace

void add_features(CLI::App& app) {
  auto options = std::make_shared<FeaturesOptions>();
  CLI::App& features = *app.add_subcommand("features", "Join labels to what was known of their key by then");
  features.add_option("--labels", options->labels, "Table of labels: .parquet, .csv or .tsv")->check(refuse_empty);
  features.add_option("--facts", options->facts, "Table of facts, a row for each version")->check(refuse_empty);
  features.add_option("--by", options->which.key, "Column of both that says whom a row is about");
  features.add_option("--time", options->which.time, "Column of the labels: the moment")->capture_default_str();
  features.add_option("--fact-time", options->which.event_time, "Column of the facts: when it happened")
      ->capture_default_str();
  features.add_option("--known-time", options->known_time,
                      "Column of the facts: when it became known; known_time, if there is one, when absent");
  features.add_option("--columns", options->columns, "Columns of the facts to write; all but the key and the times")
      ->delimiter(',');
  features.add_option("--prefix", options->which.prefix, "Before the names of the facts' columns in the result");
  features.add_option("--tolerance", options->tolerance, "The oldest fact taken, such as 30d, 12h, 90s");
  features.add_flag("--strict", options->how.strict, "Facts from before the label's time only, not from the same time");
  features.add_flag("--event-time-only", options->how.event_time_only,
                    "Look at event times alone, and tell how many rows get a fact that was not known yet");
  features.add_option("--max-bad", options->max_bad, "Share of rows of a table that may be unreadable")
      ->check(refuse_share)
      ->capture_default_str();
  add_out(features, options->common,
          "Write the labels with their facts: .parquet, .csv or .tsv; only counted when absent");
  add_common(features, options->common, "Print the result as JSON instead of the table");
  features.footer(
      "Examples:\n"
      "  tamis features --labels labels.parquet --facts profile.parquet --by user --out features.parquet\n"
      "  tamis features --labels labels.csv --facts views.csv --by user --time shown_at --fact-time viewed_at \\\n"
      "    --known-time loaded_at --columns minutes --prefix last_ --tolerance 30d --out features.csv\n"
      "  tamis features --labels labels.csv --facts views.csv --by user --event-time-only --json");
  features.callback([options] { run(*options); });
}

}  // namespace tamis::cli
