#include "tamis/sift/replay_daily.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/columns.h"
#include "cli/options.h"
#include "cli/replay.h"
#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/sift/replay_daily_page.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;

struct DailyFlags {
  sift::DailyReplayOptions replay;
  Common common;
  std::string plan, from, until;
  std::vector<std::string> cadences = {"daily"};
};

void add_score(Json& json, const sift::Score& score) {
  const auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); };
  json["value"] = number(score.value);
  json["low"] = number(score.low);
  json["high"] = number(score.high);
  if (!score.why.empty()) json["why"] = score.why;
}

Json named(const sift::DailyReplay& replay, std::size_t i, const sift::Score& score) {
  Json json{{"candidate", replay.candidates[i % replay.candidates.size()]},
            {"cadence", word(replay.cadences[i / replay.candidates.size()])}};
  add_score(json, score);
  return json;
}

Json json_days(const sift::DailyReplay& replay) {
  Json days = Json::array();
  for (const sift::ReplayedDay& day : replay.days) {
    Json one{{"from", data::format_time(day.from)},
             {"until", data::format_time(day.until)},
             {"questions", day.questions},
             {"users", day.users},
             {"cold", day.cold}};
    add_score(one, day.scores[replay.first]);
    one["scores"] = Json::array();
    for (std::size_t i = 0; i < day.scores.size(); ++i) one["scores"].push_back(named(replay, i, day.scores[i]));
    days.push_back(std::move(one));
  }
  return days;
}

Json json_of(const sift::DailyReplay& replay, const Common& common) {
  Json json = json_result("replay daily", common);
  json["conventions"] = {{"protocol", "daily replay: fit on what was known, score the day, step on"},
                         {"metric", replay.convention},
                         {"value", "mean over users of the mean over a user's lists"},
                         {"interval", fmt::format("{:g} %, percentiles of {} resamples of the users",
                                                  100 * (1 - replay.alpha), replay.resamples)},
                         {"headline", fmt::format("value, low and high are those of candidate {} under cadence {}",
                                                  replay.candidates[replay.first], word(replay.cadences[0]))},
                         {"staleness", fmt::format("value under {} less value under the cadence, user by user",
                                                   word(replay.cadences[replay.freshest()]))}};
  json["inputs"] = json_inputs(replay.inputs);
  json["title"] = replay.title;
  json["metric"] = replay.metric;
  json["users"] = replay.users;
  add_score(json, replay.scores[replay.first]);
  json["candidates"] = Json::array();
  for (std::size_t i = 0; i < replay.scores.size(); ++i) {
    Json one = named(replay, i, replay.scores[i]);
    one["staleness"] = Json::object();
    add_score(one["staleness"], replay.staleness[i]);
    json["candidates"].push_back(std::move(one));
  }
  json["days"] = json_days(replay);
  json["days_resumed"] = replay.resumed;
  json["notes"] = replay.notes;
  return json;
}

std::string text_of(const sift::Score& score) {
  if (!score.value) return "none";
  if (!score.low) return fmt::format("{:.4f}", *score.value);
  return fmt::format("{:.4f} [{:.4f}, {:.4f}]", *score.value, *score.low, *score.high);
}

std::string table_of(const sift::DailyReplay& replay) {
  const bool compares = replay.cadences.size() > 1;
  std::vector<std::vector<std::string>> rows{{"candidate", "cadence", replay.metric}};
  if (compares) rows[0].push_back(fmt::format("lost against {}", word(replay.cadences[replay.freshest()])));
  for (std::size_t c = 0; c < replay.candidates.size(); ++c) {
    for (std::size_t k = 0; k < replay.cadences.size(); ++k) {
      auto& row = rows.emplace_back();
      row = {replay.candidates[c], std::string(word(replay.cadences[k])), text_of(replay.scores[replay.at(k, c)])};
      if (compares) row.push_back(k == replay.freshest() ? "" : text_of(replay.staleness[replay.at(k, c)]));
    }
  }
  std::string text = columns(rows, 2) + "\n";
  std::vector<std::vector<std::string>> days{{"day", "lists", "users"}};
  for (const auto cadence : replay.cadences)
    days[0].push_back(fmt::format("{} {}", replay.candidates[replay.first], word(cadence)));
  for (const sift::ReplayedDay& day : replay.days) {
    auto& row = days.emplace_back();
    row = {data::format_time(day.from), fmt::format("{}", day.questions), fmt::format("{}", day.users)};
    for (std::size_t k = 0; k < replay.cadences.size(); ++k)
      row.push_back(day.questions == 0 ? "empty day" : text_of(day.scores[replay.at(k, replay.first)]));
  }
  text += columns(days, 1);
  for (const std::string& note : replay.notes) text += "\n" + note;
  return text;
}

data::Time time_of(const std::string& option, const std::string& text) {
  data::Time time = 0;
  if (!data::parse_time(text, time))
    fail_caller(option, fmt::format("'{}' is no time of the years 1970 to 2200, such as 2024-01-31 or "
                                    "\"2024-01-31 13:05\"",
                                    text));
  return time;
}

void run_daily(DailyFlags& flags) {
  if (flags.plan.empty()) fail_caller("replay daily", "names no plan: tamis replay daily PLAN.toml");
  sift::DailyReplayOptions& options = flags.replay;
  options.cadences.clear();
  for (const std::string& name : flags.cadences) {
    const sift::Cadence cadence = sift::parse_cadence(name);
    if (std::find(options.cadences.begin(), options.cadences.end(), cadence) != options.cadences.end())
      fail_caller("cadence", fmt::format("\"{}\" is asked for twice", name));
    options.cadences.push_back(cadence);
  }
  if (!flags.from.empty()) options.from = time_of("--from", flags.from);
  if (!flags.until.empty()) options.until = time_of("--until", flags.until);
  apply_threads(flags.common);
  options.plan = flags.plan;
  options.out = flags.common.out.empty() ? "out/" + std::filesystem::path(flags.plan).stem().string() + "-daily"
                                         : flags.common.out;
  if (!flags.common.data.empty()) options.data = flags.common.data;
  options.seed = flags.common.seed;
  options.version = TAMIS_VERSION;
  Progress progress(std::cerr, progress_style(flags.common));
  const sift::DailyReplay replay = sift::replay_daily(options, progress);
  const Json json = json_of(replay, flags.common);
  write_table(options.out / "days.csv", sift::replay_daily_table(replay));
  write_file(options.out / "replay.html", sift::replay_daily_page(replay));
  write_file(options.out / "replay.json", json.dump(1) + "\n");
  const std::string page = (options.out / "replay.html").string();
  print(flags.common.json ? json.dump(2) : table_of(replay) + "\nPage: " + page, "; the result is whole in " + page);
}

}  // namespace

void add_replay_daily(CLI::App& replay) {
  auto flags = std::make_shared<DailyFlags>();
  CLI::App* daily = replay.add_subcommand("daily", "Day by day: fit on what was known, score the day, step on");
  daily->add_option("plan", flags->plan, "A plan with a replay stage (docs/formats/plan.md)");
  daily
      ->add_option("--cadence", flags->cadences, "How often to fit anew: frozen, daily, hourly, or several with commas")
      ->delimiter(',')
      ->capture_default_str();
  daily->add_option("--candidates", flags->replay.candidates, "Names with commas; all of the plan when absent")
      ->delimiter(',');
  daily->add_option("--metric", flags->replay.metric, "Metric to score by; the replay stage's first when absent");
  daily->add_option("--from", flags->from, "Beginning of the first day; as the plan's test says when absent");
  daily->add_option("--until", flags->until, "End of the last day; the end of the log when absent");
  add_out(*daily, flags->common, "Folder for the days done, days.csv, replay.html; out/NAME-OF-THE-PLAN-daily");
  add_data(*daily, flags->common);
  daily->add_flag("--resume", flags->replay.resume, "Keep the days that a run into the same folder has done");
  daily->add_option("--max-bad", flags->replay.max_bad, "Share of rows that may be unreadable before the run stops")
      ->check(refuse_share)
      ->capture_default_str();
  add_common(*daily, flags->common, "Print replay.json instead of the table");
  daily->footer(
      "Examples:\n"
      "  tamis replay daily examples/replay.toml --out out/replay\n"
      "  tamis replay daily examples/replay.toml --cadence frozen,daily,hourly --out out/replay --resume\n"
      "  tamis replay daily examples/replay.toml --candidates popularity,fresh --metric auc --json");
  daily->callback([flags] { run_daily(*flags); });
}

}  // namespace tamis::cli
