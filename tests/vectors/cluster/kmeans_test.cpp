#include "tamis/vectors/cluster/kmeans.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/vectors/cluster/assign.h"
#include "tamis/vectors/cluster/nearest_f32.h"
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

// Rows without groups, where centres lie nearly as near as others and move for long: a row that a pass does not look at
// must still be with its nearest centre, to f32's rounding of products.
TEST(KMeans, RowsThatAreNotLookedAtAreWithTheirNearestCentre) {
  for (const auto& shape : {std::array<std::size_t, 3>{3000, 8, 20}, {1500, 40, 37}, {800, 2, 16}, {500, 3, 1}}) {
    const std::size_t n = shape[0], C = shape[1], k = shape[2];  // names that a lambda may hold in C++20 for clang 14
    const std::vector<float> rows = blobs(n, C, 1, 11);
    std::vector<float> centres(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(k * C));
    Assigner assigner(rows, C, Distance::euclidean);
    Assignment found;
    std::vector<std::int32_t> before(n, -1);
    for (int pass = 0; pass < 12; ++pass) {
      if (pass == 9) assigner.forget();
      assigner.assign(centres, found);
      std::vector<double> sums(k * C);
      std::vector<std::int64_t> sizes(k);
      std::int64_t changed = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const auto distance = [&](std::size_t j) {
          return distance_of(rows.data() + i * C, centres.data() + j * C, C, Distance::euclidean);
        };
        double least = INFINITY;
        for (std::size_t j = 0; j < k; ++j) least = std::min(least, distance(j));
        const auto own = static_cast<std::size_t>(found.nearest[i]);
        ASSERT_LE(distance(own), least + 1e-4) << i << " in pass " << pass;
        for (std::size_t c = 0; c < C; ++c) sums[own * C + c] += rows[i * C + c];
        ++sizes[own];
        if (before[i] != found.nearest[i]) ++changed;
      }
      EXPECT_EQ(found.sizes, sizes);
      EXPECT_EQ(found.changed, changed);
      for (std::size_t x = 0; x < sums.size(); ++x) EXPECT_NEAR(found.sums[x], sums[x], 1e-8);
      before = found.nearest;
      for (std::size_t x = 0; x < sums.size(); ++x) centres[x] = static_cast<float>(sums[x] / double(sizes[x / C]));
    }
  }
}

// Widths below, at and above the widths of vectors; equal values; one centre.
TEST(KMeans, TheTwoLeastOfAnyWidth) {
  for (std::int64_t k = 1; k <= 70; ++k) {
    std::vector<float> values(static_cast<std::size_t>(k)), others(values.size());
    Stream stream(3, "two least", static_cast<std::uint64_t>(k));
    for (float& value : values) value = static_cast<float>(stream.below(8));
    for (float& value : others) value = static_cast<float>(stream.below(8));
    std::vector<float> sorted = values;
    const auto first = std::min_element(sorted.begin(), sorted.end()) - sorted.begin();
    const TwoLeast found = nearest_loops().two_least(values.data(), k);
    EXPECT_EQ(found.place, first);
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(found.least, sorted[0]);
    EXPECT_EQ(found.second, k > 1 ? sorted[1] : std::numeric_limits<float>::infinity());
    for (const float limit : {-1.0F, 3.0F, 7.0F}) {
      std::vector<std::int64_t> within, seen;
      for (std::size_t j = 0; j < values.size(); ++j) {
        if (values[j] <= limit) within.push_back(static_cast<std::int64_t>(j));
      }
      std::int64_t j = -1;
      while ((j = nearest_loops().first_within(values.data(), j + 1, k, limit)) < k) seen.push_back(j);
      EXPECT_EQ(seen, within);
    }
    EXPECT_FLOAT_EQ(nearest_loops().square_distance(values.data(), others.data(), k),
                    static_cast<float>(distance_of(values.data(), others.data(), values.size(), Distance::euclidean)));
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
