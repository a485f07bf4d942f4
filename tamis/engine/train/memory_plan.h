#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tamis/engine/train/classify.h"
#include "tamis/engine/train/contrast.h"
#include "tamis/engine/train/trainer.h"

// What training and evaluation will hold in tensors, told from shapes alone, before anything runs; and the memory
// meter's answer to the same questions (docs/design/memory.md). Bytes throughout. The data set itself is not in it: the
// task holds it, whatever the network.
namespace tamis::train {

/// One layer, for one shard of the batch.
struct LayerMemory {
  std::string tower, layer, kind;
  engine::Shape output;
  std::int64_t training = 0;   ///< what is held until the walk is more by this after the layer than before it: less
                               ///< than 0 where it frees more of what came before than it keeps
  std::int64_t inference = 0;  ///< the same with nothing recorded: an output comes, the one before goes
};

/// At the moment of the most.
struct MemoryParts {
  std::int64_t parameters = 0;  ///< and buffers
  std::int64_t moments = 0;     ///< of the optimizer
  std::int64_t gradients = 0;   ///< a buffer a shard for each parameter; one in all for a table
  std::int64_t inputs = 0;      ///< of the shards at work: examples, labels, offsets
  std::int64_t activations =
      0;                       ///< what the layers keep until the walk; in inference, outputs alive at the worst layer
  std::int64_t workspace = 0;  ///< besides, at the worst moment: gradients on their way, the loss, what ops need
  std::int64_t total() const { return parameters + moments + gradients + inputs + activations + workspace; }
};

struct MemoryPlan {
  int threads = 1;
  std::int64_t shards = 1;     ///< of a micro-batch
  std::int64_t examples = 0;   ///< of one shard, the largest
  std::int64_t evaluated = 0;  ///< examples that evaluation runs at once on one thread
  std::int64_t at_work = 1;    ///< shards whose activations live at once in training
  std::vector<LayerMemory> layers;
  MemoryParts training, inference;
  /// Between two steps: parameters, moments, gradients, and the rows of tables that the last step's gradient touched.
  std::int64_t between_steps = 0;
};

/// `threads` of them work at once, as `tamis train --threads` has them.
MemoryPlan plan_memory(Classify& task, const Recipe& recipe, int threads);
MemoryPlan plan_memory(Contrast& task, const Recipe& recipe, int threads);

/// What the meter says of the same run on this process's threads().
struct MeasuredMemory {
  std::int64_t parameters = 0, moments = 0;
  std::int64_t between_steps = 0;
  std::int64_t training = 0, inference = 0;  ///< the most at once
  std::vector<std::int64_t> layers_training, layers_inference;
};
/// Trains `steps` steps, then evaluates `steps` chunks of examples on each thread. The task's weights change. Where
/// threads share the work, how far their worst moments coincide is chance: more steps come nearer to the most.
MeasuredMemory measure_memory(Classify& task, const Recipe& recipe, std::uint64_t seed, std::int64_t steps);
MeasuredMemory measure_memory(Contrast& task, const Recipe& recipe, std::uint64_t seed, std::int64_t steps);

}  // namespace tamis::train
