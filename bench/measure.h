#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tamis::bench {

/// Seconds of the fastest call, after two calls to warm up: at least `repeats` calls, and as many more as fit into
/// `seconds`. The machine is shared; its best is what the code can do.
double best_seconds(const std::function<void()>& call, int repeats, double seconds);

/// Seconds of the fastest of so many calls.
double fastest_of(int times, const std::function<void()>& call);

/// Makes peak_resident_bytes() start anew from what is held now; false where the system cannot.
bool forget_peak_resident();

/// What a result says about where it was measured.
struct Machine {
  std::string processor;  ///< as the system names it
  int cores = 0;          ///< that this process may run on
  std::string vectors;    ///< widest instruction set in use: "AVX2", "AVX-512", …
};
Machine this_machine();

/// Bytes read and written per second by copying between two arrays of `bytes` bytes each, on `threads` threads: the
/// faster of the library's copy and a plain loop.
double copy_bandwidth(std::size_t bytes, int threads, double seconds);

/// Floating-point operations per second of oneDNN's sgemm, called directly: the best over some large sizes, all threads
/// at once, one product each. The practical peak of the machine.
double sgemm_peak(int threads, double seconds);

}  // namespace tamis::bench
