#include "tamis/vectors/index/index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tamis/base/file.h"
#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tests/base/scratch.h"

namespace tamis::index {
namespace {

using test::message_of;
using test::Scratch;

/// Clumps, as sentences have them.
std::vector<float> rows_of(std::size_t n, std::size_t C, std::uint64_t seed = 1) {
  std::vector<float> rows(n * C);
  for (std::size_t i = 0; i < n; ++i) {
    Stream stream(seed, "rows", i), clump(9, "clump", i % 20);
    for (std::size_t c = 0; c < C; ++c) rows[i * C + c] = static_cast<float>(clump.normal() + 0.5 * stream.normal());
  }
  return rows;
}

double score(Metric metric, const float* a, const float* b, std::size_t C) {
  double product = 0, aa = 0, bb = 0, apart = 0;
  for (std::size_t c = 0; c < C; ++c) {
    product += static_cast<double>(a[c]) * b[c];
    aa += static_cast<double>(a[c]) * a[c];
    bb += static_cast<double>(b[c]) * b[c];
    apart += std::pow(static_cast<double>(a[c]) - b[c], 2);
  }
  return metric == Metric::cosine ? product / std::sqrt(aa * bb) : metric == Metric::dot ? product : apart;
}

TEST(Index, FindsWhatPlainLoopsFind) {
  const std::size_t n = 2000, C = 16, k = 10;
  const std::vector<float> rows = rows_of(n, C), queries = rows_of(50, C, 2);
  for (const Metric metric : {Metric::cosine, Metric::dot, Metric::euclidean}) {
    for (const Kind kind : {Kind::flat, Kind::hnsw, Kind::ivf_pq}) {
      const Index index = Index::build(rows, C, {.kind = kind, .metric = metric, .code_bytes = 16});
      const Neighbours found = index.search(queries, k, kind == Kind::ivf_pq ? 60 : 200);
      double hits = 0;
      for (std::size_t q = 0; q < 50; ++q) {
        std::vector<double> scores(n);
        std::vector<std::int64_t> order(n);
        std::iota(order.begin(), order.end(), 0);
        for (std::size_t i = 0; i < n; ++i) scores[i] = score(metric, &queries[q * C], &rows[i * C], C);
        std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
          const double x = scores[static_cast<std::size_t>(a)], y = scores[static_cast<std::size_t>(b)];
          return metric == Metric::euclidean ? x < y : x > y;
        });
        for (std::size_t i = 0; i < k; ++i) {
          const std::int64_t row = found.rows[q * k + i];
          hits += std::count(order.begin(), order.begin() + k, row) > 0 ? 1.0 : 0.0;
          if (kind != Kind::ivf_pq && row >= 0) {
            EXPECT_NEAR(found.scores[q * k + i], scores[static_cast<std::size_t>(row)], 1e-3) << text(metric);
          }
        }
      }
      EXPECT_GE(hits / (50 * k), kind == Kind::flat   ? 1.0
                                 : kind == Kind::hnsw ? 0.98
                                                      : 0.5)
          << text(kind) << text(metric);
    }
  }
}

TEST(Index, IsTheSameFileAtAnyNumberOfThreadsAndComesBack) {
  const std::size_t C = 12;
  const std::vector<float> rows = rows_of(800, C);
  Scratch scratch;
  const int before = threads();
  for (const Kind kind : {Kind::flat, Kind::hnsw, Kind::ivf_pq}) {
    std::string bytes[2];
    for (const int count : {1, 2}) {
      set_threads(count);
      Index index = Index::build(rows, C, {.kind = kind});
      index.model = "some encoder";
      index.write(scratch / "a.index");
      bytes[count - 1] = read_file(scratch / "a.index");
      const Index read = Index::read(scratch / "a.index");
      EXPECT_EQ(read.model, "some encoder");
      EXPECT_EQ(read.rows(), 800);
      EXPECT_EQ(text(read.options().kind), text(kind));
      const Neighbours a = index.search(rows, 5), b = read.search(rows, 5);
      EXPECT_EQ(a.rows, b.rows);
      EXPECT_EQ(a.scores, b.scores);
    }
    EXPECT_EQ(bytes[0], bytes[1]) << text(kind);
  }
  set_threads(before);
  const std::string whole = read_file(scratch / "a.index");
  for (const std::size_t size : {std::size_t{0}, std::size_t{7}, whole.size() / 2, whole.size() - 1}) {
    test::put(scratch / "cut.index", whole.substr(0, size));
    EXPECT_NE(message_of<std::runtime_error>([&] { Index::read(scratch / "cut.index"); }).find("cut.index"),
              std::string::npos);
  }
  std::string flipped = whole;
  flipped[whole.size() / 2] = static_cast<char>(flipped[whole.size() / 2] ^ 4);
  test::put(scratch / "flip.index", flipped);
  EXPECT_NE(message_of<std::runtime_error>([&] { Index::read(scratch / "flip.index"); }).find("flip.index"),
            std::string::npos);
}

TEST(Index, FindsMoreAtAWiderBreadthAndStaysTheSameFile) {
  const std::size_t n = 2000, C = 32, k = 10, count = 100;
  std::vector<float> rows, queries;
  Stream stream(3, "rows");
  for (std::size_t i = 0; i < n * C; ++i) rows.push_back(static_cast<float>(stream.normal()));
  for (std::size_t i = 0; i < count * C; ++i) queries.push_back(static_cast<float>(stream.normal()));
  const Neighbours truth = Index::build(rows, C, {.kind = Kind::flat}).search(queries, k);
  const Index graph = Index::build(rows, C, {.links = 8, .build_breadth = 20});
  const Scratch scratch;
  graph.write(scratch / "before");
  const auto recall = [&](int breadth) {
    const Neighbours found = graph.search(queries, k, breadth);
    double hits = 0;
    for (std::size_t i = 0; i < found.rows.size(); ++i) {
      const auto of = truth.rows.begin() + static_cast<std::ptrdiff_t>(i / k * k);
      hits += std::count(of, of + k, found.rows[i]) > 0 ? 1.0 : 0.0;
    }
    return hits / static_cast<double>(count * k);
  };
  const double wide = recall(500);
  EXPECT_GT(wide, 0.95);
  EXPECT_LT(recall(10), wide - 0.1);
  EXPECT_EQ(recall(500), wide);
  graph.write(scratch / "after");
  EXPECT_EQ(read_file(scratch / "before"), read_file(scratch / "after"));
}

TEST(Index, RefusesByName) {
  std::vector<float> rows = rows_of(300, 6);
  const auto build = [&](const Options& options) {
    return message_of<std::invalid_argument>([&] { Index::build(rows, 6, options); });
  };
  EXPECT_NE(build({.kind = Kind::ivf_pq, .lists = 301}).find("301 lists of 300 rows"), std::string::npos);
  EXPECT_NE(build({.kind = Kind::ivf_pq, .code_bytes = 4}).find("4 bytes do not divide 6"), std::string::npos);
  EXPECT_NE(build({.links = 1}).find("1 links"), std::string::npos);
  const Index index = Index::build(rows, 6, {.kind = Kind::flat});
  EXPECT_NE(message_of<std::invalid_argument>([&] { index.search(rows, 301); }).find("301 neighbours of 300"),
            std::string::npos);
  EXPECT_NE(message_of<std::invalid_argument>([&] { parse_kind("tree"); }).find("flat, hnsw, ivf-pq"),
            std::string::npos);
  rows[13] = NAN;
  EXPECT_NE(message_of<std::runtime_error>([&] { Index::build(rows, 6, {}); }).find("row 2"), std::string::npos);
  EXPECT_NE(message_of<std::runtime_error>([&] { near_duplicates(rows, 6, 0.9); }).find("row 2"), std::string::npos);
  EXPECT_THROW(near_duplicates(rows, 6, 0), std::invalid_argument);
}

TEST(Duplicates, AreThoseOfPlainLoops) {
  const std::size_t n = 1200, C = 8;
  std::vector<float> rows = rows_of(n, C);
  for (std::size_t c = 0; c < C; ++c) rows[1100 * C + c] = 3 * rows[7 * C + c];  // the same direction
  const std::vector<Pair> found = near_duplicates(rows, C, 0.97);
  std::vector<std::pair<std::int64_t, std::int64_t>> expected;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      if (score(Metric::cosine, &rows[i * C], &rows[j * C], C) >= 0.97)
        expected.emplace_back(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
    }
  }
  ASSERT_GT(expected.size(), 10u);
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t p = 0; p < found.size(); ++p)
    EXPECT_EQ(std::make_pair(found[p].first, found[p].second), expected[p]);
  EXPECT_EQ(near_duplicates(rows, C, 1).size(), 1u);
}

}  // namespace
}  // namespace tamis::index
