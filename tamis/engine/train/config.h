#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tamis/base/config.h"
#include "tamis/engine/optim/optimizer.h"
#include "tamis/engine/optim/schedule.h"
#include "tamis/engine/tensor/matmul.h"
#include "tamis/engine/train/network.h"

// What `tamis train CONFIG.toml` is told (docs/formats/train_config.md).
namespace tamis::train {

/// How a network is trained: [optimizer], [schedule] and [train].
struct Recipe {
  optim::Settings optimizer;
  optim::GroupOptions group;
  bool decay_all = false;         ///< biases and norms decay too
  optim::Schedule schedule;       ///< base, low, factors; its durations are set by scheduled()
  double warmup = 0, period = 0;  ///< epochs; all schedules end with the last epoch
  std::int64_t epochs = 10;
  std::int64_t batch = 64;               ///< examples of one step, all micro-batches together
  std::int64_t accumulate = 1;           ///< micro-batches a step
  std::int64_t shards = 8;               ///< pieces of a micro-batch, whatever the number of threads
  double clip_value = 0, clip_norm = 0;  ///< 0: none
  std::int64_t evaluate_every = 0;       ///< steps; 0: each epoch
  std::int64_t checkpoint_every = 0;     ///< steps; 0: each epoch
  std::string watch;                     ///< the metric that tells the best checkpoint
  std::int64_t patience = 0;             ///< evaluations without a better one before the run stops; 0: never
  std::optional<double> target;          ///< the run stops when the watched metric reaches it
  double max_seconds = 0;                ///< 0: no limit
  engine::Precision precision = engine::Precision::f32;
  bool report_best = false;  ///< the result is that of the best checkpoint, not of the last weights

  /// The schedule with its durations in steps.
  optim::Schedule scheduled(std::int64_t steps_per_epoch) const;
};

/// The part of a config that all tasks share.
struct Config {
  std::string title, task;
  NetworkConfig network;
  Recipe recipe;
};
/// Reads the shared sections. A task reads its own from the same file; then the caller calls file.finish().
Config read_config(ConfigFile& file);
/// Every key of the shared sections and layers, as Markdown.
std::string describe_config_keys();

}  // namespace tamis::train
