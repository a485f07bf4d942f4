#pragma once

namespace dnnl {
struct engine;
}

// What every use of oneDNN here needs. Its own headers are included by sources only.
namespace tamis::engine {

/// Within its lifetime oneDNN runs on the calling thread alone, and chooses its kernels for one thread: parallelism is
/// over shards, and a kernel chosen for more threads could sum in another order.
class SingleThread {
 public:
  SingleThread();
  ~SingleThread();
  SingleThread(const SingleThread&) = delete;
  SingleThread& operator=(const SingleThread&) = delete;

 private:
  int before_;
};

/// The CPU. Thread-safe.
const dnnl::engine& cpu();

/// True if this CPU multiplies bf16 natively (AVX-512 BF16 or AMX) and oneDNN is allowed to use it.
bool cpu_multiplies_bf16();

}  // namespace tamis::engine
