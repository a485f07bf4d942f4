#pragma once

#include <cstddef>
#include <functional>

namespace tamis {

/// Sets how many threads parallel_for uses from now on. Throws invalid_argument unless count >= 1.
void set_threads(int count);

/// How many threads parallel_for uses; at first the cores this process may run on.
int threads();

/// Calls body(i) for every i in 0 .. n - 1, on threads() threads, in no particular order. The caller makes the result
/// independent of that order by writing to slot i and reducing afterwards in index order. If bodies throw, the
/// exception of the lowest index that threw reaches the caller, and indices not yet begun may be left out. A call from
/// inside a body runs on the calling thread. `grain` indices are handed out at a time; 0 chooses about 8 a thread.
void parallel_for(std::size_t n, const std::function<void(std::size_t)>& body, std::size_t grain = 1);

/// As long as it lives, libraries that take OpenMP's threads (BLAS, FAISS) stay on the thread that made it: how they
/// cut their work is part of their results' last bits.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

}  // namespace tamis
