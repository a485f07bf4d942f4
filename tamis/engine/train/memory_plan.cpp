#include "tamis/engine/train/memory_plan.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tamis/engine/nn/embedding.h"
#include "tamis/engine/nn/memory_chain.h"
#include "tamis/engine/train/sequence_mean.h"

namespace tamis::train {

namespace {

using engine::Shape;
using nn::Extent;
using Memory = nn::Layer::Memory;

constexpr std::int64_t kReal = 4;   // f32
constexpr std::int64_t kLabel = 4;  // i32 labels, ids and offsets
constexpr std::int64_t kClass = 8;  // i64 labels within losses

/// Of what a layer keeps, what is left when the walk comes to it.
std::int64_t left(const Memory& memory) {
  return memory.kept - (memory.holds_output ? 0 : memory.output);
}

/// The shape that a layer makes; the mean of sequences cannot tell how many there are from shapes.
Shape output_of(const nn::Layer& layer, const Extent& x) {
  const Shape shape = layer.output_shape(x.shape);
  const bool pools = dynamic_cast<const SequenceMean*>(&layer) != nullptr && x.offsets.defined();
  return pools ? shape.with(0, x.offsets.elements() - 1) : shape;
}

/// Layers begin .. end - 1 of a tower. `learns`: something before them has parameters, so that a gradient of their
/// input is asked for.
struct Stretch {
  Memory memory;
  Extent output;
  bool learns;
  std::int64_t waiting = 0;  ///< the most that a shard holds while it waits for others in the middle of a layer
};
Stretch follow(nn::Sequential& layers, std::size_t begin, std::size_t end, Extent x, bool training, bool learns,
               std::vector<std::int64_t>* by_layer, std::vector<Shape>* shapes) {
  nn::MemoryChain chain;
  std::int64_t waiting = 0;
  for (std::size_t i = begin; i < end; ++i) {
    const nn::Layer& layer = layers[i];
    const bool first = !learns;
    learns = learns || layer.parameter_count() > 0;
    Memory memory = layer.memory(x, training && learns);
    // Nobody asks for the gradient of numbers that came from the data; ids have none.
    if (training && learns && first && layer.kind() != "embedding") memory.walk -= nn::bytes_of(x.shape);
    const std::int64_t before = chain.total().kept;
    chain.then(memory);
    x.shape = output_of(layer, x);
    if (layer.meets()) {
      // Batch norm waits in the walk with its input and its output's gradient; what holds one, with all of its own.
      const bool itself = layer.parts().empty();
      waiting = std::max(waiting, before + nn::bytes_of(x.shape) + (itself ? 0 : memory.kept));
    }
    if (by_layer != nullptr) by_layer->push_back(chain.total().kept - before);
    if (shapes != nullptr) shapes->push_back(x.shape);
  }
  return {chain.total(), x, learns, waiting};
}

/// A tower whose segments are computed again in the walk: each keeps its input alone.
Memory follow_segments(nn::Sequential& layers, Extent x, std::int64_t segments) {
  const auto count = static_cast<std::int64_t>(layers.size());
  const std::int64_t pieces = std::min(segments, count);
  nn::MemoryChain chain;
  bool learns = false;
  for (std::int64_t s = 0; s < pieces; ++s) {
    const auto begin = static_cast<std::size_t>(count * s / pieces);
    const auto end = static_cast<std::size_t>(count * (s + 1) / pieces);
    const Memory once = follow(layers, begin, end, x, false, learns, nullptr, nullptr).memory;
    const Stretch again = follow(layers, begin, end, x, true, learns, nullptr, nullptr);
    Memory memory{.kept = once.output, .output = once.output};
    memory.transient = once.kept + once.transient - once.output;
    memory.walk =
        once.output + std::max(again.memory.kept + again.memory.transient, left(again.memory) + again.memory.walk);
    memory.holds_input = true;
    chain.then(memory);
    x = again.output;
    learns = again.learns;
  }
  return chain.total();
}

/// What one shard runs through one tower.
struct TowerRun {
  std::size_t tower;
  Extent x;
  std::int64_t input_bytes;
};

struct TowerMemory {
  Memory training, inference;
  std::int64_t waiting = 0;
};

TowerMemory tower_memory(const Network& network, const TowerRun& run) {
  nn::Sequential& layers = *network.towers()[run.tower].layers;
  const auto all = [&](bool training) {
    return follow(layers, 0, layers.size(), run.x, training, false, nullptr, nullptr);
  };
  if (network.segments() == 1) return {all(true).memory, all(false).memory, all(true).waiting};
  return {follow_segments(layers, run.x, network.segments()), all(false).memory};  // nothing that meets has segments
}

void add_layers(MemoryPlan& plan, const Network& network, const TowerRun& run) {
  const Network::Tower& tower = network.towers()[run.tower];
  std::vector<std::int64_t> training, inference;
  std::vector<Shape> shapes;
  follow(*tower.layers, 0, tower.layers->size(), run.x, true, false, &training, &shapes);
  follow(*tower.layers, 0, tower.layers->size(), run.x, false, false, &inference, nullptr);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    plan.layers.push_back({tower.name, tower.layers->parts()[i].first, std::string((*tower.layers)[i].kind()),
                           shapes[i], training[i], inference[i]});
  }
}

/// Bytes of parameters whose gradient comes as rows.
std::int64_t table_bytes(const nn::Module& module) {
  std::int64_t bytes = 0;
  if (const auto* embedding = dynamic_cast<const nn::Embedding*>(&module)) {
    bytes += nn::bytes_of(embedding->weight().shape());
  }
  for (const auto& [name, part] : module.parts()) bytes += table_bytes(*part);
  return bytes;
}

MemoryPlan begin_plan(Task& task, const Recipe& recipe, int threads) {
  MemoryPlan plan;
  plan.threads = threads;
  const std::int64_t batch = (recipe.batch + recipe.accumulate - 1) / recipe.accumulate;
  plan.shards = std::min(recipe.shards, batch);
  plan.examples = (batch + plan.shards - 1) / plan.shards;
  plan.evaluated = std::min(Trainer::kEvaluated, task.examples(Part::train));
  plan.at_work = task.meets() ? plan.shards : std::min<std::int64_t>(threads, plan.shards);
  const nn::Module& network = task.network();
  const std::int64_t parameters = kReal * network.parameter_count(), tables = table_bytes(network);
  plan.training.parameters = parameters;
  for (const nn::Buffer& buffer : network.buffers()) {
    plan.training.parameters += static_cast<std::int64_t>(buffer.tensor.bytes());
  }
  plan.training.moments = optim::Optimizer::moments(recipe.optimizer) * parameters;
  plan.training.gradients = plan.shards * (parameters - tables) + tables;
  plan.inference.parameters = plan.training.parameters;
  plan.between_steps = plan.training.parameters + plan.training.moments + plan.training.gradients;
  return plan;
}

/// The most that one shard holds at once beside its input, of what `memory` says.
std::int64_t most(const Memory& memory) {
  return std::max(memory.kept + memory.transient, left(memory) + memory.walk);
}

Shape rows_shape(std::int64_t rows, const Shape& row) {
  std::vector<std::int64_t> sizes{rows};
  sizes.insert(sizes.end(), row.begin(), row.end());
  return Shape(std::span<const std::int64_t>(sizes));
}

/// Cross-entropy of logits [n, K]: their log-softmax, checked labels, a loss a row; the walk makes the logits'
/// gradient.
Memory cross_entropy_memory(std::int64_t n, std::int64_t classes, bool training) {
  Memory memory{.kept = n * (kReal * classes + kReal + kClass) + kReal, .output = kReal};
  if (training) memory.walk = n * kReal * classes;
  return memory;
}

TowerRun labelled_run(const Classify& task, std::int64_t n) {
  const Shape x = rows_shape(n, task.dataset().row);
  return {0, x, nn::bytes_of(x) + n * kLabel};
}

/// InfoNCE of n anchors against m candidates of C numbers each, by what it makes of them (nn/loss.h): N = anchors,
/// M = candidates, P = similarities, in bytes.
struct InfoNceMemory {
  std::int64_t n, m, p;
  InfoNceMemory(std::int64_t anchors, std::int64_t candidates, std::int64_t channels)
      : n(kReal * anchors * channels), m(kReal * candidates * channels), p(kReal * anchors * candidates) {}

  /// Beside both towers' outputs: gathered candidates, unit rows of both, scaled anchors, similarities, their
  /// log-softmax; on the way back the gradients of all these as they come and go.
  std::int64_t most_of_walk() const { return std::max({2 * m + 2 * n + 2 * p, 3 * m + 3 * n + p, 5 * m + 2 * n}); }
  /// A shard that waits for the others' gradients of its candidates: its own of all candidates, and a copy given away.
  std::int64_t waiting() const { return 2 * m + n; }
  /// Nothing recorded: no gathered candidates.
  std::int64_t inference() const { return m + 2 * n + 2 * p; }
};

TowerRun paired_run(const Contrast& task, const Network& network, std::size_t tower, std::int64_t n) {
  const Network::Tower& built = network.towers()[tower];
  const std::int64_t length = task.length(tower);
  if (length == 0) {
    const Shape x = rows_shape(n, built.input.row);
    return {tower, x, nn::bytes_of(x)};
  }
  engine::Tensor offsets = engine::Tensor::range(n + 1, engine::DType::i32);
  for (std::int32_t& offset : offsets.span<std::int32_t>()) offset *= static_cast<std::int32_t>(length);
  return {tower, Extent({n * length}, offsets), kLabel * (n * length + n + 1)};
}

/// Rows that tables' gradients consist of, of all shards.
std::int64_t row_bytes(const Network& network, const TowerRun& run, std::int64_t shards) {
  const nn::Layer& first = (*network.towers()[run.tower].layers)[0];
  if (first.kind() != "embedding") return 0;
  return shards * (nn::bytes_of(first.output_shape(run.x.shape)) + kLabel * run.x.shape.elements());
}

}  // namespace

MemoryPlan plan_memory(Classify& task, const Recipe& recipe, int threads) {
  MemoryPlan plan = begin_plan(task, recipe, threads);
  const std::int64_t classes = task.dataset().classes;
  const TowerRun run = labelled_run(task, plan.examples);
  add_layers(plan, task.towers(), run);

  nn::MemoryChain training;
  const TowerMemory tower = tower_memory(task.towers(), run);
  training.then(tower.training);
  training.then(cross_entropy_memory(plan.examples, classes, true));
  const Memory step = training.total();
  plan.training.inputs = plan.at_work * run.input_bytes;
  const std::int64_t working = std::min<std::int64_t>(threads, plan.shards);
  plan.training.activations = working * step.kept + (plan.at_work - working) * tower.waiting;
  plan.training.workspace = working * (most(step) - step.kept);

  const TowerRun evaluated = labelled_run(task, plan.evaluated);
  nn::MemoryChain inference;
  inference.then(tower_memory(task.towers(), evaluated).inference);
  inference.then(cross_entropy_memory(plan.evaluated, classes, false));
  plan.inference.inputs = threads * evaluated.input_bytes;
  plan.inference.activations = threads * most(inference.total());
  return plan;
}

MemoryPlan plan_memory(Contrast& task, const Recipe& recipe, int threads) {
  MemoryPlan plan = begin_plan(task, recipe, threads);
  const Network& network = task.towers();
  const std::size_t second = network.towers().size() - 1;
  const TowerRun run_a = paired_run(task, network, 0, plan.examples);
  const TowerRun run_b = paired_run(task, network, second, plan.examples);
  add_layers(plan, network, run_a);
  if (second != 0) add_layers(plan, network, run_b);

  const std::int64_t shards = plan.shards, working = std::min<std::int64_t>(threads, shards);
  const TowerMemory a = tower_memory(network, run_a), b = tower_memory(network, run_b);
  const std::int64_t channels = a.training.output / (kReal * plan.examples);
  const InfoNceMemory loss(plan.examples, plan.examples * shards, channels);
  const std::int64_t kept = a.training.kept + b.training.kept;
  // All shards come to the loss with their activations; `working` of them are in the middle of it, or of the walk
  // through the towers, while the others wait.
  const std::int64_t forward = working * std::max(a.training.transient - b.training.kept, b.training.transient);
  const std::int64_t in_loss = (shards - working) * loss.waiting() + working * loss.most_of_walk();
  const std::int64_t walk = std::max(b.training.walk, a.training.walk - left(b.training));
  const std::int64_t in_towers = shards * (loss.m + loss.n) + (shards - working) * loss.m + working * walk;
  plan.training.inputs = shards * (run_a.input_bytes + run_b.input_bytes);
  plan.training.activations = shards * kept;
  plan.training.workspace = std::max({forward, in_loss, in_towers});
  plan.between_steps += row_bytes(network, run_a, shards) + row_bytes(network, run_b, shards);

  const TowerRun one_a = paired_run(task, network, 0, plan.evaluated);
  const TowerRun one_b = paired_run(task, network, second, plan.evaluated);
  const Memory first = tower_memory(network, one_a).inference, then = tower_memory(network, one_b).inference;
  const InfoNceMemory measured(plan.evaluated, plan.evaluated, channels);
  // Tower, tower, loss; each tower's input goes when it is through.
  const std::array<std::pair<std::int64_t, std::int64_t>, 3> moments{
      {{one_a.input_bytes, most(first)},
       {one_b.input_bytes, first.kept + most(then)},
       {0, first.kept + then.kept + measured.inference()}}};
  const auto worst = std::max_element(moments.begin(), moments.end(), [](const auto& one, const auto& other) {
    return one.first + one.second < other.first + other.second;
  });
  plan.inference.inputs = threads * worst->first;
  plan.inference.activations = threads * worst->second;
  return plan;
}

}  // namespace tamis::train
