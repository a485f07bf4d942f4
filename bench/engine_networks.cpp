#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "bench/engine.h"
#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/engine/tensor/elementwise.h"
#include "tamis/engine/train/classify.h"
#include "tamis/engine/train/contrast.h"
#include "tamis/engine/train/trainer.h"

// Whole training steps, as `tamis train` takes them: forward, back, summing the shards, clipping's norm, AdamW.
namespace tamis::bench {

namespace {

constexpr const char* kCnn = R"(
task = "classify"
[data]
kind = "random"
examples = 64
shape = "28x28x1"
classes = 10
[[layer]]
kind = "conv2d"
out = 16
[[layer]]
kind = "relu"
[[layer]]
kind = "conv2d"
out = 32
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
[optimizer]
weight_decay = 0.01
[schedule]
rate = 1e-3
[train]
epochs = 1000000
batch = 64
shards = 2
)";

constexpr const char* kEncoder = R"(
task = "contrast"
[[input]]
kind = "ids"
vocabulary = 30522
length = 32
[data]
examples = 64
[[layer]]
kind = "embedding"
out = 384
[[layer]]
kind = "layer_norm"
[[layer]]
kind = "dropout"
rate = 0.1
[[layer]]
kind = "transformer"
layers = 6
heads = 12
feed_forward = 1536
[[layer]]
kind = "sequence_mean"
[optimizer]
weight_decay = 0.01
[schedule]
rate = 1e-4
[train]
epochs = 1000000
batch = 64
shards = 4
)";

/// Floating-point operations of the products of one training step: forward, and twice as many back.
constexpr double kCnnOperations = 3 * 2.0 * 64 * (26 * 26 * 9.0 * 16 + 24 * 24 * 9.0 * 16 * 32 + 4608.0 * 128 + 1280);
constexpr double kTokens = 128 * 32;
constexpr double kEncoderOperations = 3 * 2.0 * kTokens * 6 * (4.0 * 384 * 384 + 2.0 * 384 * 1536 + 2.0 * 32 * 384);

/// The loss of the next batch after the weights were moved by `distance` along the gradient.
double loss_along(train::Trainer& trainer, const std::vector<engine::Tensor>& direction, double distance) {
  const auto& parameters = trainer.parameters();
  const auto move = [&](double by) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      engine::Variable weight = parameters[i].variable;
      if (direction[i].defined()) engine::add_scaled_into(weight.leaf_value(), direction[i], by);
    }
  };
  move(distance);
  const double loss = trainer.compute_gradient().loss;
  move(-distance);
  return loss;
}

/// The slope of the loss along its gradient is the gradient's norm: checks the whole step, dropout masks and all.
/// Returns the relative difference from central differences.
double check_gradient(const std::string& name, train::Trainer& trainer, double distance) {
  const double norm = trainer.compute_gradient().norm;
  std::vector<engine::Tensor> direction;
  for (const engine::Tensor& g : trainer.gradients()) {
    direction.push_back(g.defined() ? engine::mul(g, 1 / norm) : g);
  }
  const double slope =
      (loss_along(trainer, direction, distance) - loss_along(trainer, direction, -distance)) / (2 * distance);
  const double off = std::abs(slope / norm - 1);
  if (!(off < 0.02)) {
    fail_world(name, fmt::format("gradient norm {:.6g}, slope {:.6g} along it; not timed", norm, slope));
  }
  return off;
}

}  // namespace

Result bench_training(const Options& options, train::Task& task, const train::Recipe& recipe, Result result,
                      double examples, double operations, double peak, double distance) {
  train::Trainer trainer(task, recipe, options.seed);
  const double off = check_gradient(result.name, trainer, distance);
  result.check = fmt::format("slope along the gradient against its norm: {:.1e} relative", off);
  result.seconds = best_seconds([&] { trainer.run_step(); }, 3, options.seconds);
  result.rate = examples / result.seconds;
  result.share = operations / result.seconds / peak;
  result.share_of = "sgemm's peak";
  return result;
}

Result bench_cnn(const Options& options, double sgemm_peak) {
  ConfigFile file = ConfigFile::parse(kCnn, "bench cnn");
  const train::Config config = train::read_config(file);
  train::Classify task(file, config, "", options.seed);
  Result result;
  result.name = "cnn";
  result.what = "training step: conv 16, conv 32, pool, dense 128; batch 64 of 28x28";
  result.unit = "images/s";
  return bench_training(options, task, config.recipe, result, 64, kCnnOperations, sgemm_peak, 1e-2);
}

Result bench_encoder(const Options& options, double sgemm_peak) {
  ConfigFile file = ConfigFile::parse(kEncoder, "bench encoder");
  const train::Config config = train::read_config(file);
  train::Contrast task(file, config, options.seed);
  Result result;
  result.name = "encoder";
  result.what = "training step: 6 layers x 384, 12 heads, 1536; 128 sequences of 32 tokens, InfoNCE, dropout 0.1";
  result.unit = "sequences/s";
  return bench_training(options, task, config.recipe, result, 128, kEncoderOperations, sgemm_peak, 1e-2);
}

}  // namespace tamis::bench
