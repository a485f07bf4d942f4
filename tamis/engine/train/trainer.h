#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tamis/engine/optim/optimizer.h"
#include "tamis/engine/train/checkpoint.h"
#include "tamis/engine/train/config.h"
#include "tamis/engine/train/shards.h"
#include "tamis/engine/train/task.h"
#include "tamis/engine/train/train_log.h"

namespace tamis::train {

/// One network being trained, step by step. Every step is a function of the state and the seed alone: the same bits at
/// any number of threads, and after a restart from a checkpoint. The task must outlive it.
class Trainer {
 public:
  static constexpr std::int64_t kEvaluated = 64;  ///< examples that evaluate() measures together, on one thread

  /// Draws the network's weights from `seed`. Throws invalid_argument for a recipe that does not fit the data (a batch
  /// larger than the training set, more micro-batches than examples) or the machine (bf16).
  Trainer(Task& task, const Recipe& recipe, std::uint64_t seed);

  /// Steps done; the next one's number.
  std::int64_t step() const { return step_; }
  /// Examples that do not fill a batch are left out of an epoch; the order is drawn anew for each.
  std::int64_t steps_per_epoch() const { return steps_per_epoch_; }
  std::int64_t total_steps() const { return steps_per_epoch_ * recipe_.epochs; }
  /// The examples of a step, in order: what the stream (seed, "order", epoch) says.
  std::vector<std::int64_t> examples_of(std::int64_t step) const;

  /// Gradient of one batch, clipped, and the optimizer's step. A loss that is not finite is told, and the weights are
  /// left as they are. `observer` sees every layer, from many threads at once if there are more shards than one.
  StepLine run_step(nn::Observer* observer = nullptr);
  /// The gradient alone, of the batch of the next step: what run_step() takes. No weight changes.
  StepLine compute_gradient(nn::Observer* observer = nullptr);
  /// Gradients of the last step, by parameter, after clipping by value, before clipping by norm.
  const std::vector<Tensor>& gradients() { return sum_.gradients(); }

  /// Means of the task's metrics over a part, in the order of Task::metrics().
  std::vector<double> evaluate(Part part);
  /// Modules with parameters of their own, and the norm of each one's parameters.
  const std::vector<std::string>& layers() const { return layers_; }
  std::vector<double> weight_norms() const;

  Task& task() { return task_; }
  const Recipe& recipe() const { return recipe_; }
  const std::vector<nn::Parameter>& parameters() const { return optimizer_.parameters(); }
  /// Parameters and buffers; the tensors are the live ones.
  std::vector<nn::Buffer> weights() const;
  /// The same and the optimizer's moments ("optimizer.velocity.…").
  std::vector<nn::Buffer> tensors() const;
  /// After tensors() were filled from a checkpoint.
  void set_step(std::int64_t step);

 private:
  double gradient_of(std::span<const std::int64_t> examples, std::int64_t micro_batch, nn::Observer* observer);
  std::vector<double> by_layer(const std::vector<double>& squares) const;

  Task& task_;
  Recipe recipe_;
  std::uint64_t seed_;
  optim::Optimizer optimizer_;
  std::int64_t steps_per_epoch_;
  optim::Schedule schedule_;
  std::int64_t step_ = 0;
  mutable std::vector<std::int64_t> order_;  ///< of the epoch order_epoch_, kept for the next question
  mutable std::int64_t order_epoch_ = -1;
  std::vector<engine::GradientStore> stores_;
  GradientSum sum_;
  std::vector<std::string> layers_;
  std::vector<std::size_t> layer_of_;  ///< of each parameter
};

}  // namespace tamis::train
