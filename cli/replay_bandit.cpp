#include <fmt/format.h>
#include <spdlog/spdlog.h>

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
#include "tamis/evidence/replay/bandit.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;
using replay::BanditEstimate;
using replay::BanditLog;
using replay::IntervalKind;

struct BanditFlags {
  replay::BanditOptions options;
  replay::BanditColumns columns;
  Common common;
  std::string log, arms, policy, policy_log, estimator = "replay", cells = "position", interval = "auto";
  double clip = 0;
  bool clips = false;
  double max_bad = 0.001;
};

/// What is replayed, and what came of it.
struct Found {
  BanditLog log;
  std::string policy;
  BanditEstimate estimate, logged;
  std::optional<BanditEstimate> own;  ///< of the log the policy was learnt from
  std::vector<InputFile> inputs;
};

BanditLog read(const std::string& path, const BanditFlags& flags, Quarantine& quarantine) {
  if (path != "-" && std::filesystem::is_directory(path)) {
    const replay::OpenBandit files = replay::open_bandit(path);
    return replay::read_bandit_log(files.log, files.columns, files.arms, quarantine);
  }
  return replay::read_bandit_log(path, flags.columns, flags.arms, quarantine);
}

void check_quarantine(const BanditFlags& flags, const std::vector<InputFile>& inputs, const Quarantine& quarantine) {
  if (!flags.common.out.empty())
    quarantine.write(std::filesystem::path(flags.common.out).parent_path() / "quarantine.tsv");
  std::uint64_t rows = 0;
  for (const InputFile& input : inputs) rows += input.rows_read;
  quarantine.check(rows, flags.max_bad);
}

void estimate(const BanditFlags& flags, Found& found, Quarantine& quarantine, Progress& progress) {
  if (replay::is_learner(flags.policy)) {
    const auto policy = replay::make_learner(flags.policy, found.log);
    found.policy = flags.policy;
    found.estimate = replay::replay_learner(found.log, *policy, flags.options, progress);
    return;
  }
  replay::ActionProbabilities policy;
  if (!flags.policy_log.empty()) {
    const BanditLog of = read(flags.policy_log, flags, quarantine);
    found.inputs.insert(found.inputs.end(), of.inputs.begin(), of.inputs.end());
    check_quarantine(flags, found.inputs, quarantine);
    policy = replay::average_policy(of, found.log);
    found.policy = "what " + flags.policy_log + " showed on average";
    found.own = replay::logged_value(of, flags.options, progress);
  } else if (flags.policy.empty() || flags.policy == "uniform") {
    policy = replay::uniform_policy(found.log);
    found.policy = "uniform";
  } else if (!table_format(flags.policy)) {
    fail_caller("policy", fmt::format("'{}' is neither uniform, epsilon-greedy:E, ucb1 or thompson, nor a table (.csv, "
                                      ".tsv, .parquet)",
                                      flags.policy));
  } else {
    policy = replay::read_policy(flags.policy, found.log);
    found.inputs.push_back(found.log.inputs.back());
    found.policy = flags.policy;
  }
  found.estimate = replay::estimate_bandit(found.log, policy, flags.options, progress);
}

Json number(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

void add_value(Json& json, const BanditEstimate& estimate) {
  json["value"] = number(estimate.value);
  if (!estimate.value) json["why"] = estimate.why;
  json["low"] = number(estimate.low);
  json["high"] = number(estimate.high);
  if (estimate.value && !estimate.low)
    json["why_no_interval"] =
        estimate.interval == IntervalKind::none ? "no interval was asked for" : estimate.why_no_interval;
  json["interval"] = word(estimate.interval);
}

Json conventions(const BanditFlags& flags, const Found& found) {
  const replay::BanditOptions& options = flags.options;
  const bool models = options.estimator == replay::Estimator::dm || options.estimator == replay::Estimator::dr;
  Json json{{"protocol", "bandit replay: one policy's value from the log of another's decisions"},
            {"estimator", word(options.estimator)},
            {"candidates", "every arm of the log at every event"},
            {"order", found.log.by_time ? "by time" : "as in the file"},
            {"clip", options.clip ? Json(*options.clip) : Json("none")},
            {"unit", found.log.user.empty() ? "event" : "user"},
            {"alpha", options.alpha},
            {"resamples", found.estimate.interval == IntervalKind::bootstrap ? Json(options.resamples) : Json("none")}};
  if (models)
    json["model"] = fmt::format("mean reward by {}", options.cells == replay::RewardCells::arm ? "arm"
                                                     : options.cells == replay::RewardCells::position
                                                         ? "position and arm"
                                                         : "context, position and arm");
  if (options.estimator == replay::Estimator::dr) json["folds"] = options.folds;
  if (replay::is_learner(flags.policy)) json["learning"] = "from kept events alone, one record an arm";
  if (found.own)
    json["policy"] =
        "the share of the policy log's events at each position (and context) that showed the arm: its "
        "average over time, without what it learnt on the way";
  return json;
}

Json json_of(const BanditFlags& flags, const Found& found) {
  const BanditEstimate& estimate = found.estimate;
  Json json = json_result("replay bandit", flags.common);
  json["conventions"] = conventions(flags, found);
  json["inputs"] = json_inputs(found.inputs);
  json["policy"] = found.policy;
  json["estimator"] = word(flags.options.estimator);
  add_value(json, estimate);
  json["events"] = estimate.events;
  json["units"] = estimate.units;
  json["arms"] = found.log.arms.size();
  json["situations"] = found.log.situations.size();
  const bool weighs = flags.options.estimator != replay::Estimator::dm;
  json["matched"] = weighs ? Json(estimate.matched) : Json(nullptr);
  json["ess"] = number(estimate.effective);
  if (!estimate.effective) json["why_no_ess"] = weighs ? "no event matched" : "the direct method weighs no event";
  if (estimate.mean_weight) {
    json["mean_weight"] = *estimate.mean_weight;
    json["max_weight"] = number(estimate.max_weight);
    json["clipped"] = estimate.clipped;
  }
  json["logged"] = Json::object();
  add_value(json["logged"], found.logged);
  if (found.own) {
    json["own"] = Json::object();
    add_value(json["own"], *found.own);
    json["own"]["events"] = found.own->events;
  }
  json["cautions"] = estimate.cautions;
  return json;
}

std::string text_of(const BanditEstimate& estimate) {
  if (!estimate.value) return "none: " + estimate.why;
  const std::string value = fmt::format("{:.6f}", *estimate.value);
  if (!estimate.low) return estimate.why_no_interval.empty() ? value : value + " (" + estimate.why_no_interval + ")";
  return fmt::format("{} [{:.6f}, {:.6f}]", value, *estimate.low, *estimate.high);
}

std::string table_of(const BanditFlags& flags, const Found& found) {
  const BanditEstimate& estimate = found.estimate;
  std::vector<std::vector<std::string>> rows{
      {"bandit replay", found.policy},
      {"estimator", std::string(word(flags.options.estimator))},
      {"value", text_of(estimate)},
      {"interval", estimate.interval == IntervalKind::none
                       ? "none"
                       : fmt::format("{:g} %, {}", 100 * (1 - flags.options.alpha), word(estimate.interval))},
      {"events", fmt::format("{}", estimate.events)}};
  if (flags.options.estimator != replay::Estimator::dm)
    rows.push_back({"matched", fmt::format("{}", estimate.matched)});
  if (estimate.effective) rows.push_back({"effective", fmt::format("{:.1f}", *estimate.effective)});
  if (estimate.mean_weight) {
    rows.push_back({"mean weight", fmt::format("{:.4f}", *estimate.mean_weight)});
    rows.push_back({"largest weight", fmt::format("{:.4g}", estimate.max_weight.value_or(0))});
    if (flags.options.clip)
      rows.push_back({"clipped", fmt::format("{} above {:g}", estimate.clipped, *flags.options.clip)});
  }
  rows.push_back({"the log itself", text_of(found.logged)});
  if (found.own) rows.push_back({"policy's own log", text_of(*found.own)});
  std::string text = columns(rows, 2);
  for (const std::string& caution : estimate.cautions) text += "\nCaution: " + caution;
  return text;
}

void run_bandit(BanditFlags& flags) {
  if (flags.log.empty())
    fail_caller("replay bandit", "names no log: --log FILE, or a folder of the Open Bandit Dataset");
  if (!flags.policy.empty() && !flags.policy_log.empty())
    fail_caller("replay bandit", "--policy and --policy-log both say what is replayed; give one of them");
  flags.options.estimator = replay::parse_estimator(flags.estimator);
  flags.options.cells = replay::parse_cells(flags.cells);
  flags.options.interval = replay::parse_interval(flags.interval);
  flags.options.seed = flags.common.seed;
  if (flags.clips) flags.options.clip = flags.clip;
  replay::check_options(flags.options);
  apply_threads(flags.common);
  Progress progress(std::cerr, progress_style(flags.common));
  if (!flags.common.out.empty()) make_folder_of(flags.common.out);
  Quarantine quarantine;
  Found found;
  found.log = read(flags.log, flags, quarantine);
  found.inputs = found.log.inputs;
  check_quarantine(flags, found.inputs, quarantine);
  estimate(flags, found, quarantine, progress);
  found.logged = replay::logged_value(found.log, flags.options, progress);
  if (quarantine.count() > 0)
    spdlog::warn("{} rows could not be read and are left out; the first: {}", quarantine.count(), quarantine.first());
  const Json json = json_of(flags, found);
  if (!flags.common.out.empty()) write_file(flags.common.out, json.dump(2) + "\n");
  print(flags.common.json ? json.dump(2) : table_of(flags, found));
}

void add_columns(CLI::App& bandit, replay::BanditColumns& columns) {
  bandit.add_option("--arm", columns.arm, "Column of the arm shown")->capture_default_str();
  bandit.add_option("--reward", columns.reward, "Column of the reward")->capture_default_str();
  bandit.add_option("--propensity", columns.propensity, "Column of the probability the arm had")->capture_default_str();
  bandit.add_option("--position", columns.position, "Column of the position, from 1")->capture_default_str();
  bandit.add_option("--context", columns.context, "Column of the context")->capture_default_str();
  bandit.add_option("--user", columns.user, "Column of the user, the unit where it is there")->capture_default_str();
  bandit.add_option("--time", columns.time, "Column of the time, to order events by")->capture_default_str();
  bandit.add_option("--probabilities", columns.probabilities,
                    "How the columns of all action probabilities begin; an arm's name follows");
}

}  // namespace

void add_replay_bandit(CLI::App& replay) {
  auto flags = std::make_shared<BanditFlags>();
  CLI::App* bandit = replay.add_subcommand("bandit", "A policy's value from the log of another one's decisions");
  bandit->add_option("--log", flags->log, "Log of decisions (docs/formats/bandit_log.md), or an Open Bandit folder");
  bandit->add_option(
      "--policy", flags->policy,
      "uniform, epsilon-greedy:E, ucb1, thompson, or a table of arm and probability; uniform when absent");
  bandit->add_option("--policy-log", flags->policy_log, "A log whose own policy is replayed, as it was on average")
      ->check(refuse_empty);
  bandit->add_option("--estimator", flags->estimator, "replay (uniform logs), ips, snips, dm or dr")
      ->capture_default_str();
  bandit->add_option("--clip", flags->clip, "Largest weight (ips, snips, dr)")->each([flags](const std::string&) {
    flags->clips = true;
  });
  bandit->add_option("--model", flags->cells, "dm, dr: mean reward by arm, position (and arm) or context (and both)")
      ->capture_default_str();
  bandit->add_option("--interval", flags->interval, "auto, bootstrap, clopper-pearson or none")->capture_default_str();
  bandit->add_option("--alpha", flags->options.alpha, "1 - coverage of the interval")->capture_default_str();
  bandit->add_option("--resamples", flags->options.resamples, "Of the bootstrap")->capture_default_str();
  bandit->add_flag("--uniform", flags->options.trust_uniform,
                   "The log tells no propensities, and was uniformly logged");
  bandit->add_option("--arms", flags->arms, "Table that lists the arms, in a column named as the log's")
      ->check(refuse_empty);
  add_columns(*bandit, flags->columns);
  add_out(*bandit, flags->common, "File for the JSON result; quarantine.tsv is written beside it");
  bandit->add_option("--max-bad", flags->max_bad, "Share of rows that may be unreadable before the run stops")
      ->check(refuse_share)
      ->capture_default_str();
  add_common(*bandit, flags->common, "Print the result as JSON instead of the table");
  bandit->footer(
      "Examples:\n"
      "  tamis replay bandit --log decisions.csv --policy policy.csv --estimator snips --clip 20\n"
      "  tamis replay bandit --log decisions.csv --policy thompson --uniform\n"
      "  tamis replay bandit --log open-bandit/random/men --policy-log open-bandit/bts/men");
  bandit->callback([flags] { run_bandit(*flags); });
}

}  // namespace tamis::cli
