#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/columns.h"
#include "cli/reproduce.h"
#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/language/embedding/study.h"

namespace tamis::cli {

namespace {

constexpr const char* kData = "../shared/data";
constexpr const char* kModel = "out/pretrain/model";

std::string table_of(const embedding::EmbeddingStudy& study) {
  std::vector<std::vector<std::string>> rows{{"method"}};
  for (const auto& set : study.sets) rows[0].push_back(set.name);
  rows[0].insert(rows[0].end(), {"alignment", "uniformity", "published"});
  for (const auto& result : study.methods) {
    rows.push_back({result.method.name});
    for (const auto& score : result.scores)
      rows.back().push_back(score.all.estimate ? fmt::format("{:.1f}", 100 * *score.all.estimate) : "-");
    rows.back().push_back(fmt::format("{:.3f}", result.alignment));
    rows.back().push_back(fmt::format("{:.2f}", result.uniformity));
    rows.back().push_back(result.method.published ? fmt::format("{:.1f}", *result.method.published) : "");
  }
  return columns(rows, 1);
}

}  // namespace

void reproduce_embeddings(const ReproduceOptions& options) {
  const Common& common = options.common;
  make_output_folder(common.out);
  embedding::StudyOptions how;
  how.model = options.model.empty() ? kModel : options.model;
  if (options.model.empty() && !std::filesystem::exists(how.model))
    fail_caller("reproduce embeddings",
                fmt::format("{} is not there: tamis train examples/pretrain.toml makes it; or name a model: --model "
                            "FOLDER, or --model minilm",
                            kModel));
  how.data = common.data.empty() ? kData : common.data;
  how.out = common.out;
  how.seeds = options.seeds;
  how.examples = options.examples;
  how.ablation = options.ablation;
  how.ablations = !options.no_ablations;
  how.resamples = options.resamples;
  how.seed = common.seed;
  Progress progress(std::cerr, progress_style(common));
  const embedding::EmbeddingStudy study = embedding::study_embeddings(how, progress);
  nlohmann::ordered_json result = json_result("reproduce embeddings", common);
  result["conventions"] = {
      {"spearman", "of cosine and score; all: over all pairs of a set; wmean: by part, weighted by pairs"},
      {"intervals", "95 %, percentile bootstrap over pairs, paired between methods; means over seeds"},
      {"alignment", "STS-B dev, pairs scored above 4, vectors of length 1"},
      {"uniformity", "STS-B dev, all different sentences, vectors of length 1"},
      {"whitening", "covariance over N, all columns that vary"},
      {"checkpoint", "the best on STS-B dev"}};
  result["inputs"] = json_inputs(study.inputs);
  result.update(embedding::study_json(study));
  const std::filesystem::path folder = common.out;
  write_file(folder / "embeddings.html", embedding::study_page(study));
  write_file(folder / "embeddings.json", result.dump(1) + "\n");
  std::string text = table_of(study) + "\n";
  for (const std::string& finding : embedding::study_findings(study)) text += finding + "\n\n";
  print(common.json ? result.dump(1) : text + "Page: " + (folder / "embeddings.html").string(),
        "; the result is whole in " + common.out);
}

}  // namespace tamis::cli
