#include "tamis/engine/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "tamis/base/parallel.h"
#include "tests/base/scratch.h"
#include "tests/engine/train/small_task.h"

namespace tamis::train {
namespace {

constexpr const char* kTowers = R"(
task = "contrast"

[data]
examples = 32

[[input]]
kind = "ids"
vocabulary = 20
length = 5

[[input]]
kind = "rows"
width = 6

[[layer]]
tower = "text"
kind = "embedding"
out = 8

[[layer]]
tower = "text"
kind = "transformer"
layers = 1
heads = 2
feed_forward = 16

[[layer]]
tower = "text"
kind = "sequence_mean"

[[layer]]
tower = "item"
kind = "linear"
out = 8

[loss]
temperature = 1.0

[schedule]
rate = 0.01

[train]
batch = 8
shards = 3
epochs = 30
)";

template <typename M>
std::vector<double> losses_of(M& made, int steps) {
  std::vector<double> losses;
  for (int i = 0; i < steps; ++i) losses.push_back(made.trainer->run_step().loss);
  return losses;
}

class Threads {
 public:
  explicit Threads(int count) : before_(threads()) { set_threads(count); }
  ~Threads() { set_threads(before_); }

 private:
  int before_;
};

TEST(Trainer, TheSameBitsAtAnyNumberOfThreads) {
  std::vector<std::vector<std::vector<double>>> states, towers;
  for (const int count : {1, 2, 5}) {
    const Threads threads(count);
    auto images = classifier(small_images());
    losses_of(images, 8);
    states.push_back(state_of(*images.trainer));
    states.back().push_back(images.trainer->evaluate(Part::test));
    auto pairs = contrast(kTowers);
    losses_of(pairs, 6);
    towers.push_back(state_of(*pairs.trainer));
  }
  EXPECT_EQ(states[0], states[1]);
  EXPECT_EQ(states[0], states[2]);
  EXPECT_EQ(towers[0], towers[1]);
  EXPECT_EQ(towers[0], towers[2]);
}

TEST(Trainer, LearnsPairsAcrossTwoTowers) {
  auto pairs = contrast(kTowers);
  const auto losses = losses_of(pairs, 120);
  EXPECT_NEAR(losses[0], std::log(8), 0.5);  // chance among 8; cosines move it little
  // With cosines and temperature 1 a perfect pair among orthogonal others has loss log(e + 7) - 1 = 1.27.
  EXPECT_LT(losses[119], losses[0] - 0.3);
}

TEST(Trainer, EveryEpochSeesEveryExampleOnceInAnotherOrder) {
  const auto made = classifier(small_vectors("batch = 6\n"));
  ASSERT_EQ(made.trainer->steps_per_epoch(), 4);
  std::vector<std::vector<std::int64_t>> epochs(2);
  for (std::int64_t step = 0; step < 8; ++step) {
    for (const std::int64_t example : made.trainer->examples_of(step)) {
      epochs[static_cast<std::size_t>(step / 4)].push_back(example);
    }
  }
  EXPECT_NE(epochs[0], epochs[1]);
  for (auto& epoch : epochs) {
    std::sort(epoch.begin(), epoch.end());
    for (std::int64_t i = 0; i < 24; ++i) EXPECT_EQ(epoch[static_cast<std::size_t>(i)], i);
  }
  EXPECT_EQ(made.trainer->examples_of(0), made.trainer->examples_of(0));
}

/// The gradient of the mean cross-entropy of a linear layer, in f64, from the tensors themselves.
std::vector<double> gradient_by_hand(Made<Classify>& made, const std::vector<std::int64_t>& examples) {
  const auto x = made.task->rows_of(Part::train, examples, 0).numbers();
  const auto labels = made.task->labels_of(Part::train, examples).numbers();
  std::vector<double> weight, bias;
  for (const nn::Parameter& parameter : made.trainer->parameters()) {
    (parameter.name.ends_with("weight") ? weight : bias) = parameter.variable.value().numbers();
  }
  std::vector<double> gradient(15);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    double sum = 0;
    std::vector<double> p(3);
    for (std::size_t k = 0; k < 3; ++k) {
      double z = bias[k];
      for (std::size_t j = 0; j < 5; ++j) z += weight[k * 5 + j] * x[i * 5 + j];
      sum += p[k] = std::exp(z);
    }
    for (std::size_t k = 0; k < 3; ++k) {
      const double off = p[k] / sum - (labels[i] == static_cast<double>(k) ? 1 : 0);
      for (std::size_t j = 0; j < 5; ++j) {
        gradient[k * 5 + j] += off * x[i * 5 + j] / static_cast<double>(examples.size());
      }
    }
  }
  return gradient;
}

TEST(Trainer, TheGradientIsThatOfTheMeanLossHoweverTheBatchIsCut) {
  for (const char* cut : {"batch = 12\nshards = 1\n", "batch = 12\nshards = 5\n",
                          "batch = 12\nshards = 8\naccumulate = 3\n", "batch = 12\nshards = 12\naccumulate = 5\n"}) {
    auto made = classifier(small_vectors(cut));
    const auto expected = gradient_by_hand(made, made.trainer->examples_of(0));
    const StepLine line = made.trainer->compute_gradient();
    const auto& parameters = made.trainer->parameters();
    double squares = 0;
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      const auto found = made.trainer->gradients()[p].numbers();
      for (const double value : found) squares += value * value;
      if (!parameters[p].name.ends_with("weight")) continue;
      for (std::size_t i = 0; i < 15; ++i) EXPECT_NEAR(found[i], expected[i], 2e-6) << cut << i;
    }
    EXPECT_NEAR(line.norm, std::sqrt(squares), 1e-9);
    ASSERT_EQ(line.norms.size(), 1U);
    EXPECT_NEAR(line.norms[0], std::sqrt(squares), 1e-9);
  }
}

TEST(Trainer, AStepOfDescentIsRateTimesGradient) {
  auto made = classifier(small_vectors("batch = 12\n"));
  const auto before = state_of(*made.trainer);
  made.trainer->compute_gradient();
  std::vector<std::vector<double>> gradients;
  for (const Tensor& gradient : made.trainer->gradients()) gradients.push_back(gradient.numbers());
  EXPECT_EQ(made.trainer->step(), 0);
  EXPECT_EQ(state_of(*made.trainer), before);
  made.trainer->run_step();
  const auto after = state_of(*made.trainer);
  for (std::size_t p = 0; p < gradients.size(); ++p) {
    for (std::size_t i = 0; i < gradients[p].size(); ++i) {
      EXPECT_NEAR(after[p][i], before[p][i] - 0.1 * gradients[p][i], 1e-7);
    }
  }
}

TEST(Trainer, ClippingByNormScalesTheStepAndIsTold) {
  auto made = classifier(small_vectors("batch = 12\nclip_norm = 0.01\n"));
  const auto before = state_of(*made.trainer);
  const StepLine line = made.trainer->run_step();
  const auto after = state_of(*made.trainer);
  EXPECT_GT(line.norm, 0.1);
  EXPECT_NEAR(line.clip * line.norm, 0.01, 1e-5);
  double squares = 0;
  for (std::size_t p = 0; p < after.size(); ++p) {
    for (std::size_t i = 0; i < after[p].size(); ++i) squares += std::pow(after[p][i] - before[p][i], 2);
  }
  EXPECT_NEAR(std::sqrt(squares), 0.1 * 0.01, 1e-6);
}

TEST(Trainer, ClippingByValueBoundsEveryElement) {
  auto made = classifier(small_vectors("batch = 12\nclip_value = 0.001\n"));
  const auto before = state_of(*made.trainer);
  made.trainer->run_step();
  const auto after = state_of(*made.trainer);
  double largest = 0;
  for (std::size_t p = 0; p < after.size(); ++p) {
    for (std::size_t i = 0; i < after[p].size(); ++i) largest = std::max(largest, std::abs(after[p][i] - before[p][i]));
  }
  EXPECT_NEAR(largest, 0.1 * 0.001, 1e-7);
}

TEST(Trainer, BiasesAndNormsDoNotDecay) {
  auto made = classifier(small_vectors("batch = 12\n", "rule = \"sgd\"\nweight_decay = 0.5"));
  auto plain = classifier(small_vectors("batch = 12\n"));
  made.trainer->run_step();
  plain.trainer->run_step();
  const auto fresh = classifier(small_vectors("batch = 12\n"));
  for (std::size_t p = 0; p < made.trainer->parameters().size(); ++p) {
    const nn::Parameter& parameter = made.trainer->parameters()[p];
    const auto decayed = parameter.variable.value().numbers();
    for (std::size_t q = 0; q < decayed.size(); ++q) {
      const double start = fresh.trainer->parameters()[p].variable.value().at(static_cast<std::int64_t>(q));
      const double without = plain.trainer->parameters()[p].variable.value().at(static_cast<std::int64_t>(q));
      EXPECT_NEAR(decayed[q], without - (parameter.decay ? 0.1 * 0.5 * start : 0), 1e-6) << parameter.name;
    }
  }
}

TEST(Trainer, SegmentsAreComputedAgainWithTheSameNumbers) {
  const std::string text = R"(
[data]
kind = "random"
shape = "8"
classes = 2
examples = 16
[[layer]]
kind = "linear"
out = 8
[[layer]]
kind = "dropout"
rate = 0.3
[[layer]]
kind = "tanh"
[[layer]]
kind = "linear"
out = 2
[train]
batch = 16
shards = 2
)";
  auto kept = classifier(text), again = classifier(text + "[network]\nsegments = 3\n");
  EXPECT_EQ(losses_of(kept, 3), losses_of(again, 3));
  EXPECT_EQ(state_of(*kept.trainer), state_of(*again.trainer));
}

TEST(Trainer, GoesOnFromACheckpointBitForBit) {
  const test::Scratch scratch;
  auto whole = classifier(small_images());
  losses_of(whole, 5);
  write_checkpoint(scratch / "x", {whole.trainer->tensors(), {}});
  const auto rest = losses_of(whole, 6);
  auto resumed = classifier(small_images());
  restore(read_checkpoint(scratch / "x"), resumed.trainer->tensors(), "x");
  resumed.trainer->set_step(5);
  EXPECT_EQ(losses_of(resumed, 6), rest);
  EXPECT_EQ(state_of(*resumed.trainer), state_of(*whole.trainer));
}

TEST(Trainer, EvaluationIsTheMeanOverAllExamples) {
  auto made = classifier(small_vectors("batch = 12\n") + "[loss]\nsmoothing = 0.1\n");
  const auto means = made.trainer->evaluate(Part::train);
  std::vector<double> sums(2);
  for (std::int64_t i = 0; i < 24; ++i) {
    const engine::NoGradient none;
    const auto one = made.task->measure(Part::train, std::span(&i, 1));
    sums[0] += one[0];
    sums[1] += one[1];
  }
  EXPECT_NEAR(means[0], sums[0] / 24, 1e-6);
  EXPECT_EQ(means[1], sums[1] / 24);
}

TEST(Trainer, RefusesARecipeThatDoesNotFit) {
  EXPECT_EQ(test::message_of<std::invalid_argument>([] { classifier(small_vectors("batch = 25\n")); }),
            "[train] a batch of 25 examples is more than the 24 to train on");
}

}  // namespace
}  // namespace tamis::train
