#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace tamis::engine {

/// Memory for `bytes` bytes, aligned to 64, uninitialised. Freed blocks are kept and handed out again (by size class),
/// for a fresh page costs more than the arithmetic on it. Thread-safe. Throws bad_alloc.
std::shared_ptr<void> allocate(std::size_t bytes);

/// The memory meter of tensors: bytes held by tensors that live now, and the most at once since reset_tensor_peak().
/// Bytes as asked for, so that they can be predicted; blocks kept for reuse are not in them, but in `kept`.
struct TensorMemory {
  std::uint64_t live = 0;
  std::uint64_t peak = 0;
  std::uint64_t kept = 0;
};
TensorMemory tensor_memory();
void reset_tensor_peak();

/// Gives the kept blocks back to the system.
void release_kept_memory();

}  // namespace tamis::engine
