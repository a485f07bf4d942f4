#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/columns.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/tasks.h"
#include "tamis/base/error.h"
#include "tamis/base/memory_meter.h"
#include "tamis/base/parallel.h"
#include "tamis/base/progress.h"
#include "tamis/engine/train/memory_plan.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;

struct MemoryOptions {
  Common common;
  std::string config;
  std::int64_t steps = 3;
  bool plan_only = false;
};

struct Memory {
  train::MemoryPlan plan;
  std::optional<train::MeasuredMemory> measured;
};

/// One number of the plan, and the meter's of the same, where it has one.
struct Figure {
  std::string part;
  std::int64_t predicted = 0;
  std::optional<std::int64_t> measured = {};
};

std::vector<Figure> training_figures(const Memory& memory) {
  const train::MemoryParts& parts = memory.plan.training;
  const auto measured = [&](std::int64_t train::MeasuredMemory::*member) {
    return memory.measured ? std::optional((*memory.measured).*member) : std::nullopt;
  };
  return {{"parameters", parts.parameters, measured(&train::MeasuredMemory::parameters)},
          {"moments", parts.moments, measured(&train::MeasuredMemory::moments)},
          {"gradients", parts.gradients},
          {"inputs", parts.inputs},
          {"activations", parts.activations},
          {"workspace", parts.workspace},
          {"most at once", parts.total(), measured(&train::MeasuredMemory::training)},
          {"between steps", memory.plan.between_steps, measured(&train::MeasuredMemory::between_steps)}};
}

std::vector<Figure> inference_figures(const Memory& memory) {
  const train::MemoryParts& parts = memory.plan.inference;
  return {{"parameters", parts.parameters, memory.measured ? std::optional(memory.measured->parameters) : std::nullopt},
          {"inputs", parts.inputs},
          {"activations", parts.activations},
          {"most at once", parts.total(), memory.measured ? std::optional(memory.measured->inference) : std::nullopt}};
}

std::optional<double> ratio(const Figure& figure) {
  if (!figure.measured || *figure.measured <= 0) return std::nullopt;
  return static_cast<double>(figure.predicted) / static_cast<double>(*figure.measured);
}

std::string bytes_or_dash(const std::optional<std::int64_t>& bytes) {
  return bytes ? bytes_text(static_cast<double>(*bytes)) : "-";
}

std::string figures_table(const Memory& memory) {
  std::vector<std::vector<std::string>> rows{{"of", "part", "predicted", "measured", "ratio"}};
  const auto add = [&](const std::string& of, const std::vector<Figure>& figures) {
    for (const Figure& figure : figures) {
      const std::optional<double> share = ratio(figure);
      rows.push_back({of, figure.part, bytes_or_dash(figure.predicted), bytes_or_dash(figure.measured),
                      share ? fmt::format("{:.3f}", *share) : "-"});
    }
  };
  add("training", training_figures(memory));
  add("inference", inference_figures(memory));
  return columns(rows, 2);
}

std::string layers_table(const Memory& memory) {
  std::vector<std::vector<std::string>> rows{
      {"tower", "layer", "kind", "output", "training", "measured", "inference", "measured"}};
  for (std::size_t i = 0; i < memory.plan.layers.size(); ++i) {
    const train::LayerMemory& layer = memory.plan.layers[i];
    std::optional<std::int64_t> training, inference;
    if (memory.measured) {
      training = memory.measured->layers_training[i];
      inference = memory.measured->layers_inference[i];
    }
    rows.push_back({layer.tower, layer.layer, layer.kind, layer.output.text(), bytes_or_dash(layer.training),
                    bytes_or_dash(training), bytes_or_dash(layer.inference), bytes_or_dash(inference)});
  }
  return columns(rows, 4);
}

std::string report(const MemoryOptions& options, const Memory& memory) {
  const train::MemoryPlan& plan = memory.plan;
  std::string text = fmt::format(
      "Tensors of {}: {} shards of {} examples, the activations of {} of them at once; evaluation of {} examples on "
      "each of {} threads\n\n{}\nWhat each layer adds to what one shard holds\n\n{}",
      options.config, plan.shards, plan.examples, plan.at_work, plan.evaluated, plan.threads, figures_table(memory),
      layers_table(memory));
  if (memory.measured) {
    text += fmt::format("\nPeak resident memory of this process, data set and program included: {}",
                        bytes_text(static_cast<double>(peak_resident_bytes())));
  }
  return text;
}

Json figures_json(const std::vector<Figure>& figures) {
  Json json = Json::object();
  for (const Figure& figure : figures) {
    Json entry{{"predicted", figure.predicted}, {"measured", nullptr}, {"ratio", nullptr}};
    if (figure.measured) entry["measured"] = *figure.measured;
    if (const auto share = ratio(figure)) entry["ratio"] = *share;
    if (!figure.measured) entry["why"] = "the meter counts it within \"most at once\", or nothing was run";
    std::string key = figure.part;
    std::replace(key.begin(), key.end(), ' ', '_');
    json[key] = std::move(entry);
  }
  return json;
}

Json to_json(const MemoryOptions& options, const Memory& memory, const std::vector<InputFile>& inputs) {
  Json json = json_result("memory", options.common);
  json["conventions"] = {{"bytes", "of tensors as asked for; the data set is not in them"},
                         {"layers", "what one shard holds more after the layer than before it"}};
  json["inputs"] = json_inputs(inputs);
  json["shards"] = memory.plan.shards;
  json["examples_of_a_shard"] = memory.plan.examples;
  json["shards_at_once"] = memory.plan.at_work;
  json["examples_evaluated_at_once"] = memory.plan.evaluated;
  json["training"] = figures_json(training_figures(memory));
  json["inference"] = figures_json(inference_figures(memory));
  json["layers"] = Json::array();
  for (std::size_t i = 0; i < memory.plan.layers.size(); ++i) {
    const train::LayerMemory& layer = memory.plan.layers[i];
    Json entry{{"tower", layer.tower},           {"layer", layer.layer},       {"kind", layer.kind},
               {"output", layer.output.sizes()}, {"training", layer.training}, {"inference", layer.inference}};
    if (memory.measured) {
      entry["measured_training"] = memory.measured->layers_training[i];
      entry["measured_inference"] = memory.measured->layers_inference[i];
    }
    json["layers"].push_back(std::move(entry));
  }
  return json;
}

/// The steps run on the same task object that was planned for.
template <typename SomeTask>
Memory plan_and_measure(SomeTask& task, const train::Recipe& recipe, const MemoryOptions& options) {
  Memory memory{train::plan_memory(task, recipe, threads()), std::nullopt};
  if (options.plan_only) return memory;
  Progress progress(std::cerr, progress_style(options.common));
  progress.begin("measuring", 0);
  memory.measured = train::measure_memory(task, recipe, options.common.seed, options.steps);
  progress.end();
  return memory;
}

void run_memory(const MemoryOptions& options) {
  apply_threads(options.common);
  ConfigFile file(options.config);
  const train::Config config = train::read_config(file);
  const auto task = make_task(file, config, options.common.data, options.common.seed);
  Memory memory;
  if (auto* classify = dynamic_cast<train::Classify*>(task.get())) {
    memory = plan_and_measure(*classify, config.recipe, options);
  } else if (auto* contrast = dynamic_cast<train::Contrast*>(task.get())) {
    memory = plan_and_measure(*contrast, config.recipe, options);
  } else {
    fail_caller("memory", fmt::format("{} has the task {}; accepted: classify, contrast", options.config, config.task));
  }
  print(options.common.json ? to_json(options, memory, task->inputs()).dump(2) : report(options, memory));
}

}  // namespace

void add_memory(CLI::App& app) {
  auto options = std::make_shared<MemoryOptions>();
  CLI::App* command = app.add_subcommand("memory", "Predict what training and evaluation will hold, and measure it");
  command->add_option("config", options->config, "The configuration (docs/formats/train_config.md)")
      ->required()
      ->check(refuse_empty);
  command->add_flag("--plan", options->plan_only, "Predict alone; run nothing");
  command->add_option("--steps", options->steps, "Training steps to measure")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  add_data(*command, options->common);
  add_common(*command, options->common, "Print one JSON object instead of the tables");
  command->footer(
      "docs/design/memory.md says how the numbers come about.\n"
      "Examples:\n"
      "  tamis memory examples/two_tower.toml\n"
      "  tamis memory examples/encoder.toml --plan\n"
      "  tamis memory examples/cnn.toml --threads 1 --json");
  command->callback([options] { run_memory(*options); });
}

}  // namespace tamis::cli
