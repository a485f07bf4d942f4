#include "tamis/vectors/geometry/geometry.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tamis/base/random.h"

namespace tamis::geometry {
namespace {

std::vector<float> rows_of(std::size_t n, std::size_t C, double shift, bool unit = true) {
  std::vector<float> rows(n * C);
  for (std::size_t i = 0; i < n; ++i) {
    Stream stream(1, "rows", i);
    double square = 0;
    for (std::size_t c = 0; c < C; ++c) {
      rows[i * C + c] = static_cast<float>(stream.normal() + shift);
      square += rows[i * C + c] * rows[i * C + c];
    }
    for (std::size_t c = 0; c < C && unit; ++c) rows[i * C + c] /= static_cast<float>(std::sqrt(square));
  }
  return rows;
}

double product(const std::vector<float>& rows, std::size_t C, std::size_t i, std::size_t j) {
  double sum = 0;
  for (std::size_t c = 0; c < C; ++c) sum += static_cast<double>(rows[i * C + c]) * rows[j * C + c];
  return sum;
}

TEST(Geometry, PairsAreThoseOfPlainLoops) {
  const std::size_t n = 1100, C = 12;
  const std::vector<float> rows = rows_of(n, C, 0.3);
  double near = 0, cosine = 0, negative = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      const double p = product(rows, C, i, j);
      near += std::exp(-2 * (2 - 2 * p));
      cosine += p;
      negative += p < 0 ? 1 : 0;
    }
  }
  const double pairs = n * (n - 1) / 2.0;
  const Pairs made = compare_pairs(rows, C);
  EXPECT_EQ(made.looked_at, n * (n - 1) / 2);
  EXPECT_NEAR(made.uniformity.value, std::log(near / pairs), 1e-6);
  EXPECT_NEAR(made.cosine.value, cosine / pairs, 1e-7);
  EXPECT_NEAR(made.negative.value, negative / pairs, 1e-5);
  EXPECT_EQ(made.cosine.standard_error, 0);
  EXPECT_THROW(compare_pairs(std::span(rows).first(C), C), std::invalid_argument);
}

TEST(Geometry, SampleLiesNearTheWholeByItsStandardError) {
  // The exact mean product over all pairs of many rows: (|sum|^2 - n) / (n (n - 1)).
  const std::size_t n = 20000, C = 8;
  const std::vector<float> rows = rows_of(n, C, 0.5);
  std::vector<double> sum(C);
  for (std::size_t i = 0; i < rows.size(); ++i) sum[i % C] += rows[i];
  double square = 0;
  for (const double s : sum) square += s * s;
  const double exact = (square - n) / (static_cast<double>(n) * (n - 1));
  const Pairs made = compare_pairs(rows, C, 3);
  EXPECT_GT(made.cosine.standard_error, 0);
  EXPECT_LT(made.cosine.standard_error, 1e-3);
  EXPECT_LT(std::fabs(made.cosine.value - exact), 4 * made.cosine.standard_error);
  EXPECT_GT(made.uniformity.standard_error, 0);
  EXPECT_GT(made.negative.standard_error, 0);
}

TEST(Geometry, AlignmentOfWorkedPairs) {
  const std::vector<float> a{1, 0, 0, 1}, b{0, 1, 0, 1};
  EXPECT_DOUBLE_EQ(alignment(a, b, 2), 1);  // 2 and 0
}

TEST(Geometry, SpectrumHasTheSumsItMust) {
  const std::size_t n = 60, C = 10;
  const std::vector<float> rows = rows_of(n, C, 1);
  const Spectrum made = spectrum(rows, C);
  ASSERT_EQ(made.singular.size(), C);
  double squares = 0, all = 0;
  bool negative = false;
  for (const double s : made.singular) squares += s * s;
  EXPECT_NEAR(squares, n, 1e-4);  // trace of W W^T: n rows of length 1
  // The power method on W W^T finds its largest eigenvalue on another way.
  std::vector<double> v(n, 1), next(n);
  double value = 0;
  for (int round = 0; round < 300; ++round) {
    double length = 0;
    for (std::size_t i = 0; i < n; ++i) {
      next[i] = 0;
      for (std::size_t j = 0; j < n; ++j) next[i] += product(rows, C, i, j) * v[j];
      length += next[i] * next[i];
    }
    value = std::sqrt(length);
    for (std::size_t i = 0; i < n; ++i) v[i] = next[i] / value;
  }
  EXPECT_NEAR(made.largest, value, 1e-6 * value);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      all += product(rows, C, i, j);
      negative = negative || product(rows, C, i, j) < 0;
    }
  }
  EXPECT_NEAR(made.sum, all, 1e-6 * all);
  EXPECT_LE(made.largest, made.sum);
  EXPECT_EQ(spectrum(std::span(rows).first(3 * C), C).singular.size(), 3u);
}

TEST(Geometry, BandsAreThoseOfPlainLoops) {
  const std::size_t V = 700, C = 6;
  const std::vector<float> words = rows_of(V, C, 0.2, false);
  std::vector<std::uint64_t> counts(V);
  for (std::size_t w = 0; w < V; ++w) counts[w] = w % 10 == 0 ? 0 : 1000 - w;
  const std::vector<std::int64_t> edges{0, 100, 500, 5000, 10000};
  const std::vector<int> ks{1, 3};
  const std::vector<Band> bands = frequency_bands(words, C, counts, edges, ks);
  ASSERT_EQ(bands.size(), 3u);
  EXPECT_EQ(bands[2].words, 630 - 500);
  std::vector<std::size_t> order;
  for (std::size_t w = 0; w < V; ++w)
    if (counts[w] > 0) order.push_back(w);
  double norm = 0, distance = 0, alike = 0;
  for (std::size_t i = 100; i < 500; ++i) {
    std::vector<double> far, products;
    for (std::size_t j = 0; j < order.size(); ++j) {
      if (i == j) continue;
      products.push_back(-product(words, C, order[i], order[j]));
      far.push_back(std::sqrt(product(words, C, order[i], order[i]) + product(words, C, order[j], order[j]) +
                              2 * products.back()));
    }
    std::sort(far.begin(), far.end());
    std::sort(products.begin(), products.end());
    norm += std::sqrt(product(words, C, order[i], order[i])) / 400;
    distance += (far[0] + far[1] + far[2]) / 3 / 400;
    alike -= (products[0] + products[1] + products[2]) / 3 / 400;
  }
  EXPECT_NEAR(bands[1].norm, norm, 1e-6);
  EXPECT_NEAR(bands[1].distance[1], distance, 1e-5);
  EXPECT_NEAR(bands[1].product[1], alike, 1e-5);
  EXPECT_THROW(frequency_bands(words, C, std::vector<std::uint64_t>(V), edges, ks), std::invalid_argument);
}

}  // namespace
}  // namespace tamis::geometry
