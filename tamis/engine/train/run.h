#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tamis/base/progress.h"
#include "tamis/engine/train/trainer.h"

// A training run in a folder: config.toml, log.jsonl, last.safetensors, best.safetensors, curves.html.
namespace tamis::train {

struct RunOptions {
  std::filesystem::path out;  ///< made if it is not there; a log in it is set aside as log.old.jsonl
  bool resume = false;        ///< go on from last.safetensors; without one, begin
  std::string title;
  std::string config;  ///< the config's bytes: kept in the folder, and what --resume must find unchanged
  std::uint64_t seed = 0;
};

/// A run whose loss or gradient stopped being finite.
struct NotFinite : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

struct RunResult {
  std::string stopped;  ///< "epochs", "patience", "target" or "seconds"
  std::int64_t steps = 0, epochs = 0;
  double train_loss = 0;  ///< mean over the last epoch's steps
  /// Of the part that was evaluated last: test if there is one, else validation; of the last weights, or of the best
  /// ones if the recipe says so.
  std::string part;
  std::vector<std::pair<std::string, double>> metrics;
  std::optional<EvaluationLine> best;
  double train_seconds = 0, evaluate_seconds = 0;  ///< of this process
  double examples_per_second = 0;
};

/// Trains until the recipe says stop. A run that was killed at any moment and is resumed writes the same log and ends
/// in the same checkpoint as one that was not. Throws NotFinite if loss or gradient stop being finite, naming step and
/// place; the log and the last checkpoint stay.
RunResult run(Trainer& trainer, const RunOptions& options, Progress& progress);

}  // namespace tamis::train
