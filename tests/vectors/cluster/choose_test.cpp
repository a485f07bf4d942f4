#include "tamis/vectors/cluster/choose.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tamis/base/random.h"

namespace tamis::cluster {
namespace {

/// `clumps` clumps on a circle in the first two of three columns.
std::vector<float> rows_of(std::size_t n, std::size_t clumps, double spread) {
  std::vector<float> rows;
  for (std::size_t i = 0; i < n; ++i) {
    Stream stream(2, "rows", i);
    const double angle = 6.283185307179586 * static_cast<double>(i % clumps) / static_cast<double>(clumps);
    rows.push_back(static_cast<float>(10 * std::cos(angle) + spread * stream.normal()));
    rows.push_back(static_cast<float>(10 * std::sin(angle) + spread * stream.normal()));
    rows.push_back(static_cast<float>(spread * stream.normal()));
  }
  return rows;
}

double distance(const std::vector<float>& rows, std::size_t i, std::size_t j) {
  double sum = 0;
  for (std::size_t c = 0; c < 3; ++c) sum += std::pow(static_cast<double>(rows[i * 3 + c]) - rows[j * 3 + c], 2);
  return std::sqrt(sum);
}

TEST(Silhouette, IsThatOfPlainLoops) {
  const std::size_t n = 700;
  const std::vector<float> rows = rows_of(n, 5, 2.5);
  std::vector<std::int32_t> assigned(n);
  for (std::size_t i = 0; i < n; ++i) assigned[i] = static_cast<std::int32_t>(i % 5);
  assigned[3] = 6;  // alone; cluster 5 is empty
  double mean = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double sums[7] = {}, sizes[7] = {};
    for (std::size_t j = 0; j < n; ++j) {
      if (i == j) continue;
      sums[assigned[j]] += distance(rows, i, j);
      ++sizes[assigned[j]];
    }
    const auto own = static_cast<std::size_t>(assigned[i]);
    if (sizes[own] == 0) continue;
    double b = INFINITY;
    for (std::size_t k = 0; k < 7; ++k)
      if (k != own && sizes[k] > 0) b = std::min(b, sums[k] / sizes[k]);
    const double a = sums[own] / sizes[own];
    mean += (b - a) / std::max(a, b) / n;
  }
  const Silhouette made = silhouette(rows, 3, assigned);
  EXPECT_NEAR(made.mean, mean, 1e-5);
  EXPECT_EQ(made.standard_error, 0);
  EXPECT_THROW(silhouette(rows, 3, std::vector<std::int32_t>(n)), std::invalid_argument);
}

TEST(Silhouette, SampleLiesNearTheWhole) {
  const std::size_t n = 12'000;
  const std::vector<float> rows = rows_of(n, 4, 1);
  std::vector<std::int32_t> assigned(n);
  for (std::size_t i = 0; i < n; ++i) assigned[i] = static_cast<std::int32_t>(i % 4);
  const Silhouette whole = silhouette(std::span(rows).first(30'000), 3, std::span(assigned).first(10'000));
  const Silhouette some = silhouette(rows, 3, assigned, 1);
  EXPECT_GT(some.standard_error, 0);
  EXPECT_NEAR(some.mean, whole.mean, 0.01);
}

TEST(Choice, FindsTheClumpsThatAreThere) {
  const std::vector<float> rows = rows_of(600, 6, 0.5);
  const std::vector<std::int64_t> counts{2, 3, 4, 5, 6, 7, 8, 9, 10};
  int told = 0;
  const std::vector<Tried> tried = try_clusters(rows, 3, counts, {.starts = 5}, [&] { ++told; });
  EXPECT_EQ(told, 9);
  ASSERT_EQ(tried.size(), 9u);
  EXPECT_EQ(tried[elbow(tried)].clusters, 6);
  for (const Tried& one : tried) EXPECT_LE(one.silhouette.mean, tried[4].silhouette.mean);
  const std::string page = choice_page(tried, "<clumps>");
  EXPECT_NE(page.find("elbow, best silhouette"), std::string::npos);
  EXPECT_NE(page.find("&lt;clumps&gt;"), std::string::npos);
  EXPECT_EQ(elbow(std::span(tried).first(2)), 0u);
}

}  // namespace
}  // namespace tamis::cluster
