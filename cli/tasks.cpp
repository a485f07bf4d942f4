#include "cli/tasks.h"

#include <fmt/format.h>

#include "tamis/base/error.h"
#include "tamis/engine/train/classify.h"
#include "tamis/engine/train/contrast.h"
#include "tamis/language/embedding/mlm.h"
#include "tamis/language/embedding/sbert.h"
#include "tamis/language/embedding/simcse.h"

namespace tamis::cli {

std::unique_ptr<train::Task> make_task(ConfigFile& file, const train::Config& config,
                                       const std::filesystem::path& data_folder, std::uint64_t seed) {
  if (config.task == "classify") {
    auto task = std::make_unique<train::Classify>(file, config, data_folder, seed);
    train::require_sound(task->dataset());
    return task;
  }
  if (config.task == "contrast") {
    if (!data_folder.empty()) fail_caller("--data", "was given, but the task contrast reads no files");
    return std::make_unique<train::Contrast>(file, config, seed);
  }
  if (config.task == "mlm") return std::make_unique<embedding::MaskedLanguage>(file, config, data_folder, seed);
  if (config.task == "sbert") return std::make_unique<embedding::Sbert>(file, config, data_folder);
  if (config.task == "simcse") return std::make_unique<embedding::SimCse>(file, config, data_folder, seed);
  fail_caller(
      file.path().string(),
      fmt::format("task = \"{}\" is no task; the tasks are: classify, contrast, mlm, sbert, simcse", config.task));
}

std::string describe_train_keys() {
  return train::describe_config_keys() + "# Sections of the task `classify`\n\n" + train::describe_classify_keys() +
         "\n# Sections of the task `contrast`\n\n" + train::describe_contrast_keys() +
         "\n# Sections of the task `mlm`\n\n" + embedding::describe_mlm_keys() +
         "\n# Sections of the tasks `sbert` and `simcse`\n\n" + embedding::describe_fine_tune_keys() +
         "\n# Sections of the task `sbert`\n\n" + embedding::describe_sbert_keys() +
         "\n# Sections of the task `simcse`\n\n" + embedding::describe_simcse_keys();
}

}  // namespace tamis::cli
