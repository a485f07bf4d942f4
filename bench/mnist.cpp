#include <fmt/format.h>

#include <chrono>

#include "bench/engine.h"
#include "bench/peers.h"
#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/engine/train/classify.h"
#include "tamis/engine/train/trainer.h"

namespace tamis::bench {

namespace {

constexpr double kTarget = 0.99;

/// Test accuracy after one more epoch.
double train_epoch(train::Trainer& trainer) {
  for (std::int64_t i = 0; i < trainer.steps_per_epoch(); ++i) trainer.run_step();
  return trainer.evaluate(train::Part::test).at(1);
}

}  // namespace

Report run_mnist(const Options& options, Progress& progress) {
  Report report;
  report.machine = this_machine();
  report.threads = threads();
  ConfigFile file(options.config);
  const train::Config config = train::read_config(file);
  train::Classify task(file, config, options.data, options.seed);
  train::Trainer trainer(task, config.recipe, options.seed);

  progress.begin("mnist", static_cast<std::uint64_t>(config.recipe.epochs) + 1);
  const auto begun = std::chrono::steady_clock::now();
  double accuracy = 0;
  std::int64_t epochs = 0;
  for (; epochs < config.recipe.epochs && accuracy < kTarget; ++epochs) {
    accuracy = train_epoch(trainer);
    progress.advance();
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
  if (accuracy < kTarget) {
    fail_world("mnist",
               fmt::format("{} epochs end at {:.2f} %, below {:.0f} %", epochs, 100 * accuracy, 100 * kTarget));
  }
  Result result;
  result.name = "mnist";
  result.what = fmt::format("training and testing until {:.0f} % of the test images are recognised", 100 * kTarget);
  result.check = fmt::format("{:.2f} % after {} epochs", 100 * accuracy, epochs);
  result.seconds = taken.count();
  result.rate = static_cast<double>(epochs * task.examples(train::Part::train)) / taken.count();
  result.unit = "images/s";
  const auto peer = run_peer(options.peers, "mnist_torch.py", threads(), options.seconds,
                             {"--data", options.data.string(), "--seed", fmt::format("{}", options.seed)}, report.peer);
  progress.end();
  if (peer) {
    report.peer = peer->name;
    result.peer_seconds = peer->seconds.at("mnist");
  }
  report.results.push_back(result);
  return report;
}

}  // namespace tamis::bench
