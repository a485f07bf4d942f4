#include "tamis/vectors/cluster/kmeans.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tests/base/scratch.h"

namespace tamis::cluster {
namespace {

using test::message_of;

std::vector<float> blobs(std::size_t n, std::size_t C, std::size_t groups, std::uint64_t seed) {
  std::vector<float> rows(n * C);
  for (std::size_t i = 0; i < n; ++i) {
    Stream stream(seed, "row", i);
    for (std::size_t c = 0; c < C; ++c) {
      const double centre = Stream(seed, "centre", (i % groups) * C + c).normal() * 6;
      rows[i * C + c] = static_cast<float>(centre + stream.normal());
    }
  }
  return rows;
}

/// Lloyd's steps in f64, the first of equals; no cluster may run empty.
double lloyd(const std::vector<float>& rows, std::size_t C, std::vector<double> centres, int iterations,
             std::vector<std::int32_t>& nearest) {
  const std::size_t n = rows.size() / C, k = centres.size() / C;
  double inertia = 0;
  nearest.assign(n, 0);
  for (int t = 0; t <= iterations; ++t) {
    inertia = 0;
    for (std::size_t i = 0; i < n; ++i) {
      double least = INFINITY;
      for (std::size_t j = 0; j < k; ++j) {
        double sum = 0;
        for (std::size_t c = 0; c < C; ++c) sum += std::pow(rows[i * C + c] - centres[j * C + c], 2);
        if (sum < least) {
          least = sum;
          nearest[i] = static_cast<std::int32_t>(j);
        }
      }
      inertia += least;
    }
    if (t == iterations) break;
    std::fill(centres.begin(), centres.end(), 0);
    std::vector<double> sizes(k);
    for (std::size_t i = 0; i < n; ++i) {
      const auto j = static_cast<std::size_t>(nearest[i]);
      sizes[j] += 1;
      for (std::size_t c = 0; c < C; ++c) centres[j * C + c] += rows[i * C + c];
    }
    for (std::size_t x = 0; x < centres.size(); ++x) centres[x] /= sizes[x / C];
  }
  return inertia;
}

// By hand: {0} {1, 10, 11, 12} with means 0 and 8.5, then {0, 1} {10, 11, 12} with means 0.5 and 11, where no row
// moves.
TEST(KMeans, ASmallCaseByHand) {
  const std::vector<float> rows{0, 1, 10, 11, 12};
  const Clusters made = kmeans_from(rows, 1, {0, 1}, {});
  EXPECT_EQ(made.centres, (std::vector<float>{0.5, 11}));
  EXPECT_EQ(made.assigned, (std::vector<std::int32_t>{0, 0, 1, 1, 1}));
  EXPECT_EQ(made.sizes, (std::vector<std::int64_t>{2, 3}));
  EXPECT_DOUBLE_EQ(made.inertia, 2.5);
  EXPECT_TRUE(made.converged);
  EXPECT_EQ(made.iterations, 2);
  const Clusters medians =
      kmeans_from(std::vector<float>{0, 1, 2, 30, 100, 101}, 1, {0, 100}, {.distance = Distance::manhattan});
  EXPECT_EQ(medians.centres, (std::vector<float>{1, 100}));
  EXPECT_DOUBLE_EQ(medians.inertia, 1 + 0 + 1 + 29 + 0 + 1);
}

TEST(KMeans, StepsAreThoseOfPlainLoops) {
  for (const auto& [n, C, k] : {std::array<std::size_t, 3>{700, 5, 4}, {2000, 33, 7}, {90, 1, 3}}) {
    const std::vector<float> rows = blobs(n, C, k, 4);
    std::vector<float> start(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(k * C));
    for (const int iterations : {1, 3}) {
      const Clusters made = kmeans_from(rows, static_cast<std::int64_t>(C), start, {.iterations = iterations});
      std::vector<std::int32_t> nearest;
      const double inertia = lloyd(rows, C, {start.begin(), start.end()}, made.iterations, nearest);
      EXPECT_NEAR(made.inertia, inertia, 1e-5 * inertia);
      EXPECT_EQ(made.assigned, nearest);
    }
  }
}

TEST(KMeans, FindsGroupsThatLieApartAndIsTheSameOnAnyNumberOfThreads) {
  const std::vector<float> rows = blobs(3'000, 16, 6, 9);
  std::vector<Clusters> results;
  for (const int count : {1, 2}) {
    set_threads(count);
    results.push_back(kmeans(rows, 16, {.clusters = 6, .starts = 3, .seed = 5}));
  }
  EXPECT_EQ(results[0].centres, results[1].centres);
  EXPECT_EQ(results[0].assigned, results[1].assigned);
  EXPECT_EQ(results[0].inertia, results[1].inertia);
  for (std::size_t i = 6; i < 3'000; ++i) EXPECT_EQ(results[0].assigned[i], results[0].assigned[i % 6]);
  EXPECT_EQ(results[0].sizes, std::vector<std::int64_t>(6, 500));
  EXPECT_NEAR(results[0].inertia, 3'000 * 16, 0.05 * 3'000 * 16);
  const Clusters random = kmeans(rows, 16, {.clusters = 6, .start = Start::random, .starts = 10, .seed = 5});
  EXPECT_GE(random.inertia, results[0].inertia * 0.999);
}

TEST(KMeans, ACentreWithoutRowsIsSetAnewAndCounted) {
  const std::vector<float> rows{0, 0.1F, 0.2F, 9, 9.1F, 50};
  const Clusters made = kmeans_from(rows, 1, {0, 9, 1000}, {});
  EXPECT_EQ(made.reseeded, 1);
  EXPECT_EQ(made.sizes, (std::vector<std::int64_t>{3, 2, 1}));
}

TEST(KMeans, StopsWhenCentresHardlyMove) {
  const std::vector<float> rows = blobs(2'000, 4, 3, 1);
  const Clusters loose = kmeans(rows, 4, {.clusters = 9, .shift = 0.5});
  const Clusters strict = kmeans(rows, 4, {.clusters = 9, .iterations = 1000});
  EXPECT_TRUE(loose.converged);
  EXPECT_LT(loose.iterations, strict.iterations);
  EXPECT_TRUE(strict.converged);
  const Clusters cut = kmeans(rows, 4, {.clusters = 9, .iterations = 1});
  EXPECT_EQ(cut.iterations, 1);
  EXPECT_FALSE(cut.converged);
}

TEST(KMeans, BadInputIsRefused) {
  const std::vector<float> rows{1, 2, 3, 4};
  for (const std::int64_t k : {0, 5, -1}) EXPECT_THROW(kmeans(rows, 1, {.clusters = k}), std::invalid_argument);
  EXPECT_THROW(kmeans(rows, 1, {.clusters = 2, .starts = 0}), std::invalid_argument);
  EXPECT_THROW(kmeans(rows, 1, {.clusters = 2, .shift = -1}), std::invalid_argument);
  const std::vector<float> same{1, 1, 1, 2};
  for (const Start start : {Start::plus_plus, Start::random}) {
    const std::string message =
        message_of<std::runtime_error>([&] { kmeans(same, 1, {.clusters = 3, .start = start}); });
    EXPECT_NE(message.find("only 2 different rows"), std::string::npos) << message;
  }
  const std::vector<float> bad{1, 2, std::numeric_limits<float>::quiet_NaN(), 4};
  EXPECT_NE(message_of<std::runtime_error>([&] { kmeans(bad, 2, {.clusters = 1}); }).find("row 1"), std::string::npos);
}

}  // namespace
}  // namespace tamis::cluster
