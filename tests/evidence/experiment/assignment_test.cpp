#include "tamis/evidence/experiment/assignment.h"

#include <cmath>
#include <stdexcept>

#include "tamis/base/random.h"
#include "tamis/stats/tests.h"

namespace tamis::experiment {
namespace {

std::string user(std::size_t i) {
  return "user-" + std::to_string(i);
}

TEST(Murmur3, GivesThePublishedAnswers) {
  struct Answer {
    const char* bytes;
    std::uint32_t seed;
    std::uint64_t hash;
  };
  // Known answers that several implementations publish; lengths from empty over each side of 8 and 16 to two blocks.
  const Answer answers[] = {
      {"", 0, 0},
      {"a", 0, 0x85555565f6597889ULL},
      {"abc", 0, 0xb4963f3f3fad7867ULL},
      {"hell", 0, 0x629942693e10f867ULL},
      {"hello", 0, 0xcbd8a7b341bd9b02ULL},
      {"12345678", 0, 0x3b4a640638b1419cULL},
      {"123456789", 0, 0x3c84645edb66cca4ULL},
      {"123456789012345", 0, 0x887001aea2afcfd6ULL},
      {"1234567890123456", 0, 0x4fbe5dc5c0e32cf8ULL},
      {"aaaaaaaaaaaaaaaaa", 0, 0x6f7214c7cef2d698ULL},
      {"1234567890123456789012345678901", 0, 0x834b6c169e6c76d0ULL},
      {"12345678901234567890123456789012", 0, 0xfb942466dfc9d856ULL},
      {"The quick brown fox jumps over the lazy dog", 0, 0xe34bbc7bbc071b6cULL},
      {"The quick brown fox jumps over the lazy cog", 0, 0x658ca970ff85269aULL},
      {"hello", 1, 0xa78ddff5adae8d10ULL},
      {"hello ", 2, 0x8a486b23f422e826ULL},
      {"hello w", 3, 0x2ea59f466f6bed8cULL},
      {"hello wo", 4, 0x79f6305a386c572cULL},
      {"hello wor", 5, 0xc2219d213ec1f1b5ULL},
      {"hello", 42, 0xc4b8b3c960af6f08ULL},
      {"", 5381, 0xef2b598707a4bc70ULL},
      {"1234567890123456", 5381, 0x17e206afe56af6d7ULL},
  };
  for (const Answer& answer : answers) EXPECT_EQ(murmur3(answer.bytes, answer.seed), answer.hash) << answer.bytes;
}

TEST(Bucket, IsTheHashOfSaltAndUnit) {
  EXPECT_EQ(bucket("salt", "unit"), static_cast<double>(murmur3("salt\x1funit", 0) >> 11) / 9007199254740992.0);
  EXPECT_NE(bucket("salt", "unit"), bucket("saltu", "nit"));
  EXPECT_GE(bucket("", ""), 0);
  EXPECT_LT(bucket("", ""), 1);
}

TEST(Bucket, SpreadsUsersEvenly) {
  std::vector<std::uint64_t> counts(100);
  for (std::size_t i = 0; i < 100000; ++i) ++counts[static_cast<std::size_t>(bucket("even", user(i)) * 100)];
  EXPECT_GT(stats::chi_squared_p(counts, std::vector<double>(100, 1.0)), 0.001);
}

TEST(Bucket, OfTwoSaltsAreUnrelated) {
  // 10 x 10 cells of (first salt, second salt): even if the two are independent.
  for (const char* other : {"salt-2", "salt-1 ", "tlas-1"}) {
    std::vector<std::uint64_t> cells(100);
    double product = 0;
    for (std::size_t i = 0; i < 50000; ++i) {
      const double one = bucket("salt-1", user(i));
      const double two = bucket(other, user(i));
      ++cells[static_cast<std::size_t>(one * 10) * 10 + static_cast<std::size_t>(two * 10)];
      product += (one - 0.5) * (two - 0.5);
    }
    EXPECT_GT(stats::chi_squared_p(cells, std::vector<double>(100, 1.0)), 0.001) << other;
    // Correlation of independent uniforms: standard error 1 / sqrt(n).
    EXPECT_NEAR(product / 50000 * 12, 0, 3.5 / std::sqrt(50000.0)) << other;
  }
}

TEST(Assign, IsStickyAndTakesSlicesInOrder) {
  const std::vector<double> weights = {1, 2, 1};
  for (std::size_t i = 0; i < 2000; ++i) {
    const double point = bucket("test", user(i));
    const std::size_t expected = point < 0.25 ? 0 : point < 0.75 ? 1 : 2;
    EXPECT_EQ(assign("test", user(i), weights), expected);
    EXPECT_EQ(assign("test", user(i), weights), assign("test", user(i), weights));
  }
}

TEST(Assign, MovesNobodyBackWhenTheFirstArmGrows) {
  for (std::size_t i = 0; i < 2000; ++i) {
    if (assign("ramp", user(i), std::vector<double>{0.1, 0.9}) == 0) {
      EXPECT_EQ(assign("ramp", user(i), std::vector<double>{0.5, 0.5}), 0U);
    }
  }
}

TEST(Assign, GivesAnArmOfNoWeightNobody) {
  const std::vector<double> weights = {0, 1, 0, 1, 0};
  for (std::size_t i = 0; i < 1000; ++i) {
    const std::size_t arm = assign("none", user(i), weights);
    EXPECT_TRUE(arm == 1 || arm == 3) << arm;
  }
}

TEST(Assign, RefusesWeightsThatShareNothing) {
  using Weights = std::vector<double>;
  for (const Weights& weights :
       {Weights{}, Weights{0, 0}, Weights{1, -1}, Weights{1, std::nan("")}, Weights{1, INFINITY}})
    EXPECT_THROW(assign("salt", "unit", weights), std::invalid_argument);
}

TEST(SampleRatio, FindsABrokenSplitAndLetsASoundOnePass) {
  const std::vector<double> even = {1, 1};
  EXPECT_LT(sample_ratio_p(std::vector<std::uint64_t>{10500, 9500}, even), kSampleRatioAlpha);
  EXPECT_GT(sample_ratio_p(std::vector<std::uint64_t>{10050, 9950}, even), kSampleRatioAlpha);
  EXPECT_EQ(sample_ratio_p(std::vector<std::uint64_t>{0, 0}, even), 1);
  EXPECT_EQ(sample_ratio_p(std::vector<std::uint64_t>{5, 1}, std::vector<double>{1, 0}), 0);
  EXPECT_EQ(sample_ratio_p(std::vector<std::uint64_t>{5, 0}, std::vector<double>{1, 0}), 1);
  EXPECT_THROW(sample_ratio_p(std::vector<std::uint64_t>{5}, even), std::invalid_argument);
  EXPECT_THROW(sample_ratio_p({}, {}), std::invalid_argument);
}

// Share of sound splits of `users` users that the check calls broken at `alpha`.
double false_alarms(int splits, std::size_t users, double alpha) {
  const std::vector<double> weights = {3, 1, 1};
  int alarms = 0;
  for (int split = 0; split < splits; ++split) {
    const std::string salt = "split " + std::to_string(split);
    std::vector<std::uint64_t> counts(3);
    for (std::size_t i = 0; i < users; ++i) ++counts[assign(salt, user(i), weights)];
    alarms += sample_ratio_p(counts, weights) < alpha;
  }
  return static_cast<double>(alarms) / splits;
}

TEST(SampleRatio, RaisesFalseAlarmsAsOftenAsItSays) {
  const int splits = 1000;
  EXPECT_NEAR(false_alarms(splits, 500, 0.05), 0.05, 3 * std::sqrt(0.05 * 0.95 / splits));
}

TEST(SlowSampleRatio, RaisesFalseAlarmsAsOftenAsItSays) {
  const int splits = 40000;
  const double p = kSampleRatioAlpha;
  EXPECT_NEAR(false_alarms(splits, 2000, p), p, 3 * std::sqrt(p * (1 - p) / splits));
}

}  // namespace
}  // namespace tamis::experiment
