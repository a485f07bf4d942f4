#include "tamis/engine/train/doctor.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/tasks.h"
#include "tamis/base/error.h"
#include "tamis/base/json_number.h"
#include "tamis/engine/train/checkpoint.h"
#include "tamis/engine/train/classify.h"
#include "tamis/engine/train/doctor_data.h"
#include "tamis/engine/train/doctor_examination.h"
#include "tamis/engine/train/trainer.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;

struct DoctorOptions {
  Common common;
  std::string subject;
  std::int64_t steps = 0;
};

struct Loaded {
  train::Config config;
  std::unique_ptr<train::Task> task;
  doctor::Patient patient() const { return {*task, config.recipe}; }
};

/// As for training, but data that is unsound is what the doctor is for.
Loaded load(const std::filesystem::path& path, const std::string& data, std::uint64_t seed,
            doctor::Evidence& evidence) {
  ConfigFile file(path);
  Loaded loaded;
  loaded.config = train::read_config(file);
  if (loaded.config.task == "classify") {
    auto task = std::make_unique<train::Classify>(file, loaded.config, data, seed);
    doctor::look_at_data(task->dataset(), evidence);
    loaded.task = std::move(task);
  } else {
    loaded.task = make_task(file, loaded.config, data, seed);
  }
  return loaded;
}

std::vector<InputFile> examine_config(const DoctorOptions& options, Progress& progress, doctor::Evidence& evidence) {
  const Loaded loaded = load(options.subject, options.common.data, options.common.seed, evidence);
  if (doctor::fit_to_run(evidence)) {
    doctor::examine(loaded.patient(), {.steps = options.steps, .seed = options.common.seed}, progress, evidence);
  } else {
    evidence.notes.emplace_back("the run itself, for it cannot begin on such data");
  }
  return loaded.task->inputs();
}

/// The log, and what its configuration and data can still show.
std::vector<InputFile> examine_run(const DoctorOptions& options, Progress& progress, doctor::Evidence& evidence) {
  const std::filesystem::path folder = options.subject;
  const train::Log log = train::read_log(folder / "log.jsonl");
  doctor::read_course(log, evidence);
  try {
    const Loaded loaded = load(folder / "config.toml", options.common.data, log.heading.seed, evidence);
    if (!doctor::fit_to_run(evidence)) return loaded.task->inputs();
    if (std::filesystem::exists(folder / "last.safetensors")) {
      train::Trainer trainer(*loaded.task, loaded.config.recipe, log.heading.seed);
      train::restore(train::read_checkpoint(folder / "last.safetensors"), trainer.tensors(), folder);
      doctor::look_at_end(loaded.patient(), log.heading.seed, evidence);
    }
    doctor::examine_again(loaded.patient(), log.heading.seed, progress, evidence);
    return loaded.task->inputs();
  } catch (const std::exception& error) {
    evidence.notes.push_back(fmt::format(
        "data and layers, for they cannot be read again ({}); --data names the data's folder", error.what()));
    return {};
  }
}

Json number(const std::optional<double>& value) {
  return value ? json_number(*value) : Json(nullptr);
}

Json json_of(const DoctorOptions& options, const doctor::Evidence& evidence,
             const std::vector<doctor::Finding>& findings, const std::vector<InputFile>& inputs) {
  Json json = json_result("doctor", options.common);
  json["conventions"] = {{"order", "causes before their effects"},
                         {"loss_without_skill", "of the best constant output, or the first if that is less"}};
  json["inputs"] = json_inputs(inputs);
  json["subject"] = evidence.subject;
  json["healthy"] = findings.empty();
  json["findings"] = Json::array();
  for (const doctor::Finding& finding : findings) {
    json["findings"].push_back({{"cause", doctor::key(finding.cause)},
                                {"name", doctor::name(finding.cause)},
                                {"severity", doctor::name(finding.severity)},
                                {"evidence", finding.evidence},
                                {"remedies", finding.remedies},
                                {"source", finding.source}});
  }
  json["looked_at"] = {{"steps", evidence.steps.size()},
                       {"evaluations", evidence.evaluations.size()},
                       {"layers", evidence.start.size()},
                       {"trials", evidence.trials.size()},
                       {"chance_loss", number(evidence.chance_loss)},
                       {"initial_loss", number(evidence.initial_loss)},
                       {"noise_scale", number(evidence.noise_scale)}};
  json["not_looked_at"] = evidence.notes;
  return json;
}

void run_doctor(const DoctorOptions& options) {
  apply_threads(options.common);
  Progress progress(std::cerr, progress_style(options.common));
  doctor::Evidence evidence;
  evidence.subject = options.subject;
  const std::vector<InputFile> inputs = std::filesystem::is_directory(options.subject)
                                            ? examine_run(options, progress, evidence)
                                            : examine_config(options, progress, evidence);
  const std::vector<doctor::Finding> findings = doctor::diagnose(evidence);
  print(options.common.json ? json_of(options, evidence, findings, inputs).dump(2)
                            : doctor::report_text(evidence, findings));
}

}  // namespace

void add_doctor(CLI::App& app) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* command = app.add_subcommand("doctor", "Find what is wrong with a training run, and say what to do");
  command
      ->add_option("subject", options->subject,
                   "A configuration (docs/formats/train_config.md), of which some steps are run, or the folder of a "
                   "finished run, whose log is read")
      ->required()
      ->check(refuse_empty);
  command->add_option("--steps", options->steps, "Steps of a configuration to run; by the network's size when absent")
      ->check(CLI::Range(20, 1000000));
  add_data(*command, options->common);
  add_common(*command, options->common, "Print the findings as one JSON object instead of the text");
  command->footer(
      "Findings are a result: the exit code is 0. Causes and limits: docs/design/doctor.md.\n"
      "Examples:\n"
      "  tamis doctor examples/optdigits.toml --data FOLDER-OF-OPTDIGITS\n"
      "  tamis doctor out/optdigits --data FOLDER-OF-OPTDIGITS --json");
  command->callback([options] { run_doctor(*options); });
}

}  // namespace tamis::cli
