#include "tamis/vectors/cluster/mini_batch.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tests/base/scratch.h"

namespace tamis::cluster {
namespace {

using test::message_of;

std::vector<float> blobs(std::size_t n, std::size_t C, std::size_t groups) {
  std::vector<float> rows(n * C);
  for (std::size_t i = 0; i < n; ++i) {
    Stream stream(3, "row", i);
    for (std::size_t c = 0; c < C; ++c)
      rows[i * C + c] = static_cast<float>(Stream(3, "centre", (i % groups) * C + c).normal() * 6 + stream.normal());
  }
  return rows;
}

// The published loop, a row at a time, in f64: v[c] += 1, c = (1 - 1 / v[c]) c + x / v[c].
TEST(MiniBatch, StepsAreThoseOfThePublishedLoop) {
  constexpr std::size_t kC = 5, kCentres = 7, kBatch = 90;
  const std::vector<float> rows = blobs(900, kC, 7);
  const std::vector<float> start(rows.begin(), rows.begin() + kC * kCentres);
  MiniBatch made(start, kC);
  std::vector<double> centres(start.begin(), start.end());
  std::vector<std::int64_t> counts(kCentres);
  for (std::size_t at = 0; at < 900; at += kBatch) {
    std::vector<std::size_t> nearest;
    double sum = 0;
    for (std::size_t i = at; i < at + kBatch; ++i) {
      double least = INFINITY;
      std::size_t own = 0;
      for (std::size_t j = 0; j < kCentres; ++j) {
        double distance = 0;
        for (std::size_t c = 0; c < kC; ++c) distance += std::pow(rows[i * kC + c] - centres[j * kC + c], 2);
        if (distance < least) {
          least = distance;
          own = j;
        }
      }
      nearest.push_back(own);
      sum += least;
    }
    for (std::size_t b = 0; b < kBatch; ++b) {
      const std::size_t j = nearest[b];
      const double rate = 1.0 / static_cast<double>(++counts[j]);
      for (std::size_t c = 0; c < kC; ++c)
        centres[j * kC + c] = (1 - rate) * centres[j * kC + c] + rate * rows[(at + b) * kC + c];
    }
    EXPECT_NEAR(made.update(std::span(rows).subspan(at * kC, kBatch * kC)), sum, 1e-4 * sum);
    EXPECT_EQ(made.counts(), counts);
    for (std::size_t x = 0; x < centres.size(); ++x) EXPECT_NEAR(made.centres()[x], centres[x], 1e-5);
  }
}

TEST(MiniBatch, FindsGroupsAndIsTheSameOnAnyNumberOfThreads) {
  const std::vector<float> rows = blobs(6'000, 16, 6);
  const Clusters exact = kmeans(rows, 16, {.clusters = 6, .starts = 3});
  std::vector<Clusters> results;
  for (const int count : {1, 2}) {
    set_threads(count);
    results.push_back(mini_batch_kmeans(rows, 16, {.clusters = 6, .iterations = 4, .starts = 3}, 256));
  }
  EXPECT_EQ(results[0].centres, results[1].centres);
  EXPECT_EQ(results[0].assigned, results[1].assigned);
  EXPECT_LE(results[0].inertia, 1.01 * exact.inertia);
  EXPECT_EQ(results[0].sizes, std::vector<std::int64_t>(6, 1000));
  EXPECT_EQ(results[0].iterations, 4);
  EXPECT_TRUE(mini_batch_kmeans(rows, 16, {.clusters = 6, .shift = 0.5}, 256).converged);
}

// One batch is all rows: each centre becomes the mean of its rows, and the one far from all is set on a row.
TEST(MiniBatch, ACentreWithoutRowsIsSetAnew) {
  const std::vector<float> rows{0, 1, 10, 12};
  MiniBatch made(std::vector<float>{0, 11, 1000}, 1);
  EXPECT_DOUBLE_EQ(made.update(rows), 0 + 1 + 1 + 1);
  EXPECT_EQ(made.centres(), (std::vector<float>{0.5, 11, 1000}));
  made.restart(2, std::vector<float>{12});
  made.update(rows);
  EXPECT_EQ(made.centres(), (std::vector<float>{0.5, 32.0F / 3, 12}));
  EXPECT_EQ(made.counts(), (std::vector<std::int64_t>{4, 3, 2}));
}

TEST(MiniBatch, BadInputIsRefused) {
  const std::vector<float> rows{1, 2, 3, 4};
  EXPECT_THROW(mini_batch_kmeans(rows, 1, {.clusters = 2}, 0), std::invalid_argument);
  EXPECT_THROW(mini_batch_kmeans(rows, 1, {.clusters = 5}, 2), std::invalid_argument);
  EXPECT_THROW(mini_batch_kmeans(rows, 1, {.clusters = 2, .distance = Distance::manhattan}, 2), std::invalid_argument);
  EXPECT_THROW(MiniBatch({}, 2), std::invalid_argument);
  EXPECT_THROW(MiniBatch(std::vector<float>{1, 2, 3}, 2), std::invalid_argument);
  MiniBatch made(std::vector<float>{1, 2}, 2);
  EXPECT_THROW(made.update(std::vector<float>{1, 2, 3}), std::invalid_argument);
  const std::vector<float> bad{1, 2, std::numeric_limits<float>::infinity(), 4};
  EXPECT_NE(message_of<std::runtime_error>([&] { made.update(bad); }).find("row 1"), std::string::npos);
  EXPECT_EQ(made.centres(), (std::vector<float>{1, 2}));
  EXPECT_EQ(made.update({}), 0);
}

}  // namespace
}  // namespace tamis::cluster
