#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "tamis/base/progress.h"

namespace tamis::train {
class Task;
struct Recipe;
}  // namespace tamis::train

namespace tamis::bench {

/// One workload, checked before it was timed.
struct Result {
  std::string name;   ///< "matmul", "optimizer", "cnn", "encoder"
  std::string what;   ///< in words
  std::string check;  ///< what was compared with what, and the largest difference
  double seconds = 0;
  double rate = 0;  ///< of `unit`
  std::string unit;
  double share = 0;      ///< of the peak that binds this workload
  std::string share_of;  ///< which peak; "" where none does
  std::optional<double> peer_seconds;
};

struct Report {
  Machine machine;
  int threads = 0;
  double sgemm_peak = 0;      ///< floating-point operations per second, all threads
  double copy_bandwidth = 0;  ///< bytes per second, all threads
  std::string peer;           ///< "PyTorch 2.15.0", or why there is none
  std::vector<Result> results;
};

struct Options {
  std::filesystem::path peers = "bench/peers";
  double seconds = 3;                                    ///< for each workload
  std::filesystem::path config = "examples/mnist.toml";  ///< of run_mnist
  std::filesystem::path data = "../shared/data/mnist";   ///< its images
  std::uint64_t seed = 0;
};

/// Runs the workloads of the engine on threads() threads, and the same ones in PyTorch where it is installed. Throws
/// runtime_error if a workload's result is wrong: a fast wrong answer is not timed.
Report run_engine(const Options& options, Progress& progress);

/// Trains the network of options.config until it recognises 99 % of the test images, tested after each epoch, and the
/// same network in PyTorch where it is installed: seconds of training and testing. Throws runtime_error if the run ends
/// before it gets there.
Report run_mnist(const Options& options, Progress& progress);

// The workloads of run_engine; engine_networks.cpp has the last two.
Result bench_matmul(const Options& options);
Result bench_optimizer(const Options& options, double copy_bandwidth);
Result bench_cnn(const Options& options, double sgemm_peak);
Result bench_encoder(const Options& options, double sgemm_peak);

/// The rest of `result`, whose name is set: training steps of `examples` each, by so many floating-point operations,
/// against sgemm's peak. Throws runtime_error if the loss's slope along its gradient, measured over `distance` both
/// ways, is not the gradient's norm.
Result bench_training(const Options& options, train::Task& task, const train::Recipe& recipe, Result result,
                      double examples, double operations, double peak, double distance);

/// A table for people.
std::string describe(const Report& report);

}  // namespace tamis::bench
