#include "tamis/base/random.h"

#include <array>
#include <cmath>
#include <set>
#include <stdexcept>

namespace tamis {
namespace {

using Words = std::array<std::uint32_t, 4>;

/// Lines "philox4x32 10 counter key expected" of the file kat_vectors that Random123 publishes its known answers in
/// (tests/kat_vectors; examples/kat_vectors in its first releases).
TEST(Philox, MatchesThePublishedKnownAnswers) {
  struct Known {
    Words counter;
    std::array<std::uint32_t, 2> key;
    Words expected;
  };
  const std::vector<Known> known = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
       {0xffffffff, 0xffffffff},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
      {{1, 0, 0, 0}, {1, 0}, {0xac08141b, 0xdfc5ccbe, 0x79c07a47, 0xa7f66093}},
      {{0, 0, 0, 0x80000000}, {0, 1}, {0x0436a39b, 0x31be9efa, 0x6abd0c76, 0xe7a68f83}},
      {{0x452821e6, 0x38d01377, 0xbe5466cf, 0x34e90c6c},
       {0, 0xffffffff},
       {0x72ce44b3, 0xb44f9b78, 0x49af0267, 0x726813ac}},
  };
  for (const Known& vector : known) EXPECT_EQ(philox4x32_10(vector.counter, vector.key), vector.expected);
}

TEST(Fnv1a, MatchesThePublishedValues) {
  // The test vectors of the FNV authors for 64-bit FNV-1a.
  static_assert(fnv1a("") == 0xcbf29ce484222325ULL);
  static_assert(fnv1a("a") == 0xaf63dc4c8601ec8cULL);
  static_assert(fnv1a("foobar") == 0x85944171f73967e8ULL);
}

double correlation(Stream first, Stream second, int n) {
  double sum = 0;
  for (int i = 0; i < n; ++i) sum += (first.uniform() - 0.5) * (second.uniform() - 0.5) * 12;
  return sum / n;
}

TEST(Stream, TheSameNameGivesTheSameNumbers) {
  Stream first(7, "clicks", 3);
  Stream second(7, "clicks", 3);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(first.next32(), second.next32());
}

TEST(Stream, EachPartOfTheNameMatters) {
  std::set<std::uint64_t> firsts;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (const char* purpose : {"clicks", "tastes", "return"}) {
      for (std::uint64_t index = 0; index < 20; ++index) firsts.insert(Stream(seed, purpose, index).next64());
    }
  }
  EXPECT_EQ(firsts.size(), 20U * 3 * 20);
}

TEST(Stream, OtherNamesGiveUncorrelatedNumbers) {
  constexpr int kDraws = 100000;
  const double bound = 4 / std::sqrt(kDraws);  // four standard errors of a correlation of nothing
  EXPECT_LT(std::abs(correlation(Stream(1, "a", 0), Stream(1, "a", 1), kDraws)), bound);
  EXPECT_LT(std::abs(correlation(Stream(1, "a", 0), Stream(1, "b", 0), kDraws)), bound);
  EXPECT_LT(std::abs(correlation(Stream(1, "a", 0), Stream(2, "a", 0), kDraws)), bound);
}

TEST(Stream, UniformHasItsMomentsAndItsRange) {
  constexpr int kDraws = 200000;
  Stream stream(11, "uniform");
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double value = stream.uniform();
    ASSERT_GE(value, 0);
    ASSERT_LT(value, 1);
    sum += value;
    squares += (value - 0.5) * (value - 0.5);
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 4 * std::sqrt(1.0 / 12 / kDraws));
  EXPECT_NEAR(squares / kDraws, 1.0 / 12, 4 * std::sqrt(1.0 / 180 / kDraws));  // the variance of (U - 1/2)^2 is 1/180
}

TEST(Stream, BelowIsUnbiased) {
  constexpr std::uint64_t kSides = 7;
  constexpr int kDraws = 140000;
  Stream stream(5, "dice");
  std::array<int, kSides> counts{};
  for (int i = 0; i < kDraws; ++i) {
    const std::uint64_t side = stream.below(kSides);
    ASSERT_LT(side, kSides);
    ++counts[side];
  }
  double chi = 0;
  const double expected = static_cast<double>(kDraws) / kSides;
  for (const int count : counts) chi += (count - expected) * (count - expected) / expected;
  EXPECT_LT(chi, 22.46);  // the 0.999 quantile of chi-squared with 6 degrees of freedom
}

TEST(Stream, BelowStaysFairWhereTakingTheRemainderWouldNot) {
  // n = 3 * 2^62: the remainder of a 64-bit word would fall below 2^62 half of the time, not a third.
  constexpr std::uint64_t kN = std::uint64_t{3} << 62;
  constexpr int kDraws = 30000;
  Stream stream(5, "wide");
  int low = 0;
  for (int i = 0; i < kDraws; ++i) low += stream.below(kN) < (std::uint64_t{1} << 62) ? 1 : 0;
  EXPECT_NEAR(static_cast<double>(low) / kDraws, 1.0 / 3, 4 * std::sqrt(2.0 / 9 / kDraws));
}

TEST(Stream, BelowOneIsZeroAndBelowZeroIsRefused) {
  Stream stream(1, "edge");
  EXPECT_EQ(stream.below(1), 0U);
  EXPECT_THROW(stream.below(0), std::invalid_argument);
}

struct Moments {
  double mean = 0;
  double variance = 0;
  double fourth = 0;
};

template <typename Draw>
Moments moments(int n, Draw draw) {
  Moments result;
  for (int i = 0; i < n; ++i) {
    const double value = draw(i);
    result.mean += value / n;
    result.variance += value * value / n;
    result.fourth += value * value * value * value / n;
  }
  return result;
}

TEST(Stream, NormalHasItsMoments) {
  constexpr int kDraws = 200000;
  Stream stream(3, "normal");
  const Moments found = moments(kDraws, [&](int) { return stream.normal(); });
  EXPECT_NEAR(found.mean, 0, 4 / std::sqrt(kDraws));
  EXPECT_NEAR(found.variance, 1, 4 * std::sqrt(2.0 / kDraws));
  EXPECT_NEAR(found.fourth, 3, 4 * std::sqrt(96.0 / kDraws));  // Var(Z^4) = 105 - 9
}

TEST(Luck, IsAddressedNotDrawn) {
  const Luck luck(9, "clicks");
  const double here = luck.uniform(1, 2, 3, 4);
  luck.uniform(5);
  EXPECT_EQ(luck.uniform(1, 2, 3, 4), here);
  std::set<double> values = {here};
  for (const double other : {luck.uniform(0, 2, 3, 4), luck.uniform(1, 0, 3, 4), luck.uniform(1, 2, 0, 4),
                             luck.uniform(1, 2, 3, 0), Luck(10, "clicks").uniform(1, 2, 3, 4)}) {
    values.insert(other);
  }
  EXPECT_EQ(values.size(), 6U);
}

TEST(Luck, HasItsMoments) {
  constexpr int kDraws = 100000;
  const Luck luck(9, "moments");
  const Moments normal = moments(kDraws, [&](int i) { return luck.normal(static_cast<std::uint32_t>(i), 8); });
  EXPECT_NEAR(normal.mean, 0, 4 / std::sqrt(kDraws));
  EXPECT_NEAR(normal.variance, 1, 4 * std::sqrt(2.0 / kDraws));
  const Moments uniform = moments(kDraws, [&](int i) { return luck.uniform(8, static_cast<std::uint32_t>(i)); });
  EXPECT_NEAR(uniform.mean, 0.5, 4 * std::sqrt(1.0 / 12 / kDraws));
}

}  // namespace
}  // namespace tamis
