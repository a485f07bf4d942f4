#include "tamis/vectors/transform/whitening.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "tamis/base/file.h"
#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tests/base/scratch.h"

namespace tamis::transform {
namespace {

using test::message_of;
using test::Scratch;
using Json = nlohmann::json;

/// Correlated columns of unlike sizes, far from 0.
std::vector<float> rows_of(std::size_t n, std::size_t C, std::uint64_t seed) {
  std::vector<float> rows(n * C);
  for (std::size_t i = 0; i < n; ++i) {
    Stream stream(seed, "rows", i);
    double before = 0;
    for (std::size_t c = 0; c < C; ++c) {
      before = 0.6 * before + stream.normal();
      rows[i * C + c] =
          static_cast<float>(3 + static_cast<double>(c % 5) + before * (0.2 + 0.1 * static_cast<double>(c % 7)));
    }
  }
  return rows;
}

Moments moments_of(std::span<const float> rows, std::int64_t C) {
  Moments moments(C);
  moments.update(rows);
  return moments;
}

// tests/golden/make_whitening.py
TEST(Whitening, IsNumpys) {
  const Json stored = Json::parse(read_file(TAMIS_SOURCE_DIR "/tests/golden/whitening.json"));
  const auto n = stored["rows"].get<std::size_t>(), C = stored["columns"].get<std::size_t>();
  std::vector<double> x(n * C);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < C; ++j) {
      const auto a = static_cast<double>(i), b = static_cast<double>(j);
      x[i * C + j] = std::cos(a * (b + 1) * 0.37) + 0.1 * (b + 1) * std::sin(a * 1.3 + b);
    }
  }
  Moments moments(static_cast<std::int64_t>(C));
  moments.update(x);
  for (std::size_t c = 0; c < C; ++c) EXPECT_NEAR(moments.mean()[c], stored["mean"][c].get<double>(), 1e-12);
  for (const int correction : {0, 1}) {
    const Json& expected = stored[correction == 0 ? "over_n" : "over_n_less_1"];
    for (const std::int64_t k : {std::int64_t{0}, stored["kept"].get<std::int64_t>()}) {
      const Whitening made = fit_whitening(moments, {.dimensions = k, .correction = correction});
      const auto outputs = static_cast<std::size_t>(made.outputs);
      const Json& square = expected[k == 0 ? "all" : "kept"];
      for (std::size_t a = 0; a < C; ++a) {
        EXPECT_NEAR(made.eigenvalues[a], expected["eigenvalues"][a].get<double>(), 1e-10);
        for (std::size_t b = 0; b < C; ++b) {
          double sum = 0;
          for (std::size_t j = 0; j < outputs; ++j) sum += made.kernel[a * outputs + j] * made.kernel[b * outputs + j];
          EXPECT_NEAR(sum, square[a * C + b].get<double>(), 1e-8) << correction << ' ' << k;
        }
      }
    }
  }
}

TEST(Whitening, TheFittingSetComesOutWhite) {
  constexpr std::int64_t C = 48;
  const std::vector<float> rows = rows_of(20'000, C, 3);
  const Whitening whitening = fit_whitening(moments_of(rows, C), {.dimensions = 32});
  std::vector<float> out(20'000 * 32);
  whitening.apply(rows, out);
  const Moments after = moments_of(out, 32);
  const std::vector<double> covariance = after.covariance();
  for (std::size_t a = 0; a < 32; ++a) {
    EXPECT_NEAR(after.mean()[a], 0, 1e-4);
    for (std::size_t b = 0; b < 32; ++b) EXPECT_NEAR(covariance[a * 32 + b], a == b ? 1 : 0, 1e-4);
  }
  // A row's bits do not depend on what else is in the call.
  std::vector<float> one(32);
  whitening.apply(std::span(rows).subspan(7777 * C, C), one);
  EXPECT_EQ(one, std::vector<float>(out.begin() + 7777 * 32, out.begin() + 7778 * 32));
}

TEST(Moments, PartsMergeToTheWhole) {
  constexpr std::int64_t C = 24;
  const std::vector<float> rows = rows_of(9'001, C, 5);
  const Moments whole = moments_of(rows, C);
  std::vector<Moments> parts(7, Moments(C));
  Stream stream(1, "parts");
  for (std::size_t i = 0; i < 9'001; ++i) {
    parts[stream.below(7)].update(std::span(rows).subspan(i * C, C));
  }
  Moments merged(C);
  for (const Moments& part : parts) merged.merge(part);
  ASSERT_EQ(merged.count(), whole.count());
  const auto a = merged.covariance(), b = whole.covariance();
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-9);
  for (std::size_t c = 0; c < C; ++c) EXPECT_NEAR(merged.mean()[c], whole.mean()[c], 1e-9);
}

TEST(Moments, AreTheSameOnAnyNumberOfThreadsAndByPlainSums) {
  constexpr std::int64_t C = 96;  // large enough for a BLAS that shares its work out
  const std::vector<float> rows = rows_of(7'000, C, 6);
  set_threads(1);
  const auto one = moments_of(rows, C).covariance(1);
  set_threads(2);
  const auto two = moments_of(rows, C).covariance(1);
  EXPECT_EQ(one, two);
  EXPECT_EQ(fit_whitening(moments_of(rows, C), {}).kernel, fit_whitening(moments_of(rows, C), {}).kernel);
  std::vector<double> mean(C);
  for (std::size_t i = 0; i < rows.size(); ++i) mean[i % C] += rows[i];
  for (double& m : mean) m /= 7'000;
  for (std::size_t a = 0; a < C; ++a) {
    double sum = 0;
    for (std::size_t i = 0; i < 7'000; ++i) sum += (rows[i * C + a] - mean[a]) * (rows[i * C + 2] - mean[2]);
    EXPECT_NEAR(one[a * C + 2], sum / 6'999, 1e-10);
  }
}

TEST(Whitening, WhatHasNoRankIsRefusedWithTheNumbersOrShrunk) {
  const std::vector<float> few = rows_of(5, 8, 1);
  const Moments moments = moments_of(few, 8);
  const std::string message = message_of<std::runtime_error>([&] { fit_whitening(moments, {}); });
  EXPECT_NE(message.find("5 rows of 8 dimensions has rank 4"), std::string::npos) << message;
  EXPECT_EQ(fit_whitening(moments, {.dimensions = 3}).outputs, 3);
  const Whitening shrunk = fit_whitening(moments, {.shrinkage = 0.1});
  for (const double value : shrunk.kernel) EXPECT_TRUE(std::isfinite(value));
  const std::vector<float> same(40, 1.5F);
  EXPECT_NE(message_of<std::runtime_error>([&] { fit_whitening(moments_of(same, 8), {}); }).find("all the same"),
            std::string::npos);
  std::vector<float> constant = rows_of(100, 8, 2);
  for (std::size_t i = 0; i < 100; ++i) constant[i * 8 + 3] = 2;
  EXPECT_NE(message_of<std::runtime_error>([&] { fit_whitening(moments_of(constant, 8), {}); }).find("rank 7"),
            std::string::npos);
  EXPECT_THROW(fit_whitening(moments_of(rows_of(1, 8, 1), 8), {}), std::invalid_argument);
  EXPECT_THROW(fit_whitening(moments_of(rows_of(99, 8, 1), 8), {.dimensions = 9}), std::invalid_argument);
  for (const double s : {-0.1, 1.1, std::nan("")}) {
    EXPECT_THROW(fit_whitening(moments, {.shrinkage = s}), std::invalid_argument);
  }
}

TEST(Moments, AComponentThatIsNotFiniteIsNamedByItsRow) {
  std::vector<float> rows = rows_of(5'000, 4, 1);
  rows[4'321 * 4 + 2] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_NE(message_of<std::runtime_error>([&] { moments_of(rows, 4); }).find("row 4321"), std::string::npos);
  EXPECT_THROW(Moments(0), std::invalid_argument);
  Moments moments(3);
  EXPECT_THROW(moments.merge(Moments(4)), std::invalid_argument);
  EXPECT_THROW(moments.covariance(), std::invalid_argument);
}

TEST(Whitening, ComesBackFromItsFile) {
  const Scratch scratch;
  Whitening made =
      fit_whitening(moments_of(rows_of(500, 6, 1), 6), {.dimensions = 4, .correction = 1, .shrinkage = 0.01});
  made.model = "0123 mean 6";
  write_whitening(scratch / "w.safetensors", made);
  const Whitening read = read_whitening(scratch / "w.safetensors");
  EXPECT_EQ(read.mean, made.mean);
  EXPECT_EQ(read.kernel, made.kernel);
  EXPECT_EQ(read.eigenvalues, made.eigenvalues);
  EXPECT_EQ(read.model, made.model);
  EXPECT_EQ(read.rows, 500U);
  EXPECT_EQ(read.outputs, 4);
  EXPECT_EQ(read.options.correction, 1);
  EXPECT_EQ(read.options.shrinkage, 0.01);
  const std::string bytes = read_file(scratch / "w.safetensors");
  test::put(scratch / "cut.safetensors", bytes.substr(0, bytes.size() - 9));
  EXPECT_THROW(read_whitening(scratch / "cut.safetensors"), std::runtime_error);
  std::string turned = bytes;
  turned[bytes.size() - 20] ^= 1;
  test::put(scratch / "turned.safetensors", turned);
  EXPECT_THROW(read_whitening(scratch / "turned.safetensors"), std::runtime_error);
}

}  // namespace
}  // namespace tamis::transform
