#include "tamis/engine/tensor/storage.h"

#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

namespace tamis::engine {

namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::uint64_t kAlwaysKept = std::uint64_t{256} << 20;
/// Classes in a doubling of the size: at most an eighth of a block is unused.
constexpr std::size_t kSteps = 8;
constexpr std::size_t kSmallest = kAlignment * kSteps;

struct SizeClass {
  std::size_t index;
  std::size_t bytes;
};

SizeClass class_of(std::size_t bytes) {
  if (bytes <= kSmallest) {
    const std::size_t lines = std::max<std::size_t>(1, (bytes + kAlignment - 1) / kAlignment);
    return {lines - 1, lines * kAlignment};
  }
  const auto doubling = static_cast<std::size_t>(std::bit_width(bytes - 1)) - 1;
  const std::size_t step = (std::size_t{1} << doubling) / kSteps;
  const std::size_t steps = (bytes + step - 1) / step;  // kSteps + 1 .. 2 kSteps
  const auto first = static_cast<std::size_t>(std::bit_width(kSmallest)) - 1;
  return {kSteps * (doubling - first + 1) + steps - kSteps - 1, steps * step};
}

void* from_system(std::size_t bytes) {
  const bool huge = bytes >= 2 * kHugePage;
  const std::size_t alignment = huge ? kHugePage : kAlignment;
  void* block = nullptr;
  if (posix_memalign(&block, alignment, bytes) != 0) throw std::bad_alloc();
  // Advice only: where it is not taken, the block serves as well, with more page faults.
  if (huge) madvise(block, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
  return block;
}

void to_system(void* block, std::size_t bytes) {
  ASAN_UNPOISON_MEMORY_REGION(block, bytes);
  static_cast<void>(bytes);  // outside the address sanitizer the line above is empty
  std::free(block);
}

void raise(std::atomic<std::uint64_t>& most, std::uint64_t value) {
  std::uint64_t before = most.load(std::memory_order_relaxed);
  while (before < value && !most.compare_exchange_weak(before, value, std::memory_order_relaxed)) {
  }
}

class Pool {
 public:
  void* take(std::size_t bytes) {
    const SizeClass size = class_of(bytes);
    void* block = kept_block(size);
    if (block == nullptr) block = from_system(size.bytes);
    ASAN_POISON_MEMORY_REGION(block, size.bytes);
    ASAN_UNPOISON_MEMORY_REGION(block, bytes);
    const std::uint64_t live = live_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    raise(peak_, live);
    raise(most_, live);
    return block;
  }

  void give_back(void* block, std::size_t bytes) {
    const SizeClass size = class_of(bytes);
    live_.fetch_sub(bytes, std::memory_order_relaxed);
    ASAN_POISON_MEMORY_REGION(block, size.bytes);
    // A workload of other sizes than before would find the bound taken up by blocks that it never asks for: all go.
    const std::uint64_t bound = std::max(kAlwaysKept, most_.load(std::memory_order_relaxed));
    if (kept_.load(std::memory_order_relaxed) + size.bytes > bound) release();
    kept_.fetch_add(size.bytes, std::memory_order_relaxed);
    FreeList& list = lists_[size.index];
    const std::lock_guard lock(list.guard);
    list.blocks.push_back(block);
    list.bytes = size.bytes;
  }

  void release() {
    for (FreeList& list : lists_) {
      std::vector<void*> blocks;
      {
        const std::lock_guard lock(list.guard);
        blocks.swap(list.blocks);
      }
      kept_.fetch_sub(blocks.size() * list.bytes, std::memory_order_relaxed);
      for (void* block : blocks) to_system(block, list.bytes);
    }
  }

  TensorMemory memory() const { return {live_.load(), peak_.load(), kept_.load()}; }
  void reset_peak() { peak_ = live_.load(); }

 private:
  struct alignas(64) FreeList {
    std::mutex guard;
    std::vector<void*> blocks;
    std::atomic<std::size_t> bytes{0};  ///< of one block; 0 until the first comes
  };

  void* kept_block(SizeClass size) {
    FreeList& list = lists_[size.index];
    const std::lock_guard lock(list.guard);
    if (list.blocks.empty()) return nullptr;
    void* block = list.blocks.back();  // the last one freed is the likeliest to be in a cache
    list.blocks.pop_back();
    kept_.fetch_sub(size.bytes, std::memory_order_relaxed);
    return block;
  }

  std::array<FreeList, kSteps * 64> lists_;
  std::atomic<std::uint64_t> live_{0}, peak_{0}, most_{0}, kept_{0};
};

/// Never destroyed: tensors with static lifetime give their memory back at exit, in an order nobody knows.
Pool& pool() {
  static Pool* const immortal = new Pool;
  return *immortal;
}

}  // namespace

std::shared_ptr<void> allocate(std::size_t bytes) {
  if (bytes > SIZE_MAX / 2) throw std::bad_alloc();
  return {pool().take(bytes), [bytes](void* block) { pool().give_back(block, bytes); }};
}

TensorMemory tensor_memory() {
  return pool().memory();
}

void reset_tensor_peak() {
  pool().reset_peak();
}

void release_kept_memory() {
  pool().release();
}

}  // namespace tamis::engine
