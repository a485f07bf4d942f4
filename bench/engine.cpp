#include "bench/engine.h"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <oneapi/dnnl/dnnl.hpp>

#include "bench/peers.h"
#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/engine/optim/optimizer.h"
#include "tamis/engine/tensor/matmul.h"

namespace tamis::bench {

namespace {

using engine::DType;
using engine::Tensor;

Tensor uniform(const engine::Shape& shape, std::uint64_t seed, std::string_view purpose) {
  Tensor x(shape);
  Stream stream(seed, purpose);
  for (float& value : x.span<float>()) value = static_cast<float>(2 * stream.uniform() - 1);
  return x;
}

void require_close(const std::string& name, double largest, double allowed) {
  if (!(largest <= allowed))
    fail_world(name, fmt::format("is off by {:.3g}, more than {:.3g}; not timed", largest, allowed));
}

}  // namespace

Result bench_matmul(const Options& options) {
  constexpr std::int64_t n = 1024;
  const auto at_once = static_cast<std::size_t>(threads());
  const Tensor a = uniform({n, n}, options.seed, "bench a"), b = uniform({n, n}, options.seed, "bench b");
  std::vector<Tensor> outs;
  for (std::size_t i = 0; i < at_once; ++i) outs.push_back(Tensor::zeros({n, n}));

  const Tensor exact = engine::matmul(a.slice(0, 0, 16).to(DType::f64), b.to(DType::f64));
  const Tensor fast = engine::matmul(a, b);
  double largest = 0;
  for (std::int64_t i = 0; i < exact.elements(); ++i) largest = std::max(largest, std::abs(exact.at(i) - fast.at(i)));
  require_close("matmul", largest, 1e-3);

  const auto ours = [&](std::size_t i) { engine::matmul_into(outs[i], a, b, false, false, false); };
  const auto direct = [&](std::size_t i) {
    const int before = omp_get_max_threads();
    omp_set_num_threads(1);
    dnnl::sgemm('N', 'N', n, n, n, 1.0F, a.data<float>(), n, b.data<float>(), n, 0.0F, outs[i].data<float>(), n);
    omp_set_num_threads(before);
  };
  // In turns, so that both meet the same neighbours on the machine.
  double ours_best = 1e9, direct_best = 1e9;
  for (int turn = 0; turn < 4; ++turn) {
    ours_best = std::min(ours_best, best_seconds([&] { parallel_for(at_once, ours); }, 3, options.seconds / 8));
    direct_best = std::min(direct_best, best_seconds([&] { parallel_for(at_once, direct); }, 3, options.seconds / 8));
  }
  const double each = ours_best / static_cast<double>(at_once);
  return {"matmul",
          fmt::format("[{0}, {0}] x [{0}, {0}], a product a thread", n),
          fmt::format("16 rows against f64: {:.1e}", largest),
          each,
          2.0 * n * n * n / each / 1e9,
          "GFLOP/s",
          direct_best / ours_best,
          "oneDNN called directly",
          {}};
}

Result bench_optimizer(const Options& options, double copy_bandwidth) {
  constexpr std::int64_t n = 16 << 20;
  const Tensor start = uniform({n}, options.seed, "bench weight"), g = uniform({n}, options.seed, "bench gradient");
  const engine::Variable weight(start.clone(), true);
  optim::Optimizer optimizer({{{{"weight", weight, true}}, {.weight_decay = 0.01}}}, {});
  optimizer.step({g}, 1e-3);
  double largest = 0;
  for (std::int64_t i = 0; i < n; i += 9973) {
    // The first step of AdamW: both moments are their gradient's, so the step is the gradient's sign.
    const double before = start.at(i), gradient = g.at(i);
    const double expected = before * (1 - 1e-5) - 1e-3 * gradient / (std::abs(gradient) + 1e-8);
    largest = std::max(largest, std::abs(weight.value().at(i) - expected));
  }
  require_close("optimizer", largest, 1e-6);
  const double seconds = best_seconds([&] { optimizer.step({g}, 1e-3); }, 5, options.seconds);
  // Weight, gradient and two moments are read; weight and moments are written.
  const double bytes = 7.0 * sizeof(float) * n;
  return {"optimizer",
          "AdamW over 16.8 million weights",
          fmt::format("first step against its formula: {:.1e}", largest),
          seconds,
          bytes / seconds / 1e9,
          "GB/s",
          bytes / seconds / copy_bandwidth,
          "copying",
          {}};
}

Report run_engine(const Options& options, Progress& progress) {
  Report report{this_machine(), threads(), 0, 0, "", {}};
  progress.begin("engine", 6);
  report.sgemm_peak = sgemm_peak(threads(), options.seconds);
  report.copy_bandwidth = copy_bandwidth(std::size_t{256} << 20, threads(), options.seconds);
  progress.advance();
  report.results.push_back(bench_matmul(options));
  progress.advance();
  report.results.push_back(bench_optimizer(options, report.copy_bandwidth));
  progress.advance();
  report.results.push_back(bench_cnn(options, report.sgemm_peak));
  progress.advance();
  report.results.push_back(bench_encoder(options, report.sgemm_peak));
  progress.advance();
  const auto peer = run_peer(options.peers, "engine_torch.py", threads(), options.seconds, {}, report.peer);
  progress.advance();
  progress.end();
  if (!peer) return report;
  report.peer = peer->name;
  for (Result& result : report.results) {
    const auto found = peer->seconds.find(result.name);
    if (found != peer->seconds.end()) result.peer_seconds = found->second;
  }
  return report;
}

std::string describe(const Report& report) {
  std::string text = fmt::format("{}, {} cores, {}; {} threads\n", report.machine.processor, report.machine.cores,
                                 report.machine.vectors, report.threads);
  if (report.sgemm_peak > 0) {
    text +=
        fmt::format("sgemm {:.0f} GFLOP/s, copy {:.1f} GB/s\n", report.sgemm_peak / 1e9, report.copy_bandwidth / 1e9);
  }
  text += fmt::format("peer: {}\n\n", report.peer);
  text += fmt::format("{:<10} {:>10} {:>18} {:>9} {:<24} {:>10} {:>7}\n", "workload", "ms", "rate", "share", "of",
                      "peer ms", "times");
  for (const Result& result : report.results) {
    const std::string share = result.share_of.empty() ? "-" : fmt::format("{:.1f}%", result.share * 100);
    text += fmt::format("{:<10} {:>10.3f} {:>18} {:>9} {:<24} ", result.name, result.seconds * 1e3,
                        fmt::format("{:.4g} {}", result.rate, result.unit), share, result.share_of);
    text += result.peer_seconds
                ? fmt::format("{:>10.3f} {:>7.2f}\n", *result.peer_seconds * 1e3, *result.peer_seconds / result.seconds)
                : fmt::format("{:>10} {:>7}\n", "-", "-");
  }
  return text;
}

}  // namespace tamis::bench
