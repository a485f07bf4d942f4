#include <numeric>
#include <optional>

#include "tamis/base/parallel.h"
#include "tamis/engine/tensor/storage.h"
#include "tamis/engine/train/memory_plan.h"

namespace tamis::train {

namespace {

using engine::Tensor;

std::int64_t live() {
  return static_cast<std::int64_t>(engine::tensor_memory().live);
}

std::int64_t peak() {
  return static_cast<std::int64_t>(engine::tensor_memory().peak);
}

std::int64_t bytes_of(const std::vector<nn::Buffer>& buffers) {
  std::int64_t bytes = 0;
  for (const nn::Buffer& buffer : buffers) bytes += static_cast<std::int64_t>(buffer.tensor.bytes());
  return bytes;
}

std::vector<std::int64_t> first_examples(std::int64_t count) {
  std::vector<std::int64_t> examples(static_cast<std::size_t>(count));
  std::iota(examples.begin(), examples.end(), std::int64_t{0});
  return examples;
}

/// One tower's input for the first examples.
struct TowerInput {
  Tensor x, offsets;
};
TowerInput input_of(const Classify& task, std::size_t, std::int64_t examples) {
  return {task.rows_of(Part::train, first_examples(examples), 0), {}};
}
TowerInput input_of(const Contrast& task, std::size_t tower, std::int64_t examples) {
  TowerInput input;
  input.x = task.input_of(tower, first_examples(examples), input.offsets);
  return input;
}

/// What each layer adds to the live bytes, walking through a tower as the trainer does.
std::vector<std::int64_t> measure_layers(const Network::Tower& tower, const TowerInput& input, bool training) {
  nn::Pass pass;
  pass.training = training;
  pass.offsets = input.offsets;
  std::optional<engine::NoGradient> nothing_recorded;
  if (!training) nothing_recorded.emplace();
  std::vector<std::int64_t> bytes;
  Variable y(input.x);
  for (std::size_t i = 0; i < tower.layers->size(); ++i) {
    const std::int64_t before = live();
    y = (*tower.layers)[i].forward(y, pass);
    bytes.push_back(live() - before);
  }
  return bytes;
}

/// Chunks of training examples on as many threads as there are, as evaluation does; some for each thread, so that the
/// worst moments of all threads meet once.
void evaluate_chunks(Task& task, std::int64_t examples, std::int64_t chunks_a_thread) {
  const std::vector<std::int64_t> first = first_examples(examples);
  const std::int64_t chunks = threads() == 1 ? 1 : chunks_a_thread * threads();
  parallel_for(static_cast<std::size_t>(chunks), [&](std::size_t) {
    const engine::NoGradient nothing_recorded;
    task.measure(Part::train, first);
  });
}

template <typename SomeTask>
MeasuredMemory measure(SomeTask& task, const Recipe& recipe, std::uint64_t seed, std::int64_t steps) {
  const MemoryPlan plan = plan_memory(task, recipe, threads());
  MeasuredMemory measured;
  const std::int64_t before = live();
  {
    Trainer trainer(task, recipe, seed);
    measured.parameters = bytes_of(trainer.weights());
    measured.moments = bytes_of(trainer.tensors()) - measured.parameters;
    engine::reset_tensor_peak();
    for (std::int64_t step = 0; step < steps; ++step) trainer.run_step();
    measured.training = peak() - before + measured.parameters;
    measured.between_steps = live() - before + measured.parameters;
  }
  engine::reset_tensor_peak();
  evaluate_chunks(task, plan.evaluated, steps);
  measured.inference = peak() - before + measured.parameters;
  for (std::size_t t = 0; t < task.towers().towers().size(); ++t) {
    const Network::Tower& tower = task.towers().towers()[t];
    const TowerInput input = input_of(task, t, plan.examples);
    for (const bool training : {true, false}) {
      const std::vector<std::int64_t> bytes = measure_layers(tower, input, training);
      auto& into = training ? measured.layers_training : measured.layers_inference;
      into.insert(into.end(), bytes.begin(), bytes.end());
    }
  }
  return measured;
}

}  // namespace

MeasuredMemory measure_memory(Classify& task, const Recipe& recipe, std::uint64_t seed, std::int64_t steps) {
  return measure(task, recipe, seed, steps);
}

MeasuredMemory measure_memory(Contrast& task, const Recipe& recipe, std::uint64_t seed, std::int64_t steps) {
  return measure(task, recipe, seed, steps);
}

}  // namespace tamis::train
