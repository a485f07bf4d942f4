#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/base/table.h"
#include "tamis/engine/nn/module.h"

// What a network is trained for. The trainer knows examples by number only; a task knows what they are, how a network
// sees them and what is measured. New rooms add tasks; the command chooses one by name.
namespace tamis::train {

using engine::Tensor;
using engine::Variable;

enum class Part { train, validation, test };
std::string_view name(Part part);

/// The examples of one shard, by their number within the part, in the order of the batch.
struct Share {
  std::span<const std::int64_t> examples;
  std::int64_t first = 0;  ///< examples of this batch in the shards before
  std::int64_t batch = 0;  ///< examples of the batch: all shards
  std::int64_t epoch = 0;  ///< names random changes (augmentation) together with the example
};

struct Metric {
  std::string name;  ///< "loss", "accuracy"
  bool more_is_better = false;
};

class Task {
 public:
  virtual ~Task() = default;
  virtual std::string_view name() const = 0;
  virtual nn::Module& network() = 0;
  /// Gives the network the weights it begins with: drawn from the seed, or those of a model it goes on from.
  virtual void initialize(std::uint64_t seed) { network().initialize(seed); }
  /// True if the shards of a batch must meet in the middle: batch norm, losses that compare all pairs.
  virtual bool meets() { return network().meets(); }
  /// How many there are; 0 for a part that the data does not have.
  virtual std::int64_t examples(Part part) const = 0;
  /// The loss of a share of training examples, summed over them (the trainer divides by the examples of the step), a
  /// scalar. The pass tells shard, seed, step and meeting; the task fills in rows and offsets. Called by one thread a
  /// shard at once.
  virtual Variable loss(const Share& share, nn::Pass& pass) = 0;
  /// What evaluation measures; the first is "loss".
  virtual std::vector<Metric> metrics() const = 0;
  /// Sums of the metrics over some examples, in the order of metrics(); evaluation divides by the examples. Called by
  /// many threads at once, with nothing recorded.
  virtual std::vector<double> measure(Part part, std::span<const std::int64_t> examples) = 0;
  /// The metrics of a whole part where they are no means over examples (correlations); nullopt: measure(), piece by
  /// piece. Called by one thread.
  virtual std::optional<std::vector<double>> measure_whole(Part part) {
    static_cast<void>(part);
    return std::nullopt;
  }
  /// Writes into a run's folder, when it has ended, what the network has become in a form that others read.
  virtual void publish(const std::filesystem::path& out) { static_cast<void>(out); }
  /// Files read, for the result.
  virtual std::vector<InputFile> inputs() const = 0;
};

}  // namespace tamis::train
