#include "bench/measure.h"

#include <hwy/targets.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <limits>
#include <oneapi/dnnl/dnnl.hpp>

#include "tamis/base/parallel.h"
#include "tamis/engine/tensor/tensor.h"

namespace tamis::bench {

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double sgemm_rate(std::int64_t m, std::int64_t n, std::int64_t k, int threads, double seconds) {
  const auto all = static_cast<std::size_t>(threads);
  std::vector<std::vector<float>> a(all), b(all), c(all);
  const auto product = [&](std::size_t i) {
    dnnl::sgemm('N', 'N', m, n, k, 1.0F, a[i].data(), k, b[i].data(), n, 0.0F, c[i].data(), n);
  };
  const auto on_each_thread = [&](const std::function<void(std::size_t)>& body) {
#pragma omp parallel num_threads(threads)
    {
      // A team of one is no parallel region to oneDNN, which would then take all cores.
      const int before = omp_get_max_threads();
      omp_set_num_threads(1);
      body(static_cast<std::size_t>(omp_get_thread_num()));
      omp_set_num_threads(before);
    }
  };
  on_each_thread([&](std::size_t i) {
    a[i].assign(static_cast<std::size_t>(m * k), 0.5F);
    b[i].assign(static_cast<std::size_t>(k * n), 0.25F);
    c[i].assign(static_cast<std::size_t>(m * n), 0.0F);
  });
  const double best = best_seconds([&] { on_each_thread(product); }, 3, seconds);
  return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k) * threads / best;
}

}  // namespace

double best_seconds(const std::function<void()>& call, int repeats, double seconds) {
  call();
  call();
  double best = std::numeric_limits<double>::infinity();
  const double begun = now();
  for (int done = 0; done < repeats || now() - begun < seconds; ++done) {
    const double start = now();
    call();
    best = std::min(best, now() - start);
  }
  return best;
}

double fastest_of(int times, const std::function<void()>& call) {
  double shortest = std::numeric_limits<double>::infinity();
  for (int i = 0; i < times; ++i) {
    const double begun = now();
    call();
    shortest = std::min(shortest, now() - begun);
  }
  return shortest;
}

bool forget_peak_resident() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5" << std::flush;
  return static_cast<bool>(file);
}

Machine this_machine() {
  Machine machine;
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    machine.processor = line.substr(std::min(line.size(), line.find(':') + 2));
    break;
  }
  machine.cores = omp_get_num_procs();
  switch (dnnl::get_effective_cpu_isa()) {
    case dnnl::cpu_isa::avx2:
    case dnnl::cpu_isa::avx2_vnni:
      machine.vectors = "AVX2";
      break;
    case dnnl::cpu_isa::avx512_core_bf16:
      machine.vectors = "AVX-512 with BF16";
      break;
    default:
      machine.vectors = hwy::TargetName(hwy::SupportedTargets() & -hwy::SupportedTargets());
  }
  return machine;
}

double copy_bandwidth(std::size_t bytes, int threads, double seconds) {
  // In the memory that tensors have, so that its pages are like theirs.
  const auto elements = static_cast<std::int64_t>(bytes / sizeof(float));
  engine::Tensor source = engine::Tensor::full({elements}, 1), target = engine::Tensor::full({elements}, 2);
  const std::span<float> from = source.span<float>(), to = target.span<float>();
  const auto pieces = static_cast<std::size_t>(threads);
  const auto copying = [&](const auto& copy) {
    const auto all = [&] {
      parallel_for(pieces, [&](std::size_t i) {
        const std::size_t begin = from.size() * i / pieces, end = from.size() * (i + 1) / pieces;
        copy(from.data() + begin, to.data() + begin, end - begin);
      });
    };
    return 2.0 * static_cast<double>(bytes) / best_seconds(all, 5, seconds / 2);
  };
  const double library = copying([](const float* x, float* y, std::size_t n) { std::memcpy(y, x, n * sizeof(float)); });
  // The library stores past the caches, which some machines are slow at.
  const double loop = copying([](const float* x, float* y, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) y[i] = x[i] + 1.0F;
  });
  return std::max(library, loop);
}

double sgemm_peak(int threads, double seconds) {
  double best = 0;
  for (const std::int64_t size : {384, 768, 1536}) {
    best = std::max(best, sgemm_rate(512, size, 1536, threads, seconds / 3));
  }
  return best;
}

}  // namespace tamis::bench
