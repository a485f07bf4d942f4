#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/options.h"
#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/progress.h"
#include "tamis/engine/train/optimizer_study.h"

namespace tamis::cli {

namespace {

struct ReproduceOptions {
  Common common;
  std::string name;
};

constexpr const char* kDigits = "../shared/data/optdigits";

std::string text(const train::OptimizerStudy& study, const std::string& page) {
  std::string lines;
  for (const std::string& finding : train::study_findings(study)) lines += finding + "\n\n";
  return lines + "Page: " + page;
}

void reproduce_optimizers(const Common& common) {
  make_output_folder(common.out);
  const train::Dataset digits = train::read_study_digits(common.data.empty() ? kDigits : common.data);
  Progress progress(std::cerr, progress_style(common));
  const train::OptimizerStudy study = train::study_optimizers(digits, common.seed, {}, progress);
  nlohmann::ordered_json result = json_result("reproduce optimizers", common);
  result["conventions"] = {{"rate", "of nine from 0.0003 to 3, the one with the lowest training loss at the end"},
                           {"loss", "mean cross-entropy over the training set"},
                           {"l2", "λ θ added to the gradient"},
                           {"weight_decay", "θ shrunk by γ λ beside the rule"}};
  result["inputs"] = json_inputs(digits.inputs);
  result.update(train::study_json(study));
  const std::filesystem::path folder = common.out;
  write_file(folder / "optimizers.html", train::study_page(study));
  write_file(folder / "optimizers.json", result.dump(1) + "\n");
  const std::string page = (folder / "optimizers.html").string();
  print(common.json ? result.dump(1) : text(study, page), "; the result is whole in " + common.out);
}

void run_reproduce(const ReproduceOptions& options) {
  if (options.name.empty()) fail_caller("reproduce", "names no study; the studies are: optimizers");
  if (options.name != "optimizers") {
    fail_caller("reproduce", fmt::format("\"{}\" is no study; the studies are: optimizers", options.name));
  }
  if (options.common.out.empty()) fail_caller("reproduce", "--out is missing: a folder for the page is needed");
  apply_threads(options.common);
  reproduce_optimizers(options.common);
}

}  // namespace

void add_reproduce(CLI::App& app) {
  auto options = std::make_shared<ReproduceOptions>();
  CLI::App* reproduce = app.add_subcommand("reproduce", "Run a published study here and draw its page");
  reproduce->add_option("study", options->name, "The study: optimizers");
  add_common(*reproduce, options->common, "Print the result as JSON, as it is in DIR/optimizers.json");
  add_out(*reproduce, options->common, "Folder for optimizers.html and optimizers.json");
  reproduce
      ->add_option("--data", options->common.data,
                   fmt::format("Folder with optdigits.tra and optdigits.tes; {} when absent", kDigits))
      ->check(refuse_empty);
  reproduce->footer(
      "Examples:\n"
      "  tamis reproduce optimizers --out out/optimizers\n"
      "  tamis reproduce optimizers --out out/optimizers --data optdigits --json > optimizers.json");
  reproduce->callback([options] { run_reproduce(*options); });
}

}  // namespace tamis::cli
