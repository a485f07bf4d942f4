#include "tamis/engine/tensor/storage.h"

#include <cstring>
#include <thread>

#include "tamis/engine/tensor/tensor.h"

namespace tamis::engine {
namespace {

TEST(Storage, AlignsEveryBlock) {
  for (const std::size_t bytes : {1UL, 63UL, 64UL, 65UL, 511UL, 513UL, 4097UL, 100000UL, 5UL << 20}) {
    const auto block = allocate(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block.get()) % 64, 0U) << bytes;
    std::memset(block.get(), 1, bytes);
  }
}

TEST(Storage, CountsTheBytesAskedFor) {
  const TensorMemory before = tensor_memory();
  reset_tensor_peak();
  {
    const Tensor x({1000, 25});
    EXPECT_EQ(tensor_memory().live - before.live, 100000U);
    {
      const Tensor y({3}, DType::f64);
      const Tensor view = x.reshape({25, 1000});
      EXPECT_EQ(tensor_memory().live - before.live, 100024U);
    }
    EXPECT_EQ(tensor_memory().live - before.live, 100000U);
  }
  EXPECT_EQ(tensor_memory().live, before.live);
  EXPECT_EQ(tensor_memory().peak - before.live, 100024U);
  reset_tensor_peak();
  EXPECT_EQ(tensor_memory().peak, before.live);
}

TEST(Storage, HandsAFreedBlockOutAgain) {
  release_kept_memory();
  EXPECT_EQ(tensor_memory().kept, 0U);
  auto block = allocate(100000);
  const void* const place = block.get();
  block.reset();
  EXPECT_GE(tensor_memory().kept, 100000U);
  EXPECT_LE(tensor_memory().kept, 112500U);  // at most an eighth is unused
  block = allocate(99000);
  EXPECT_EQ(block.get(), place);
  EXPECT_EQ(tensor_memory().kept, 0U);
}

TEST(Storage, KeepsNoMoreThanItsBound) {
  release_kept_memory();
  constexpr std::size_t kBlock = std::size_t{48} << 20;  // never touched, so no page of it is ever there
  for (std::size_t i = 0; i < 12; ++i) allocate(kBlock + (i << 22));
  const TensorMemory memory = tensor_memory();
  EXPECT_GT(memory.kept, 0U);
  EXPECT_LE(memory.kept, std::uint64_t{256} << 20);
  release_kept_memory();
}

TEST(Storage, ServesManyThreads) {
  const TensorMemory before = tensor_memory();
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&wrong, t] {
      for (int i = 1; i < 500; ++i) {
        const Tensor x = Tensor::full({i}, t);
        wrong[static_cast<std::size_t>(t)] += x.at(0) != t || x.at(i - 1) != t;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
  EXPECT_EQ(tensor_memory().live, before.live);
}

/// Freed after main(), when other statics may be gone.
const Tensor immortal = Tensor::full({1000}, 1);

TEST(Storage, OutlivesStaticTensors) {
  EXPECT_EQ(immortal.at(999), 1);
}

TEST(Storage, SaysWhenThereIsNoMemory) {
  EXPECT_THROW(allocate(SIZE_MAX), std::bad_alloc);
}

}  // namespace
}  // namespace tamis::engine
