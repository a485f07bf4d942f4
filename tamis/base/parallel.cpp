#include "tamis/base/parallel.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>

#include "tamis/base/error.h"

namespace tamis {

void set_threads(int count) {
  if (count < 1) fail_caller("threads", "the number of threads must be at least 1, not " + std::to_string(count));
  omp_set_num_threads(count);
}

int threads() {
  return omp_get_max_threads();
}

void parallel_for(std::size_t n, const std::function<void(std::size_t)>& body, std::size_t grain) {
  if (grain == 0) grain = std::max<std::size_t>(1, n / (8 * static_cast<std::size_t>(threads())));
  if (n <= grain || threads() == 1 || omp_in_parallel() != 0) {
    for (std::size_t i = 0; i < n; ++i) body(i);
    return;
  }
  std::exception_ptr error;
  std::size_t error_index = n;
  std::mutex guard;
  std::atomic<bool> stop{false};
  const auto count = static_cast<std::ptrdiff_t>(n);
  const int chunk = static_cast<int>(grain);
#pragma omp parallel for schedule(dynamic, chunk)
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    if (stop.load(std::memory_order_relaxed)) continue;
    try {
      body(static_cast<std::size_t>(i));
    } catch (...) {
      const std::lock_guard lock(guard);
      if (static_cast<std::size_t>(i) < error_index) {
        error_index = static_cast<std::size_t>(i);
        error = std::current_exception();
      }
      stop = true;
    }
  }
  if (error) std::rethrow_exception(error);
}

OneThread::OneThread() : before_(omp_get_max_threads()) {
  omp_set_num_threads(1);
}

OneThread::~OneThread() {
  omp_set_num_threads(before_);
}

}  // namespace tamis
