#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "cli/columns.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/tasks.h"
#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/json_number.h"
#include "tamis/base/progress.h"
#include "tamis/engine/train/curves.h"
#include "tamis/engine/train/run.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;

struct TrainOptions {
  Common common;
  std::string config;
  bool resume = false;
  bool keys = false;
};

/// What one config came to; `failure` where it ended before its time.
struct Outcome {
  std::string name, changes, failure;
  std::filesystem::path out;
  std::int64_t parameters = 0;
  train::RunResult run;
  std::vector<InputFile> inputs;
};

Outcome train_one(ConfigFile& file, const TrainOptions& options, const std::filesystem::path& out, Progress& progress) {
  const train::Config config = train::read_config(file);
  const auto task = make_task(file, config, options.common.data, options.common.seed);
  train::Trainer trainer(*task, config.recipe, options.common.seed);
  Outcome outcome;
  outcome.out = out;
  outcome.name = config.title;
  outcome.inputs = task->inputs();
  outcome.parameters = task->network().parameter_count();
  outcome.run = train::run(trainer,
                           {.out = out,
                            .resume = options.resume,
                            .title = config.title,
                            .config = file.bytes(),
                            .seed = options.common.seed},
                           progress);
  task->publish(out);
  return outcome;
}

Json json_of(const Outcome& outcome) {
  const train::RunResult& run = outcome.run;
  Json metrics = Json::object();
  for (const auto& [name, value] : run.metrics) metrics[name] = json_number(value);
  Json best = nullptr;
  if (run.best) best = {{"step", run.best->step}, {"part", run.best->part}, {"metrics", run.best->metrics}};
  Json json{{"name", outcome.name},
            {"out", outcome.out.string()},
            {"parameters", outcome.parameters},
            {"stopped", run.stopped},
            {"steps", run.steps},
            {"epochs", run.epochs},
            {"train_loss", json_number(run.train_loss)},
            {"part", run.part},
            {"metrics", metrics},
            {"best", best},
            {"train_s", run.train_seconds},
            {"evaluate_s", run.evaluate_seconds},
            {"examples_per_s", run.examples_per_second}};
  if (!outcome.failure.empty()) json["why"] = outcome.failure;
  return json;
}

Json json_head(const TrainOptions& options, const std::vector<InputFile>& inputs) {
  Json json = json_result("train", options.common);
  json["conventions"] = {{"loss", "mean over examples"},
                         {"metrics", "of the last weights unless report = \"best\""},
                         {"best", "by validation rows, or by test rows where there are none"},
                         {"normalisation", "from the training rows alone"}};
  json["inputs"] = json_inputs(inputs);
  return json;
}

std::string metric_text(const std::string& name, double value) {
  return name == "accuracy" ? fmt::format("{:.2f} %", 100 * value) : fmt::format("{:.4f}", value);
}

std::string table_of(const Outcome& outcome) {
  const train::RunResult& run = outcome.run;
  std::vector<std::vector<std::string>> rows{{outcome.name, ""}};
  for (const auto& [name, value] : run.metrics) rows.push_back({run.part + " " + name, metric_text(name, value)});
  rows.push_back({"training loss, last epoch", fmt::format("{:.4f}", run.train_loss)});
  if (run.best) {
    for (const auto& [name, value] : run.best->metrics) {
      rows.push_back({fmt::format("best checkpoint (step {}), {} {}", run.best->step, run.best->part, name),
                      metric_text(name, value)});
    }
  }
  rows.push_back({"parameters", fmt::format("{}", outcome.parameters)});
  rows.push_back({"steps", fmt::format("{}", run.steps)});
  rows.push_back({"stopped by", run.stopped});
  rows.push_back({"training, s", fmt::format("{:.1f}", run.train_seconds)});
  rows.push_back({"examples a second", fmt::format("{:.0f}", run.examples_per_second)});
  return columns(rows, 1);
}

/// The runs of a config with [[run]] tables, each in a folder of its own. One that stops being finite is a result.
std::vector<Outcome> compare(std::vector<ConfigFile::Variant>& variants, const TrainOptions& options,
                             const std::filesystem::path& out, Progress& progress) {
  std::vector<Outcome> outcomes;
  for (ConfigFile::Variant& variant : variants) {
    const std::filesystem::path folder = out / variant.name;
    try {
      outcomes.push_back(train_one(variant.file, options, folder, progress));
    } catch (const train::NotFinite& error) {
      outcomes.emplace_back();
      outcomes.back().out = folder;
      outcomes.back().failure = error.what();
      outcomes.back().run.stopped = "not finite";
      outcomes.back().run.train_loss = NAN;
    }
    outcomes.back().name = variant.name;
    outcomes.back().changes = variant.changes;
  }
  return outcomes;
}

std::string table_of(const std::vector<Outcome>& outcomes) {
  std::vector<std::vector<std::string>> rows{{"run", "stopped by", "training loss"}};
  for (const Outcome& outcome : outcomes) {
    for (const auto& [name, value] : outcome.run.metrics) {
      const std::string title = outcome.run.part + " " + name;
      if (std::find(rows[0].begin(), rows[0].end(), title) == rows[0].end()) rows[0].push_back(title);
    }
  }
  for (const Outcome& outcome : outcomes) {
    rows.push_back({outcome.name, outcome.run.stopped, fmt::format("{:.4f}", outcome.run.train_loss)});
    for (const auto& [name, value] : outcome.run.metrics) rows.back().push_back(metric_text(name, value));
    rows.back().resize(rows[0].size(), "-");
  }
  return columns(rows, 2);
}

void run_comparison(const TrainOptions& options, std::vector<ConfigFile::Variant>& variants,
                    const std::filesystem::path& out, const std::string& title) {
  Progress progress(std::cerr, progress_style(options.common));
  const std::vector<Outcome> outcomes = compare(variants, options, out, progress);
  std::vector<train::NamedLog> logs;
  std::vector<InputFile> inputs;
  Json runs = Json::array();
  for (const Outcome& outcome : outcomes) {
    logs.push_back({outcome.name, outcome.changes, train::read_log(outcome.out / "log.jsonl")});
    if (inputs.empty()) inputs = outcome.inputs;
    runs.push_back(json_of(outcome));
  }
  const std::filesystem::path page = out / "comparison.html";
  write_file(page, train::comparison_page(title, logs));
  Json json = json_head(options, inputs);
  json["title"] = title;
  json["runs"] = runs;
  write_file(out / "result.json", json.dump(2) + "\n");
  print(options.common.json ? json.dump(2) : table_of(outcomes) + "\nCurves: " + page.string());
}

void run_train(const TrainOptions& options) {
  if (options.keys) return print(describe_train_keys());
  if (options.config.empty()) fail_caller("train", "names no configuration: tamis train CONFIG.toml");
  apply_threads(options.common);
  ConfigFile file(options.config);
  const std::filesystem::path out =
      options.common.out.empty() ? "out/" + std::filesystem::path(options.config).stem().string() : options.common.out;
  make_output_folder(out);
  std::vector<ConfigFile::Variant> variants = file.variants("run");
  if (!variants.empty()) {
    const std::string title = train::read_config(variants.front().file).title;
    return run_comparison(options, variants, out, title);
  }
  Progress progress(std::cerr, progress_style(options.common));
  const Outcome outcome = train_one(file, options, out, progress);
  Json json = json_head(options, outcome.inputs);
  json.update(json_of(outcome));
  write_file(out / "result.json", json.dump(2) + "\n");
  print(options.common.json ? json.dump(2) : table_of(outcome) + "\nCurves: " + (out / "curves.html").string());
}

}  // namespace

void add_train(CLI::App& app) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App* train = app.add_subcommand("train", "Train a network as a configuration says");
  train->add_option("config", options->config, "The configuration (docs/formats/train_config.md)");
  add_out(*train, options->common, "Folder for checkpoints, log and curves; out/NAME-OF-THE-CONFIG when absent");
  add_data(*train, options->common);
  train->add_flag("--resume", options->resume,
                  "Go on from the last checkpoint in the folder; begin where there is none");
  add_common(*train, options->common, "Print the result as JSON instead of the table");
  train->add_flag("--keys", options->keys, "Print every key a configuration may hold, with its default, and stop");
  train->footer(
      "Examples:\n"
      "  tamis train examples/optdigits.toml --out out/optdigits\n"
      "  tamis train examples/optdigits.toml --out out/optdigits --resume\n"
      "  tamis train examples/mnist.toml --data FOLDER --json > result.json\n"
      "  tamis train examples/remedies.toml --out out/remedies\n"
      "  tamis train --keys");
  train->callback([options] { run_train(*options); });
}

}  // namespace tamis::cli
