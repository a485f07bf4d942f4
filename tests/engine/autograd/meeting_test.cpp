#include "tamis/engine/autograd/meeting.h"

#include <omp.h>

#include <atomic>

#include "tamis/base/parallel.h"
#include "tests/engine/autograd/checked_gradients.h"

namespace tamis::engine {
namespace {

/// Sets the number of threads for a test, and puts it back.
class Threads {
 public:
  explicit Threads(int count) : before_(threads()) { set_threads(count); }
  ~Threads() { set_threads(before_); }

 private:
  int before_;
};

/// Each shard adds up what all brought, several times over.
void expect_all_meet(int shards) {
  std::vector<double> sums(static_cast<std::size_t>(shards));
  run_shards(shards, true, [&](int shard, Meeting* meeting) {
    ASSERT_NE(meeting, nullptr);
    EXPECT_EQ(meeting->shards(), shards);
    for (int round = 0; round < 20; ++round) {
      const auto all = meeting->meet(shard, {Tensor::scalar(shard + 100 * round, DType::f64)});
      ASSERT_EQ(all.size(), static_cast<std::size_t>(shards));
      for (int other = 0; other < shards; ++other) {
        EXPECT_EQ(all[static_cast<std::size_t>(other)][0].item(), other + 100 * round);
        sums[static_cast<std::size_t>(shard)] += all[static_cast<std::size_t>(other)][0].item();
      }
    }
  });
  for (const double sum : sums) EXPECT_EQ(sum, 20 * shards * (shards - 1) / 2 + 100 * 190 * shards);
}

TEST(Meeting, GivesEveryShardWhatAllBrought) {
  for (const int threads : {1, 2, 4}) {
    const Threads scope(threads);
    for (const int shards : {1, 2, 3, 8}) expect_all_meet(shards);
  }
}

TEST(Meeting, WorksWhereTheRuntimeGivesTooFewThreads) {
  // Inside a parallel region a team has one thread; with dynamic teams perhaps fewer than asked for.
#pragma omp parallel num_threads(2)
  {
#pragma omp single
    expect_all_meet(3);
  }
  omp_set_dynamic(1);
  expect_all_meet(8);
  omp_set_dynamic(0);
}

TEST(Meeting, LetsNoMoreComputeThanThreads) {
  const Threads scope(2);
  std::atomic<int> computing{0}, most{0};
  run_shards(6, true, [&](int shard, Meeting* meeting) {
    for (int round = 0; round < 5; ++round) {
      const int now = ++computing;
      int seen = most;
      while (now > seen && !most.compare_exchange_weak(seen, now)) {
      }
      --computing;
      meeting->meet(shard, {});
    }
  });
  EXPECT_LE(most, 2);
  EXPECT_GE(most, 1);
}

TEST(Meeting, AShardThatThrowsReleasesTheOthers) {
  for (const int threads : {1, 2}) {
    const Threads scope(threads);
    EXPECT_EQ(complaint([] {
                run_shards(4, true, [](int shard, Meeting* meeting) {
                  if (shard == 2) throw std::invalid_argument("shard two");
                  meeting->meet(shard, {});
                });
              }),
              "shard two");
  }
}

TEST(Meeting, TheLowestShardThatThrewByItselfIsHeard) {
  EXPECT_EQ(complaint([] {
              run_shards(4, true, [](int shard, Meeting* meeting) {
                meeting->meet(shard, {});
                if (shard == 0) meeting->meet(shard, {});  // released, not at fault
                throw std::invalid_argument("shard " + std::to_string(shard));
              });
            }),
            "shard 1");
}

TEST(Meeting, AShardThatLeavesEarlyIsNoDeadlock) {
  const std::string said = complaint<std::runtime_error>([] {
    run_shards(3, true, [](int shard, Meeting* meeting) {
      meeting->meet(shard, {});
      if (shard != 1) meeting->meet(shard, {});
    });
  });
  EXPECT_EQ(said.find("[meeting] shard "), 0u) << said;
}

TEST(Meeting, WorksAgainAfterAFailure) {
  complaint([] { run_shards(3, true, [](int, Meeting*) { throw std::invalid_argument("no"); }); });
  expect_all_meet(3);
}

TEST(RunShards, WithoutMeetings) {
  std::vector<int> seen(5);
  run_shards(5, false, [&](int shard, Meeting* meeting) {
    EXPECT_EQ(meeting, nullptr);
    ++seen[static_cast<std::size_t>(shard)];
  });
  EXPECT_EQ(seen, std::vector<int>(5, 1));
  EXPECT_EQ(complaint([] {
              run_shards(2, false, [](int shard, Meeting*) {
                if (shard == 1) throw std::invalid_argument("one");
              });
            }),
            "one");
}

TEST(RunShards, RefusesNone) {
  EXPECT_EQ(complaint([] { run_shards(0, true, [](int, Meeting*) {}); }),
            "[shards] there must be at least 1 shard, not 0");
}

}  // namespace
}  // namespace tamis::engine
