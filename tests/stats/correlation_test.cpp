#include "tamis/stats/correlation.h"

#include <chrono>
#include <cmath>
#include <iostream>
#include <limits>
#include <numbers>
#include <stdexcept>

#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/stats/intervals.h"
#include "tests/golden/rows.h"

namespace tamis::stats {
namespace {

using Values = std::vector<double>;

TEST(Correlation, AsScipyHasIt) {
  int pairs = 0, rankings = 0;
  for (const auto& row : golden::rows("correlation.tsv")) {
    if (row[0] == "pair") {
      const auto x = golden::numbers(row[3]), y = golden::numbers(row[4]);
      EXPECT_NEAR(spearman(x, y).value(), std::stod(row[1]), 1e-12);
      // scipy, too, loses digits where values lie close together far from 0.
      EXPECT_NEAR(pearson(x, y).value(), std::stod(row[2]), std::abs(x[0]) > 1e8 ? 1e-7 : 1e-12);
      ++pairs;
    } else {
      EXPECT_EQ(ranks(golden::numbers(row[2])), golden::numbers(row[1]));
      ++rankings;
    }
  }
  EXPECT_EQ(pairs, 28);
  EXPECT_EQ(rankings, 5);
}

TEST(Correlation, ByHand) {
  // Ranks 1 2.5 2.5 4 against 1 2 3 4: products of what they lack to 2.5 are 2.25 + 0 + 0 + 2.25, squares 4.5 and 5.
  EXPECT_DOUBLE_EQ(spearman(Values{1, 7, 7, 9}, Values{2, 3, 4, 50}).value(), 4.5 / std::sqrt(4.5 * 5));
  EXPECT_DOUBLE_EQ(pearson(Values{1, 2, 3}, Values{-2, -4, -6}).value(), -1);
  EXPECT_DOUBLE_EQ(pearson(Values{1e300, 2e300, 3e300}, Values{1e-300, 2e-300, 3e-300}).value(), 1);
  EXPECT_EQ(ranks(Values{}), Values{});
}

TEST(Correlation, WithoutSpreadItIsUndefined) {
  EXPECT_FALSE(pearson(Values{}, Values{}));
  EXPECT_FALSE(pearson(Values{1}, Values{2}));
  EXPECT_FALSE(pearson(Values{0.1, 0.1, 0.1}, Values{1, 2, 3}));
  EXPECT_FALSE(spearman(Values{1, 2, 3}, Values{-0.0, 0.0, 0.0}));
  EXPECT_THROW(pearson(Values{1, 2}, Values{1}), std::invalid_argument);
  EXPECT_THROW(spearman(Values{1, std::nan("")}, Values{1, 2}), std::invalid_argument);
  EXPECT_THROW(pearson(Values{1, 2}, Values{1, std::numeric_limits<double>::infinity()}), std::invalid_argument);
  EXPECT_THROW(ranks(Values{1, std::nan("")}), std::invalid_argument);
}

TEST(Correlation, OfPartsByTheirName) {
  // Part 0: rho 1 of 3 pairs; part 1: rho -1 of 2 pairs.
  const Values gold{1, 2, 3, 4, 5}, score{1, 2, 3, 9, 8};
  const std::vector<std::uint32_t> part{0, 0, 0, 1, 1};
  const GoldSet set{gold, part};
  EXPECT_DOUBLE_EQ(correlation(Correlation::spearman, Aggregate::all, set, score).value(), 0.9);
  EXPECT_NEAR(correlation(Correlation::spearman, Aggregate::mean, set, score).value(), 0, 1e-15);
  EXPECT_NEAR(correlation(Correlation::spearman, Aggregate::weighted_mean, set, score).value(), 0.2, 1e-15);
  EXPECT_NEAR(correlation(Correlation::spearman, Aggregate::mean, {gold, {}}, score).value(), 0.9, 1e-15);
  const Values flat{1, 2, 3, 9, 9};
  EXPECT_TRUE(correlation(Correlation::pearson, Aggregate::all, set, flat));
  EXPECT_FALSE(correlation(Correlation::pearson, Aggregate::mean, set, flat));
  EXPECT_THROW(correlation(Correlation::pearson, Aggregate::mean, {gold, {part.data(), 4}}, score),
               std::invalid_argument);
  for (const auto aggregate : {Aggregate::all, Aggregate::mean, Aggregate::weighted_mean})
    EXPECT_EQ(parse_aggregate(text(aggregate)), aggregate);
  EXPECT_THROW(parse_aggregate("median"), std::invalid_argument);
}

/// Pairs of standard normals with correlation `rho`, rounded to `step` (0: not) so that some tie.
struct Sample {
  Values gold, score;
};
Sample normal_pairs(std::size_t n, double rho, double step, std::uint64_t index) {
  Stream stream(7, "pairs", index);
  Sample sample;
  for (std::size_t i = 0; i < n; ++i) {
    const double x = stream.normal();
    const double y = rho * x + std::sqrt(1 - rho * rho) * stream.normal();
    sample.gold.push_back(step > 0 ? std::round(x / step) * step : x);
    sample.score.push_back(y);
  }
  return sample;
}

std::vector<ResampledCorrelation> bootstrap(Correlation kind, Aggregate aggregate, const GoldSet& set,
                                            const std::vector<Values>& scores, int resamples, std::uint64_t seed) {
  const std::vector<std::span<const double>> views(scores.begin(), scores.end());
  return bootstrap_correlation(kind, aggregate, set, views, resamples, seed);
}

// The resamples made and ranked one by one, as the definition says.
TEST(BootstrapCorrelation, RanksEachResampleAnew) {
  const Sample sample = normal_pairs(60, 0.6, 0.5, 1);
  for (const auto kind : {Correlation::spearman, Correlation::pearson}) {
    const auto result = bootstrap(kind, Aggregate::all, {sample.gold, {}}, {sample.score, sample.gold}, 40, 11);
    ASSERT_EQ(result.size(), 2U);
    for (std::size_t r = 0; r < 40; ++r) {
      Stream stream(11, "bootstrap", r);
      std::vector<std::uint32_t> drawn(60);
      draw_with_replacement(stream, drawn);
      Values x, y;
      for (const auto i : drawn) {
        x.push_back(sample.gold[i]);
        y.push_back(sample.score[i]);
      }
      const auto expected = kind == Correlation::spearman ? spearman(x, y) : pearson(x, y);
      EXPECT_NEAR(result[0].resampled[r], expected.value(), 1e-12);
      EXPECT_NEAR(result[1].resampled[r], 1, 1e-12);
    }
    EXPECT_EQ(result[0].estimate, correlation(kind, Aggregate::all, {sample.gold, {}}, sample.score));
  }
}

TEST(BootstrapCorrelation, DrawsFromEachPartItsOwnNumber) {
  const Sample a = normal_pairs(30, 0.9, 0, 2), b = normal_pairs(50, 0.1, 0, 3);
  Sample both;
  std::vector<std::uint32_t> part;
  for (const auto& [sample, name] : {std::pair(&a, 0U), std::pair(&b, 1U)}) {
    both.gold.insert(both.gold.end(), sample->gold.begin(), sample->gold.end());
    both.score.insert(both.score.end(), sample->score.begin(), sample->score.end());
    part.insert(part.end(), sample->gold.size(), name);
  }
  const auto result =
      bootstrap(Correlation::spearman, Aggregate::weighted_mean, {both.gold, part}, {both.score}, 20, 5);
  for (std::size_t r = 0; r < 20; ++r) {
    Stream stream(5, "bootstrap", r);
    double expected = 0;
    for (const Sample* sample : {&a, &b}) {
      std::vector<std::uint32_t> drawn(sample->gold.size());
      draw_with_replacement(stream, drawn);
      Values x, y;
      for (const auto i : drawn) {
        x.push_back(sample->gold[i]);
        y.push_back(sample->score[i]);
      }
      expected += static_cast<double>(drawn.size()) / 80 * spearman(x, y).value();
    }
    EXPECT_NEAR(result[0].resampled[r], expected, 1e-12);
  }
}

TEST(BootstrapCorrelation, LeavesOutResamplesWithoutSpread) {
  // Of three pairs a resample has one gold value alone with chance 3/27 + ...: some of 200, not all.
  const Values gold{1, 2, 2}, score{3, 5, 4};
  const auto result = bootstrap(Correlation::spearman, Aggregate::all, {gold, {}}, {score}, 200, 1);
  const auto undefined =
      std::count_if(result[0].resampled.begin(), result[0].resampled.end(), [](double x) { return std::isnan(x); });
  // (1/3)^3 of only the first, (2/3)^3 of none of it.
  EXPECT_NEAR(static_cast<double>(undefined) / 200, 1.0 / 3, 0.1);
  EXPECT_TRUE(result[0].interval(0.05));
  const Values flat{4, 4, 4};
  const auto none = bootstrap(Correlation::pearson, Aggregate::all, {gold, {}}, {flat}, 10, 1);
  EXPECT_FALSE(none[0].estimate);
  EXPECT_FALSE(none[0].interval(0.05));
  EXPECT_FALSE(bootstrap(Correlation::pearson, Aggregate::all, {{}, {}}, {{}}, 10, 1)[0].interval(0.05));
}

TEST(BootstrapCorrelation, SameBitsOnAnyNumberOfThreads) {
  const Sample sample = normal_pairs(300, 0.5, 0.25, 4);
  const int before = threads();
  set_threads(1);
  const auto one = bootstrap(Correlation::spearman, Aggregate::all, {sample.gold, {}}, {sample.score}, 100, 3);
  set_threads(5);
  const auto five = bootstrap(Correlation::spearman, Aggregate::all, {sample.gold, {}}, {sample.score}, 100, 3);
  set_threads(before);
  EXPECT_EQ(one[0].resampled, five[0].resampled);
}

TEST(BootstrapCorrelation, TheDifferenceIsPaired) {
  const Sample sample = normal_pairs(400, 0.7, 0, 5);
  Values nearly = sample.score;
  Stream stream(1, "noise");
  for (double& x : nearly) x += 0.01 * stream.normal();
  const auto both = bootstrap(Correlation::spearman, Aggregate::all, {sample.gold, {}}, {sample.score, nearly}, 500, 9);
  const auto apart = difference(both[0], both[1]);
  EXPECT_EQ(apart.estimate, *both[0].estimate - *both[1].estimate);
  const Interval each = both[0].interval(0.05).value();
  const Interval between = apart.interval(0.05).value();
  // Each alone is uncertain by several points, the difference of two nearly equal scores by far less.
  EXPECT_GT(each.high - each.low, 0.05);
  EXPECT_LT(between.high - between.low, 0.005);
}

TEST(BootstrapCorrelation, RefusesWhatItCannotUse) {
  const Values gold{1, 2, 3};
  EXPECT_THROW(bootstrap(Correlation::pearson, Aggregate::all, {gold, {}}, {gold}, 0, 1), std::invalid_argument);
  EXPECT_THROW(bootstrap(Correlation::pearson, Aggregate::all, {gold, {}}, {{1, 2}}, 10, 1), std::invalid_argument);
  const auto fine = bootstrap(Correlation::pearson, Aggregate::all, {gold, {}}, {gold}, 10, 1);
  EXPECT_THROW(fine[0].interval(0), std::invalid_argument);
  EXPECT_THROW(difference(fine[0], {}), std::invalid_argument);
}

/// Share of samples whose 95 % interval holds the true rho: for normal pairs Spearman's is 6 / pi asin(r / 2).
double coverage(int trials, std::size_t pairs, int resamples, double r) {
  const double truth = 6 / std::numbers::pi * std::asin(r / 2);
  int covered = 0;
  for (int trial = 0; trial < trials; ++trial) {
    const Sample sample = normal_pairs(pairs, r, 0, 100 + static_cast<std::uint64_t>(trial));
    const auto result = bootstrap(Correlation::spearman, Aggregate::all, {sample.gold, {}}, {sample.score}, resamples,
                                  static_cast<std::uint64_t>(trial));
    const Interval at = result[0].interval(0.05).value();
    covered += at.low <= truth && truth <= at.high;
  }
  return static_cast<double>(covered) / trials;
}

// Three standard errors of a share around 0.95, and a point for what a percentile interval lacks at few pairs.
TEST(BootstrapCorrelation, CoversTheTruth) {
  const int trials = 300;
  EXPECT_NEAR(coverage(trials, 200, 300, 0.8), 0.95, 3 * std::sqrt(0.95 * 0.05 / trials) + 0.01);
}

TEST(SlowBootstrapCorrelation, CoversTheTruth) {
  const int trials = 2000;
  EXPECT_NEAR(coverage(trials, 1379, 1000, 0.8), 0.95, 3 * std::sqrt(0.95 * 0.05 / trials) + 0.004);
  EXPECT_NEAR(coverage(trials, 1379, 1000, 0.3), 0.95, 3 * std::sqrt(0.95 * 0.05 / trials) + 0.004);
}

TEST(SlowBootstrapCorrelation, OfTheLargestSetTakesSeconds) {
  const Sample sample = normal_pairs(12500, 0.7, 1, 6);
  const auto begun = std::chrono::steady_clock::now();
  bootstrap(Correlation::spearman, Aggregate::all, {sample.gold, {}}, {sample.score}, 1000, 1);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  std::cout << "12,500 pairs x 1,000 resamples: " << seconds << " s on " << threads() << " threads\n";
  EXPECT_LT(seconds, 5);
}

}  // namespace
}  // namespace tamis::stats
