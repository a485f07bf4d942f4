#include "cli/reproduce.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/models.h"
#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/progress.h"
#include "tamis/engine/train/optimizer_study.h"

namespace tamis::cli {

namespace {

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
  if (options.name.empty()) fail_caller("reproduce", "names no study; the studies are: embeddings, optimizers, curves");
  if (options.name != "optimizers" && options.name != "embeddings" && options.name != "curves") {
    fail_caller("reproduce",
                fmt::format("\"{}\" is no study; the studies are: embeddings, optimizers, curves", options.name));
  }
  if (options.common.out.empty()) fail_caller("reproduce", "--out is missing: a folder for the page is needed");
  apply_threads(options.common);
  if (options.name == "embeddings") return reproduce_embeddings(options);
  if (options.name == "curves") return reproduce_curves(options.common);
  reproduce_optimizers(options.common);
}

}  // namespace

void add_reproduce(CLI::App& app) {
  auto options = std::make_shared<ReproduceOptions>();
  CLI::App* reproduce = app.add_subcommand("reproduce", "Run a published study here and draw its page");
  reproduce->add_option("study", options->name, "The study: embeddings, optimizers or curves");
  add_common(*reproduce, options->common, "Print the result as JSON, as it is in DIR/STUDY.json");
  add_out(*reproduce, options->common, "Folder for STUDY.html and STUDY.json");
  reproduce
      ->add_option("--data", options->common.data,
                   fmt::format("optimizers: folder with optdigits.tra and optdigits.tes, {} when absent; embeddings: "
                               "folder with stsbenchmark, snli, sick and sts-zh, ../shared/data when absent",
                               kDigits))
      ->check(refuse_empty);
  reproduce
      ->add_option("--model", options->model, "embeddings: a BERT folder, or minilm; out/pretrain/model when absent")
      ->check(refuse_empty);
  reproduce->add_option("--seeds", options->seeds, "embeddings: runs of each training")->capture_default_str();
  reproduce->add_option("--examples", options->examples, "embeddings: texts or pairs of each training; 0: all")
      ->capture_default_str();
  reproduce->add_option("--ablation-examples", options->ablation, "embeddings: the same of the ablations")
      ->capture_default_str();
  reproduce->add_flag("--no-ablations", options->no_ablations, "embeddings: the methods alone");
  reproduce->add_option("--resamples", options->resamples, "embeddings: of the pairs, for the intervals")
      ->capture_default_str();
  reproduce->footer(
      "Examples:\n"
      "  tamis reproduce optimizers --out out/optimizers\n"
      "  tamis reproduce embeddings --out out/embeddings\n"
      "  tamis reproduce embeddings --model minilm --no-ablations --seeds 1 --out out/minilm\n"
      "  tamis reproduce curves --out out/curves\n"
      "  tamis reproduce optimizers --out out/optimizers --data optdigits --json > optimizers.json");
  reproduce->callback([options] { run_reproduce(*options); });
}

}  // namespace tamis::cli
