#pragma once

namespace dnnl {
struct engine;
}

// What every use of oneDNN here needs. Its own headers are included by sources only.
namespace tamis::engine {

/// Within its lifetime oneDNN runs on `count` threads, and chooses its kernels for as many: 1 where parallelism is over
/// shards, for a kernel chosen for more threads could sum in another order.
class KernelThreads {
 public:
  explicit KernelThreads(int count);
  ~KernelThreads();
  KernelThreads(const KernelThreads&) = delete;
  KernelThreads& operator=(const KernelThreads&) = delete;

 private:
  int before_;
  bool changed_;
};

/// The CPU. Thread-safe.
const dnnl::engine& cpu();

/// True if this CPU multiplies bf16 natively (AVX-512 BF16 or AMX) and oneDNN is allowed to use it.
bool cpu_multiplies_bf16();

}  // namespace tamis::engine
