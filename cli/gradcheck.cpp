#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/columns.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/tasks.h"
#include "tamis/base/error.h"
#include "tamis/base/progress.h"
#include "tamis/engine/train/classify.h"
#include "tamis/engine/train/verified_rules.h"

namespace tamis::cli {

namespace {

/// What the three ways may differ by, the engine's promise for f64.
constexpr double kLimit = 1e-6;

struct GradcheckOptions {
  Common common;
  std::string config;
  std::int64_t examples = 2;
  train::RuleOptions rules;
};

std::string number(const std::optional<double>& value) {
  return value ? fmt::format("{:.1e}", *value) : "-";
}

std::string table(const train::VerifiedRules& rules) {
  std::vector<std::vector<std::string>> rows{{"layer", "kind", "gradient", "shape", "largest", "tape-rule",
                                              "tape-differences", "rule-differences", "moved", "kinks"}};
  for (const train::RuleRow& row : rules.rows) {
    rows.push_back({row.layer, row.kind, row.gradient, row.shape.text(), fmt::format("{:.4g}", row.magnitude),
                    number(row.tape_rule), number(row.tape_differences), number(row.rule_differences),
                    std::to_string(row.looked_at), std::to_string(row.kinks)});
  }
  return columns(rows, 4);
}

const train::RuleRow& worst(const train::VerifiedRules& rules) {
  return *std::max_element(rules.rows.begin(), rules.rows.end(),
                           [](const auto& a, const auto& b) { return a.largest < b.largest; });
}

std::string report(const GradcheckOptions& options, const train::VerifiedRules& rules) {
  const train::RuleRow& row = worst(rules);
  return fmt::format(
      "Gradients of {} in f64, {} examples, loss {:.6f}: by the tape, by the rule derived by hand, by central "
      "differences\n\n{}\nDifferences are over a gradient's largest element. The largest is {:.1e} ({} {}); {}: {}.",
      options.config, options.examples, rules.loss, table(rules), row.largest, row.layer, row.gradient,
      fmt::format("at most {:.0e} is accepted", kLimit), rules.largest <= kLimit ? "the three agree" : "they DISAGREE");
}

nlohmann::ordered_json to_json(const GradcheckOptions& options, const train::VerifiedRules& rules,
                               const std::vector<InputFile>& inputs) {
  const auto or_null = [](const std::optional<double>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
  };
  auto json = json_result("gradcheck", options.common);
  json["conventions"] = {{"difference", "over the gradient's largest element, or over 1e-3 if that is more"},
                         {"labels", "soft, drawn at random, not summing to 1"},
                         {"kinks", "elements within a step of a kink are counted and left out"},
                         {"relu_at_0", "gradient 0"},
                         {"pool_ties", "first in row-major order"},
                         {"step", options.rules.step}};
  json["inputs"] = json_inputs(inputs);
  json["examples"] = options.examples;
  json["loss"] = rules.loss;
  json["largest"] = rules.largest;
  json["limit"] = kLimit;
  json["agree"] = rules.largest <= kLimit;
  json["rows"] = nlohmann::ordered_json::array();
  for (const train::RuleRow& row : rules.rows) {
    nlohmann::ordered_json entry = {{"layer", row.layer},
                                    {"kind", row.kind},
                                    {"gradient", row.gradient},
                                    {"shape", row.shape.sizes()},
                                    {"magnitude", row.magnitude},
                                    {"tape_rule", or_null(row.tape_rule)},
                                    {"tape_differences", or_null(row.tape_differences)},
                                    {"rule_differences", or_null(row.rule_differences)},
                                    {"largest", row.largest},
                                    {"moved", row.looked_at},
                                    {"kinks", row.kinks}};
    if (!row.tape_rule) entry["why"] = "no rule by hand leads here";
    if (!row.tape_differences) entry["why"] = "every element moved sits on a kink";
    json["rows"].push_back(std::move(entry));
  }
  return json;
}

void run_gradcheck(GradcheckOptions& options) {
  apply_threads(options.common);
  ConfigFile file(options.config);
  const train::Config config = train::read_config(file);
  const auto made = make_task(file, config, options.common.data, options.common.seed);
  auto* classify = dynamic_cast<train::Classify*>(made.get());
  if (classify == nullptr) {
    fail_caller("gradcheck", fmt::format("{} has the task {}; accepted: classify", options.config, config.task));
  }
  train::Classify& task = *classify;
  task.network().initialize(options.common.seed);
  options.rules.seed = options.common.seed;
  Progress progress(std::cerr, progress_style(options.common));
  bool begun = false;
  options.rules.progress = [&](const std::string&) {
    if (!std::exchange(begun, true)) progress.begin("layers", task.towers().towers()[0].layers->size());
    progress.advance();
  };
  const train::VerifiedRules rules = train::verify_rules(task, options.examples, options.rules);
  progress.end();
  print(options.common.json ? to_json(options, rules, task.inputs()).dump(2) : report(options, rules));
  if (rules.largest <= kLimit) return;
  const train::RuleRow& row = worst(rules);
  fail_world("gradcheck",
             fmt::format("{} of layer {} differs by {:.1e} of its largest element; at most {:.0e} is accepted",
                         row.gradient, row.layer, row.largest, kLimit));
}

}  // namespace

void add_gradcheck(CLI::App& app) {
  auto options = std::make_shared<GradcheckOptions>();
  CLI::App* command = app.add_subcommand("gradcheck", "Compare a network's gradients with rules and differences");
  command->add_option("config", options->config, "The network (docs/formats/train_config.md), of the task classify")
      ->required()
      ->check(refuse_empty);
  command->add_option("--examples", options->examples, "Training examples to run, the first ones")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_option("--elements", options->rules.elements, "Elements of each gradient to move for the differences")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  add_data(*command, options->common);
  add_common(*command, options->common, "Print one JSON object instead of the table");
  command->footer(
      "Each gradient is computed by the tape, by a rule derived by hand (convolution, linear, relu, max-pool, "
      "flatten,\n"
      "softmax with cross-entropy) and by central differences.\n"
      "Examples:\n"
      "  tamis gradcheck examples/cnn.toml\n"
      "  tamis gradcheck examples/cnn.toml --examples 4 --seed 7 --json");
  command->callback([options] { run_gradcheck(*options); });
}

}  // namespace tamis::cli
