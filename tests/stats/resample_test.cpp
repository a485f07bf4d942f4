#include "tamis/stats/resample.h"

#include <chrono>
#include <cmath>
#include <iostream>
#include <stdexcept>

#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/stats/covariance.h"
#include "tamis/stats/tests.h"

namespace tamis::stats {
namespace {

using Values = std::vector<double>;

std::vector<Values> totals(const std::vector<Values>& columns, int replicates, std::uint64_t seed) {
  const std::vector<std::span<const double>> views(columns.begin(), columns.end());
  return resampled_totals(views, replicates, seed);
}

Values normals(std::size_t n, std::uint64_t seed) {
  Stream stream(seed, "values");
  Values values(n);
  for (double& x : values) x = stream.normal();
  return values;
}

TEST(ResampledTotals, DrawAsManyUnitsAsThereAre) {
  for (const std::size_t n : {2U, 3U, 4095U, 4096U, 4097U, 12000U}) {
    const auto sums = totals({Values(n, 1.0)}, 40, n);
    for (const double total : sums[0]) EXPECT_EQ(total, static_cast<double>(n));
  }
}

TEST(ResampledTotals, DrawEveryUnitWithTheSameChance) {
  // Indicators of tenths of the units, over the border of two blocks and a part.
  constexpr std::size_t kUnits = 10000;
  std::vector<Values> columns(10, Values(kUnits, 0.0));
  for (std::size_t i = 0; i < kUnits; ++i) columns[i * 10 / kUnits][i] = 1;
  std::vector<std::uint64_t> drawn(10);
  const auto sums = totals(columns, 100, 3);
  for (std::size_t c = 0; c < 10; ++c) {
    for (const double sum : sums[c]) drawn[c] += static_cast<std::uint64_t>(sum);
  }
  EXPECT_GT(chi_squared_p(drawn, Values(10, 1.0)), 0.001);
  // Within a block and over single units too.
  std::vector<Values> single(8, Values(8, 0.0));
  for (std::size_t i = 0; i < 8; ++i) single[i][i] = 1;
  std::vector<std::uint64_t> of_each(8);
  const auto counts = totals(single, 2000, 4);
  for (std::size_t c = 0; c < 8; ++c) {
    for (const double sum : counts[c]) of_each[c] += static_cast<std::uint64_t>(sum);
  }
  EXPECT_GT(chi_squared_p(of_each, Values(8, 1.0)), 0.001);
}

TEST(ResampledTotals, SpreadAsMultinomialWeights) {
  // A share s of the units holds binomial(n, s) draws, and two such shares have covariance -n s t.
  for (const std::size_t n : {30U, 9000U}) {
    std::vector<Values> columns(2, Values(n, 0.0));
    for (std::size_t i = 0; i < n; ++i) columns[0][i] = i < n / 2 ? 1 : 0;
    for (std::size_t i = 0; i < n; ++i) columns[1][i] = i >= n - n / 5 ? 1 : 0;
    const auto sums = totals(columns, 4000, 7);
    Covariance pair;
    for (std::size_t r = 0; r < 4000; ++r) pair.update(sums[0][r], sums[1][r]);
    const auto size = static_cast<double>(n);
    EXPECT_NEAR(pair.mean_x, size / 2, 4 * std::sqrt(size / 4 / 4000));
    EXPECT_NEAR(pair.x().variance(), size / 4, 0.1 * size / 4);
    EXPECT_NEAR(pair.y().variance(), size * 0.16, 0.1 * size * 0.16);
    EXPECT_NEAR(pair.covariance(), -size * 0.1, 0.02 * size);
  }
}

TEST(ResampledTotals, OfSeveralColumnsShareTheirDraws) {
  const Values x = normals(5000, 1), y = normals(5000, 2);
  const auto both = totals({x, y}, 70, 5);
  EXPECT_EQ(both[0], totals({x}, 70, 5)[0]);
  EXPECT_EQ(both[1], totals({y}, 70, 5)[0]);
  Values sum(5000);
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = x[i] + y[i];
  const auto of_sum = totals({sum}, 70, 5)[0];
  for (std::size_t r = 0; r < 70; ++r) EXPECT_NEAR(of_sum[r], both[0][r] + both[1][r], 1e-9);
}

TEST(ResampledTotals, AreTheSameAtAnyNumberOfThreads) {
  const Values x = normals(20000, 3);
  const int before = threads();
  set_threads(1);
  const auto one = totals({x}, 333, 8);
  set_threads(4);
  EXPECT_EQ(totals({x}, 333, 8), one);
  set_threads(before);
}

TEST(ResampledTotals, RefuseWhatTheyCannotDraw) {
  EXPECT_THROW(totals({{1}}, 10, 0), std::invalid_argument);
  EXPECT_THROW(totals({{1, 2}}, 0, 0), std::invalid_argument);
  EXPECT_THROW(totals({{1, 2}, {1, 2, 3}}, 10, 0), std::invalid_argument);
  EXPECT_THROW(totals({{1, std::nan("")}}, 10, 0), std::invalid_argument);
  EXPECT_TRUE(totals({}, 10, 0).empty());
}

TEST(SlowResampledTotals, OfAHundredThousandUsersTakeSeconds) {
  const Values users = normals(100000, 4);
  for (const std::size_t columns : {1U, 2U}) {
    const auto begun = std::chrono::steady_clock::now();
    const auto sums = totals(std::vector<Values>(columns, users), 10000, 1);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    std::cout << columns << " columns x 100000 users x 10000 replicates, multinomial weights: " << seconds << " s on "
              << threads() << " threads\n";
    // A generous bound: the target is 3 s on two free cores.
    EXPECT_LT(seconds, 15);
    const Summary spread = summarize(sums[0]);
    const Summary own = summarize(users);
    EXPECT_NEAR(spread.mean / 100000, own.mean, 4 * own.standard_error() / 100);
    EXPECT_NEAR(std::sqrt(spread.variance()) / 100000, own.standard_error(), 0.03 * own.standard_error());
  }
}

}  // namespace
}  // namespace tamis::stats
