#include "tamis/sift/evaluate.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/columns.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/progress.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;

struct EvaluateFlags {
  Common common;
  std::string plan;
  double max_bad = 0.001;
  bool keys = false;
};

constexpr std::string_view kOneFold = "one fold has no spread";
constexpr std::string_view kOneUser = "fewer than two users could be measured";

Json number_or_null(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json json_of(const sift::FoldTold& fold) {
  Json json{{"train", fold.train_units},
            {"test", fold.test_units},
            {"questions", fold.questions},
            {"users", fold.users},
            {"cold", fold.cold}};
  if (fold.ranges) {
    json["train_from"] =
        fold.ranges->train_from ? Json(data::format_time(*fold.ranges->train_from)) : Json("the first event");
    json["train_until"] = data::format_time(fold.ranges->train_until);
    json["test_from"] = data::format_time(fold.ranges->test_from);
  }
  return json;
}

Json json_of(const sift::BootstrapValue& value) {
  return {
      {"apparent", value.apparent},       {"out_of_bag", value.out_of_bag}, {"no_information", value.no_information},
      {"overfitting", value.overfitting}, {"632", value.value_632},         {"632+", value.value_632_plus}};
}

Json json_of(const sift::MetricTold& metric) {
  Json json{{"folds", Json::array()}};
  bool defined = true;
  for (const auto& fold : metric.folds) {
    json["folds"].push_back(number_or_null(fold));
    defined = defined && fold.has_value();
  }
  const bool any = std::any_of(metric.folds.begin(), metric.folds.end(), [](const auto& f) { return f.has_value(); });
  json["mean"] = any ? Json(metric.mean) : Json(nullptr);
  json["se"] = number_or_null(metric.se);
  if (!defined)
    json["why"] = "in a fold of null no question has the metric";
  else if (!metric.se)
    json["why"] = kOneFold;
  return json;
}

Json json_of(const sift::CandidateTold& candidate, const sift::EvaluatePlan& plan) {
  Json json{{"name", candidate.name}, {"describe", candidate.describe}};
  json.update(json_of(candidate.metrics.front()));
  json["users"] = candidate.users.values.size();
  json["user_se"] = number_or_null(candidate.user_se);
  if (candidate.bootstrap) json["bootstrap"] = json_of(candidate.bootstrap->front());
  json["metrics"] = Json::object();
  for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
    Json& metric = json["metrics"][plan.metrics[m].name];
    metric = json_of(candidate.metrics[m]);
    if (candidate.bootstrap) metric["bootstrap"] = json_of((*candidate.bootstrap)[m]);
  }
  return json;
}

Json json_of(const std::optional<sift::PairTold::Compared>& compared, std::string_view unit, std::string_view why) {
  if (!compared) return {{"difference", nullptr}, {"why", why}};
  return {{"difference", compared->test.estimate},
          {"se", compared->test.standard_error},
          {"low", compared->interval.low},
          {"high", compared->interval.high},
          {"p", compared->test.p},
          {"p_holm", compared->p_holm},
          {unit, compared->count}};
}

Json json_of(const EvaluateFlags& flags, const sift::EvaluatePlan& plan, const sift::Scene& scene,
             const sift::Evaluation& made) {
  Json json = json_result("evaluate", flags.common);
  for (const auto& [name, words] : sift::evaluate_conventions(plan, scene)) json["conventions"][name] = words;
  json["inputs"] = json_inputs(scene.data.inputs);
  json["title"] = plan.source.title;
  json["source"] = scene.source;
  json["metric"] = plan.metrics.front().name;
  json["test_over_train"] = made.test_over_train;
  json["notes"] = made.notes;
  if (!made.warning.empty()) json["warning"] = made.warning;
  json["folds"] = Json::array();
  for (const sift::FoldTold& fold : made.folds) json["folds"].push_back(json_of(fold));
  json["candidates"] = Json::array();
  for (const sift::CandidateTold& candidate : made.candidates) json["candidates"].push_back(json_of(candidate, plan));
  json["pairs"] = Json::array();
  for (const sift::PairTold& pair : made.pairs) {
    json["pairs"].push_back({{"a", made.candidates[pair.a].name},
                             {"b", made.candidates[pair.b].name},
                             {"folds", json_of(pair.folds, "count", kOneFold)},
                             {"users", json_of(pair.users, "count", kOneUser)}});
  }
  return json;
}

/// Candidates by mean of the deciding metric, best first.
std::vector<std::size_t> best_first(const sift::Evaluation& made) {
  std::vector<std::size_t> order(made.candidates.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return made.candidates[a].metrics.front().mean > made.candidates[b].metrics.front().mean;
  });
  return order;
}

std::string candidates_table(const sift::EvaluatePlan& plan, const sift::Evaluation& made) {
  const bool bootstrap = made.candidates.front().bootstrap.has_value();
  std::vector<std::vector<std::string>> cells{{"candidate", plan.metrics.front().name, "se", "least", "most"}};
  if (bootstrap) cells[0].insert(cells[0].end(), {"apparent", "by lot", ".632", ".632+"});
  for (std::size_t m = 1; m < plan.metrics.size(); ++m) cells[0].push_back(plan.metrics[m].name);
  for (const std::size_t c : best_first(made)) {
    const sift::CandidateTold& candidate = made.candidates[c];
    const sift::MetricTold& metric = candidate.metrics.front();
    std::vector<double> folds;
    for (const auto& fold : metric.folds) {
      if (fold) folds.push_back(*fold);
    }
    const auto number = [&](double value) { return folds.empty() ? "-" : fmt::format("{:.4f}", value); };
    auto& line = cells.emplace_back();
    line = {candidate.name, number(metric.mean), metric.se ? fmt::format("{:.4f}", *metric.se) : "-",
            folds.empty() ? "-" : number(*std::min_element(folds.begin(), folds.end())),
            folds.empty() ? "-" : number(*std::max_element(folds.begin(), folds.end()))};
    if (bootstrap) {
      const sift::BootstrapValue& value = candidate.bootstrap->front();
      for (const double shown : {value.apparent, value.no_information, value.value_632, value.value_632_plus})
        line.push_back(fmt::format("{:.4f}", shown));
    }
    for (std::size_t m = 1; m < plan.metrics.size(); ++m)
      line.push_back(fmt::format("{:.4f}", candidate.metrics[m].mean));
  }
  return columns(cells, 1);
}

/// All pairs where they are few, else those with the best candidate.
std::string pairs_table(const sift::Evaluation& made) {
  constexpr std::size_t kMostPairs = 28;
  const std::size_t best = best_first(made).front();
  std::vector<std::vector<std::string>> cells{
      {"pair", "difference", "over folds", "p (Holm)", "over users", "p (Holm)"}};
  const auto put = [](const std::optional<sift::PairTold::Compared>& compared, std::vector<std::string>& line) {
    line.push_back(compared ? fmt::format("{:+.4f} .. {:+.4f}", compared->interval.low, compared->interval.high) : "-");
    line.push_back(compared ? fmt::format("{:.3g}", compared->p_holm) : "-");
  };
  for (const sift::PairTold& pair : made.pairs) {
    if (made.pairs.size() > kMostPairs && pair.a != best && pair.b != best) continue;
    auto& line = cells.emplace_back();
    line.push_back(made.candidates[pair.a].name + " - " + made.candidates[pair.b].name);
    const double difference =
        made.candidates[pair.a].metrics.front().mean - made.candidates[pair.b].metrics.front().mean;
    line.push_back(fmt::format("{:+.4f}", difference));
    put(pair.folds, line);
    put(pair.users, line);
  }
  return columns(cells, 1);
}

std::string text_of(const sift::EvaluatePlan& plan, const sift::Scene& scene, const sift::Evaluation& made) {
  const auto words = sift::evaluate_conventions(plan, scene);
  std::string text = fmt::format("{}\n{}; {}\n\n{}\n{}", plan.source.title, scene.source, words.front().second,
                                 candidates_table(plan, made), pairs_table(made));
  for (const std::string& note : made.notes) text += "\n" + note;
  return text;
}

/// users.parquet: fold, user, candidate, a column a metric.
void write_users(const std::filesystem::path& path, const sift::EvaluatePlan& plan, const sift::Scene& scene,
                 const sift::Evaluation& made) {
  std::vector<OutputColumn> columns(3 + plan.metrics.size());
  columns[0].name = "fold";
  columns[1].name = "user";
  columns[2].name = "candidate";
  for (std::size_t m = 0; m < plan.metrics.size(); ++m) columns[3 + m].name = plan.metrics[m].name;
  for (std::size_t f = 0; f < made.folds.size(); ++f) {
    for (const sift::CandidateTold& candidate : made.candidates) {
      const auto& users = candidate.metrics.front().users[f].users;
      for (std::size_t i = 0; i < users.size(); ++i) {
        columns[0].integer.push_back(static_cast<std::int64_t>(f));
        columns[1].text.push_back(scene.data.log.users.at(users[i]));
        columns[2].text.push_back(candidate.name);
      }
      for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
        // A metric may be defined for fewer users than the deciding one, or for others.
        const data::UserValues& values = candidate.metrics[m].users[f];
        for (const data::Index user : users) {
          const auto at = std::lower_bound(values.users.begin(), values.users.end(), user);
          const bool found = at != values.users.end() && *at == user;
          columns[3 + m].real.push_back(found ? values.values[static_cast<std::size_t>(at - values.users.begin())]
                                              : std::numeric_limits<double>::quiet_NaN());
        }
      }
    }
  }
  write_table(path, columns);
}

void run_evaluate(EvaluateFlags& flags) {
  if (flags.keys) return print(sift::describe_evaluate_keys());
  if (flags.plan.empty()) fail_caller("evaluate", "names no plan: tamis evaluate PLAN.toml");
  apply_threads(flags.common);
  std::optional<std::filesystem::path> folder;
  if (!flags.common.data.empty()) folder = flags.common.data;
  const sift::EvaluatePlan plan = sift::read_evaluate_plan(flags.plan, folder, flags.common.seed);
  const std::filesystem::path out = flags.common.out;
  if (!out.empty()) make_output_folder(out);
  Progress progress(std::cerr, progress_style(flags.common));
  Quarantine quarantine;
  sift::Scene scene;
  try {
    scene = sift::load_scene(plan.source, flags.common.seed, quarantine, flags.max_bad, progress);
  } catch (...) {
    if (!out.empty()) quarantine.write(out / "quarantine.tsv");
    throw;
  }
  if (!out.empty()) quarantine.write(out / "quarantine.tsv");
  const sift::Evaluation made = sift::evaluate(plan, scene, flags.common.seed, progress);
  const std::string json = json_of(flags, plan, scene, made).dump(2);
  if (!out.empty()) {
    write_users(out / "users.parquet", plan, scene, made);
    write_file(out / "evaluate.json", json + "\n");
  }
  if (!made.warning.empty() && !flags.common.quiet) std::cerr << "tamis: warning: " << made.warning << '\n';
  print(flags.common.json ? json : text_of(plan, scene, made));
}

}  // namespace

void add_evaluate(CLI::App& app) {
  auto flags = std::make_shared<EvaluateFlags>();
  CLI::App* command = app.add_subcommand("evaluate", "Candidates over the folds of a split: fit, score, compare");
  command->add_option("plan", flags->plan, "The plan (docs/formats/evaluate_plan.md)");
  add_out(*command, flags->common, "Folder for evaluate.json and users.parquet, a value a fold, user and candidate");
  add_data(*command, flags->common);
  add_common(*command, flags->common, "Print evaluate.json instead of the tables");
  command->add_option("--max-bad", flags->max_bad, "Share of rows that may be unreadable before the run stops")
      ->check(refuse_share)
      ->capture_default_str();
  command->add_flag("--keys", flags->keys,
                    "Print every key of its own that a plan may hold, with its default, and stop");
  command->footer(
      "Examples:\n"
      "  tamis evaluate examples/evaluate.toml\n"
      "  tamis evaluate examples/evaluate.toml --data ml-100k --out out/evaluate --json\n"
      "  tamis evaluate --keys");
  command->callback([flags] { run_evaluate(*flags); });
}

}  // namespace tamis::cli
