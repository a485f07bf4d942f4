#include "tamis/base/parallel.h"

#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "tamis/base/random.h"

namespace tamis {
namespace {

/// Puts the number of threads back at the end of a test.
class Parallel : public ::testing::Test {
 protected:
  void TearDown() override { set_threads(before_); }

 private:
  int before_ = threads();
};

TEST_F(Parallel, EveryIndexRunsOnce) {
  for (const int count : {1, 2, 4}) {
    set_threads(count);
    for (const std::size_t n : {0U, 1U, 2U, 7U, 1000U}) {
      for (const std::size_t grain : {0U, 1U, 3U, 5000U}) {
        std::vector<int> calls(n, 0);
        parallel_for(
            n, [&](std::size_t i) { ++calls[i]; }, grain);
        EXPECT_EQ(calls, std::vector<int>(n, 1)) << count << " threads, n " << n << ", grain " << grain;
      }
    }
  }
}

TEST_F(Parallel, UsesMoreThanOneThreadWhenAsked) {
  set_threads(2);
  std::mutex guard;
  std::set<std::thread::id> seen;
  std::atomic<int> arrived{0};
  parallel_for(2, [&](std::size_t) {
    ++arrived;
    while (arrived < 2) std::this_thread::yield();  // each waits for the other: one thread alone would never end
    const std::lock_guard lock(guard);
    seen.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(seen.size(), 2U);
}

TEST_F(Parallel, TheResultDoesNotDependOnTheNumberOfThreads) {
  const auto sum_on = [](int count) {
    set_threads(count);
    std::vector<double> slots(2000);
    parallel_for(slots.size(), [&](std::size_t i) { slots[i] = Stream(1, "slot", i).normal(); });
    double sum = 0;
    for (const double value : slots) sum += value;
    return sum;
  };
  const double alone = sum_on(1);
  EXPECT_EQ(sum_on(2), alone);
  EXPECT_EQ(sum_on(5), alone);
}

TEST_F(Parallel, AnExceptionReachesTheCaller) {
  for (const int count : {1, 4}) {
    set_threads(count);
    try {
      parallel_for(100, [](std::size_t i) {
        if (i == 37) throw std::invalid_argument("[row 37] is bad");
      });
      ADD_FAILURE() << "nothing was thrown on " << count << " threads";
    } catch (const std::invalid_argument& error) {
      EXPECT_STREQ(error.what(), "[row 37] is bad");
    }
  }
}

TEST_F(Parallel, OfManyExceptionsTheLowestIndexWins) {
  set_threads(2);
  std::atomic<int> thrown{0};
  try {
    parallel_for(2, [&](std::size_t i) {
      ++thrown;
      while (thrown < 2) std::this_thread::yield();  // both have begun, so both throw
      throw std::runtime_error(std::to_string(i));
    });
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "0");
  }
}

TEST_F(Parallel, WorksAgainAfterAnException) {
  set_threads(2);
  EXPECT_THROW(parallel_for(10, [](std::size_t) { throw std::runtime_error("x"); }), std::runtime_error);
  std::atomic<int> calls{0};
  parallel_for(10, [&](std::size_t) { ++calls; });
  EXPECT_EQ(calls, 10);
}

TEST_F(Parallel, ANestedCallRunsOnTheCallingThread) {
  set_threads(3);
  std::vector<int> calls(12 * 30, 0);
  std::atomic<int> strangers{0};
  parallel_for(12, [&](std::size_t outer) {
    const std::thread::id mine = std::this_thread::get_id();
    parallel_for(30, [&](std::size_t inner) {
      if (std::this_thread::get_id() != mine) ++strangers;
      ++calls[outer * 30 + inner];
    });
  });
  EXPECT_EQ(strangers, 0);
  EXPECT_EQ(calls, std::vector<int>(12 * 30, 1));
}

TEST_F(Parallel, ANestedExceptionReachesTheCaller) {
  set_threads(2);
  EXPECT_THROW(
      parallel_for(4, [](std::size_t) { parallel_for(4, [](std::size_t) { throw std::runtime_error("inner"); }); }),
      std::runtime_error);
}

TEST_F(Parallel, RefusesNoThreads) {
  EXPECT_THROW(set_threads(0), std::invalid_argument);
  EXPECT_GE(threads(), 1);
  set_threads(3);
  EXPECT_EQ(threads(), 3);
}

}  // namespace
}  // namespace tamis
