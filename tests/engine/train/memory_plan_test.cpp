#include "tamis/engine/train/memory_plan.h"

#include <algorithm>
#include <filesystem>

#include "tamis/base/parallel.h"
#include "tamis/engine/tensor/storage.h"

namespace tamis::train {
namespace {

constexpr double kMebibyte = 1024 * 1024;

/// The number of threads that a test sets, back to what it was.
class Threads {
 public:
  explicit Threads(int count) : before_(threads()) { set_threads(count); }
  ~Threads() { set_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

struct Both {
  MemoryPlan plan;
  MeasuredMemory measured;
};

double ratio(std::int64_t predicted, std::int64_t measured) {
  return static_cast<double>(predicted) / static_cast<double>(measured);
}

/// True if no more is to be expected of another look.
bool met(const Both& both) {
  return ratio(both.plan.training.total(), both.measured.training) <= 1.05 &&
         ratio(both.plan.inference.total(), both.measured.inference) <= 1.05;
}

Both plan_and_measure(ConfigFile& file, int count, std::int64_t steps) {
  const Threads set(count);
  const Config config = read_config(file);
  const auto both = [&](auto&& task) {
    Both result{plan_memory(task, config.recipe, threads()), measure_memory(task, config.recipe, 0, steps)};
    // The worst moments of several threads do not meet in every step: the most of several looks is what a run holds.
    for (int look = 1; count > 1 && look < 20 && !met(result); ++look) {
      const MeasuredMemory again = measure_memory(task, config.recipe, 0, steps);
      result.measured.training = std::max(result.measured.training, again.training);
      result.measured.inference = std::max(result.measured.inference, again.inference);
    }
    return result;
  };
  if (config.task == "contrast") return both(Contrast(file, config, 0));
  return both(Classify(file, config, "", 0));
}

Both plan_and_measure(const std::string& text, int count, std::int64_t steps = 3) {
  ConfigFile file = ConfigFile::parse(text, "test.toml");
  return plan_and_measure(file, count, steps);
}

void expect_close(const Both& both) {
  EXPECT_EQ(both.plan.training.parameters, both.measured.parameters);
  EXPECT_EQ(both.plan.training.moments, both.measured.moments);
  EXPECT_NEAR(ratio(both.plan.between_steps, both.measured.between_steps), 1, 0.01);
  EXPECT_NEAR(ratio(both.plan.training.total(), both.measured.training), 1, 0.05);
  EXPECT_NEAR(ratio(both.plan.inference.total(), both.measured.inference), 1, 0.05);
  // What is the same in every network of that size must not hide what is not: the step's own part, on one thread.
  const MemoryParts& step = both.plan.training;
  const std::int64_t held = step.parameters + step.moments + step.gradients;
  if (both.plan.threads == 1) {
    EXPECT_NEAR(ratio(step.total() - held, both.measured.training - held), 1, 0.15);
    EXPECT_NEAR(ratio(both.plan.inference.total() - step.parameters, both.measured.inference - step.parameters), 1,
                0.1);
  }
  ASSERT_EQ(both.plan.layers.size(), both.measured.layers_training.size());
  ASSERT_EQ(both.plan.layers.size(), both.measured.layers_inference.size());
  for (std::size_t i = 0; i < both.plan.layers.size(); ++i) {
    const LayerMemory& layer = both.plan.layers[i];
    EXPECT_EQ(layer.training, both.measured.layers_training[i]) << layer.layer;
    EXPECT_EQ(layer.inference, both.measured.layers_inference[i]) << layer.layer;
  }
}

/// The convolutional network of the benchmark, on made-up images.
const std::string kCnn = R"(
[data]
kind = "random"
shape = "28x28x1"
classes = 10
examples = 128
[[layer]]
kind = "conv2d"
out = 16
padding = "same"
[[layer]]
kind = "relu"
[[layer]]
kind = "conv2d"
out = 32
padding = "same"
[[layer]]
kind = "relu"
[[layer]]
kind = "max_pool"
[[layer]]
kind = "flatten"
[[layer]]
kind = "linear"
out = 128
[[layer]]
kind = "relu"
[[layer]]
kind = "linear"
out = 10
[train]
batch = 64
)";

TEST(MemoryPlan, CnnOnOneThread) {
  expect_close(plan_and_measure(kCnn, 1));
}

TEST(MemoryPlan, CnnOnTwoThreads) {
  expect_close(plan_and_measure(kCnn, 2));
}

/// examples/encoder.toml with fewer examples and shards.
const std::string kEncoder = R"(
task = "contrast"
[data]
examples = 8
[[input]]
kind = "ids"
vocabulary = 2000
length = 16
[[layer]]
kind = "embedding"
out = 384
[[layer]]
kind = "transformer"
layers = 6
heads = 12
feed_forward = 1536
[[layer]]
kind = "sequence_mean"
[train]
batch = 8
shards = 2
)";

TEST(MemoryPlan, EncoderOfSixLayersOnOneThread) {
  expect_close(plan_and_measure(kEncoder, 1, 2));
}

TEST(MemoryPlan, EncoderOfSixLayersOnTwoThreads) {
  expect_close(plan_and_measure(kEncoder, 2, 2));
}

TEST(MemoryPlan, TwoTowers) {
  for (const int count : {1, 2}) {
    ConfigFile file(TAMIS_SOURCE_DIR "/examples/two_tower.toml");
    expect_close(plan_and_measure(file, count, 4));
  }
}

TEST(MemoryPlan, SegmentsKeepTheirInputsAlone) {
  const Both kept = plan_and_measure(kCnn, 1, 2);
  const Both again = plan_and_measure("[network]\nsegments = 3\n" + kCnn, 1, 2);
  EXPECT_NEAR(ratio(again.plan.training.total(), again.measured.training), 1, 0.05);
  EXPECT_LT(again.plan.training.activations, kept.plan.training.activations);
}

TEST(MemoryPlan, BatchNormKeepsAllShards) {
  const std::string norm = "[[layer]]\nkind = \"batch_norm\"\n", relu = "[[layer]]\nkind = \"relu\"\n";
  std::string text = kCnn;
  text.insert(text.find(relu), norm);
  const Both both = plan_and_measure(text, 1, 2);
  EXPECT_EQ(both.plan.at_work, both.plan.shards);
  // The worst moments of several threads need not meet: then less is measured, but never more.
  const double most = both.plan.threads == 1 ? 1.05 : both.plan.threads;
  const double training = ratio(both.plan.training.total(), both.measured.training);
  const double inference = ratio(both.plan.inference.total(), both.measured.inference);
  EXPECT_TRUE(training >= 0.95 && training <= most) << training;
  EXPECT_TRUE(inference >= 0.95 && inference <= most) << inference;
}

// More threads, more shards at once, as long as there are shards; the parameters are there once.
TEST(MemoryPlan, DependsOnTheThreads) {
  ConfigFile file = ConfigFile::parse(kCnn, "test.toml");
  const Config config = read_config(file);
  Classify task(file, config, "", 0);
  const MemoryPlan one = plan_memory(task, config.recipe, 1), two = plan_memory(task, config.recipe, 2);
  const MemoryPlan many = plan_memory(task, config.recipe, 64);
  EXPECT_EQ(two.training.activations, 2 * one.training.activations);
  EXPECT_EQ(two.training.inputs, 2 * one.training.inputs);
  EXPECT_EQ(many.training.activations, 8 * one.training.activations);
  EXPECT_EQ(many.training.parameters, one.training.parameters);
  EXPECT_EQ(many.training.gradients, one.training.gradients);
}

// By hand: conv 16 and 32 of 3 x 3, dense 6272 x 128 and 128 x 10, with biases; AdamW keeps two moments; each of 8
// shards has its own gradients.
TEST(MemoryPlan, ParametersMomentsAndGradientsByHand) {
  ConfigFile file = ConfigFile::parse(kCnn, "test.toml");
  const Config config = read_config(file);
  Classify task(file, config, "", 0);
  const std::int64_t parameters = 4 * (16 * 9 + 16 + 32 * 16 * 9 + 32 + 14 * 14 * 32 * 128 + 128 + 128 * 10 + 10);
  const MemoryPlan plan = plan_memory(task, config.recipe, 1);
  EXPECT_EQ(plan.training.parameters, parameters);
  EXPECT_EQ(plan.training.moments, 2 * parameters);
  EXPECT_EQ(plan.training.gradients, 8 * parameters);
  EXPECT_EQ(plan.inference.parameters, parameters);
}

// The figures of docs/design/memory.md.
TEST(MemoryPlan, WorkedFigures) {
  const std::string images = R"(
[data]
kind = "random"
shape = "224x224x3"
classes = 2
examples = 2
normalize = "none"
[[layer]]
kind = "global_avg_pool"
[[layer]]
kind = "linear"
out = 2
[train]
batch = 128
shards = 1
)";
  ConfigFile file = ConfigFile::parse(images, "test.toml");
  const Config config = read_config(file);
  Classify task(file, config, "", 0);
  const MemoryPlan plan = plan_memory(task, config.recipe, 1);
  EXPECT_EQ(plan.training.inputs, 128 * 224 * 224 * 3 * 4 + 128 * 4);  // and a label each
  EXPECT_DOUBLE_EQ(static_cast<double>(plan.training.inputs - 128 * 4) / kMebibyte, 73.5);
  const auto before = static_cast<double>(engine::tensor_memory().live);
  const engine::Tensor activation({32, 1024, 768});
  EXPECT_DOUBLE_EQ((static_cast<double>(engine::tensor_memory().live) - before) / kMebibyte, 96);
}

TEST(SlowMemoryPlan, Examples) {
  for (const char* name : {"cnn", "encoder", "two_tower"}) {
    for (const int count : {1, 2}) {
      // A shard of the smallest network is done before the second thread has begun.
      if (std::string(name) == "cnn" && count > 1) continue;
      ConfigFile file(std::string(TAMIS_SOURCE_DIR "/examples/") + name + ".toml");
      expect_close(plan_and_measure(file, count, 4));
    }
  }
}

}  // namespace
}  // namespace tamis::train
