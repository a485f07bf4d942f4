#include "tamis/vectors/geometry/geometry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/engine/tensor/matmul.h"
#include "tamis/vectors/transform/lapack.h"
#include "tamis/vectors/transform/moments.h"

namespace tamis::geometry {

namespace {

using engine::Tensor;

constexpr std::int64_t kTile = 512;
constexpr std::int64_t kPiece = 1 << 14;  ///< pairs drawn from one stream

/// Sums over some pairs of what is asked of each.
struct Sums {
  double e = 0, e2 = 0, c = 0, c2 = 0, negative = 0;
  void add(double product) {
    const double near = std::exp(-2 * (2 - 2 * product));
    e += near;
    e2 += near * near;
    c += product;
    c2 += product * product;
    negative += product < 0 ? 1 : 0;
  }
  void add(const Sums& other) {
    e += other.e;
    e2 += other.e2;
    c += other.c;
    c2 += other.c2;
    negative += other.negative;
  }
};

Tensor rows_of(std::span<const float> rows, std::int64_t C, std::int64_t begin, std::int64_t end) {
  return Tensor::from(rows.subspan(static_cast<std::size_t>(begin * C), static_cast<std::size_t>((end - begin) * C)),
                      {end - begin, C});
}

Sums all_pairs(std::span<const float> rows, std::int64_t n, std::int64_t C) {
  const std::int64_t tiles = (n + kTile - 1) / kTile;
  std::vector<Sums> sums(static_cast<std::size_t>(tiles));
  parallel_for(sums.size(), [&](std::size_t t) {
    const auto first = static_cast<std::int64_t>(t) * kTile, last = std::min(n, first + kTile);
    const Tensor a = rows_of(rows, C, first, last);
    for (std::int64_t begin = first; begin < n; begin += kTile) {
      const std::int64_t end = std::min(n, begin + kTile);
      const Tensor products = engine::matmul(a, rows_of(rows, C, begin, end), false, true).packed();
      for (std::int64_t i = first; i < last; ++i) {
        for (std::int64_t j = std::max(begin, i + 1); j < end; ++j)
          sums[t].add(products.data<float>()[(i - first) * (end - begin) + j - begin]);
      }
    }
  });
  Sums all;
  for (const Sums& one : sums) all.add(one);
  return all;
}

Sums some_pairs(std::span<const float> rows, std::int64_t n, std::int64_t C, std::uint64_t seed) {
  std::vector<Sums> sums(static_cast<std::size_t>(kSampledPairs / kPiece));
  parallel_for(sums.size(), [&](std::size_t piece) {
    Stream stream(seed, "geometry.pairs", piece);
    for (std::int64_t p = 0; p < kPiece; ++p) {
      const auto i = stream.below(static_cast<std::uint64_t>(n));
      auto j = stream.below(static_cast<std::uint64_t>(n) - 1);
      j += j >= i ? 1 : 0;
      double product = 0;
      for (std::size_t c = 0; c < static_cast<std::size_t>(C); ++c)
        product +=
            static_cast<double>(rows[i * static_cast<std::size_t>(C) + c]) * rows[j * static_cast<std::size_t>(C) + c];
      sums[piece].add(product);
    }
  });
  Sums all;
  for (const Sums& one : sums) all.add(one);
  return all;
}

double error_of(double sum, double squares, double n) {
  const double mean = sum / n;
  return std::sqrt(std::max(0.0, squares / n - mean * mean) / n);
}

/// The k largest of each row's values, best first.
struct Nearest {
  std::vector<double> values;
  void add(double value, std::size_t k) {
    if (values.size() == k && value <= values.back()) return;
    values.insert(std::upper_bound(values.begin(), values.end(), value, std::greater<>()), value);
    if (values.size() > k) values.pop_back();
  }
  double mean(int k) const {
    double sum = 0;
    for (int i = 0; i < k; ++i) sum += values[static_cast<std::size_t>(i)];
    return sum / k;
  }
};

}  // namespace

double alignment(std::span<const float> a, std::span<const float> b, std::int64_t dimensions) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(static_cast<double>(a[i]) - b[i], 2);
  return sum / (static_cast<double>(a.size()) / static_cast<double>(dimensions));
}

Pairs compare_pairs(std::span<const float> rows, std::int64_t dimensions, std::uint64_t seed) {
  const auto n = static_cast<std::int64_t>(rows.size()) / dimensions;
  if (n < 2) fail_caller("geometry", fmt::format("{} rows make no pair; 2 or more are needed", n));
  const bool exact = n <= kExactRows;
  const Sums sums = exact ? all_pairs(rows, n, dimensions) : some_pairs(rows, n, dimensions, seed);
  const std::int64_t count = exact ? n * (n - 1) / 2 : kSampledPairs;
  const auto pairs = static_cast<double>(count);
  Pairs made;
  made.looked_at = static_cast<std::uint64_t>(count);
  const double near = sums.e / pairs, negative = sums.negative / pairs;
  made.uniformity.value = std::log(near);
  made.cosine.value = sums.c / pairs;
  made.negative.value = negative;
  if (exact) return made;
  made.uniformity.standard_error = error_of(sums.e, sums.e2, pairs) / near;  // of a logarithm: the relative one
  made.cosine.standard_error = error_of(sums.c, sums.c2, pairs);
  made.negative.standard_error = std::sqrt(negative * (1 - negative) / pairs);
  return made;
}

Spectrum spectrum(std::span<const float> rows, std::int64_t dimensions) {
  const auto C = static_cast<std::size_t>(dimensions);
  const std::size_t n = rows.size() / C;
  // W^T W = covariance sums about the mean + n mean mean^T, both of which merge block by block.
  transform::Moments moments(dimensions);
  moments.update(rows);
  std::vector<double> gram = moments.covariance();
  Spectrum made;
  for (std::size_t r = 0; r < C; ++r) {
    for (std::size_t c = 0; c < C; ++c) {
      gram[r * C + c] += moments.mean()[r] * moments.mean()[c];
      gram[r * C + c] *= static_cast<double>(n);
    }
    made.sum += std::pow(moments.mean()[r] * static_cast<double>(n), 2);
  }
  for (const double value : transform::eigen_of(gram, C).values)
    made.singular.push_back(std::sqrt(std::max(0.0, value)));
  made.singular.resize(std::min(n, C));
  made.largest = made.singular[0] * made.singular[0];
  return made;
}

std::vector<Band> frequency_bands(std::span<const float> words, std::int64_t dimensions,
                                  std::span<const std::uint64_t> counts, std::span<const std::int64_t> edges,
                                  std::span<const int> ks) {
  const auto C = static_cast<std::size_t>(dimensions);
  std::vector<std::size_t> order;
  for (std::size_t w = 0; w < counts.size(); ++w) {
    if (counts[w] > 0) order.push_back(w);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return counts[a] > counts[b]; });
  const auto most = static_cast<std::size_t>(*std::max_element(ks.begin(), ks.end()));
  if (order.size() <= most)
    fail_caller("geometry",
                fmt::format("{} words of the vocabulary are in the text; more than {} are needed", order.size(), most));
  const auto n = static_cast<std::int64_t>(order.size());
  std::vector<float> rows(order.size() * C);
  std::vector<double> squares(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    std::copy_n(words.data() + order[i] * C, C, rows.data() + i * C);
    for (std::size_t c = 0; c < C; ++c) squares[i] += static_cast<double>(rows[i * C + c]) * rows[i * C + c];
  }
  std::vector<Nearest> near(order.size()), alike(order.size());
  parallel_for(static_cast<std::size_t>((n + kTile - 1) / kTile), [&](std::size_t t) {
    const auto first = static_cast<std::int64_t>(t) * kTile, last = std::min(n, first + kTile);
    const Tensor a = rows_of(rows, dimensions, first, last);
    for (std::int64_t begin = 0; begin < n; begin += kTile) {
      const std::int64_t end = std::min(n, begin + kTile);
      const Tensor products = engine::matmul(a, rows_of(rows, dimensions, begin, end), false, true).packed();
      for (std::int64_t i = first; i < last; ++i) {
        for (std::int64_t j = begin; j < end; ++j) {
          if (i == j) continue;
          const double product = products.data<float>()[(i - first) * (end - begin) + j - begin];
          const auto x = static_cast<std::size_t>(i), y = static_cast<std::size_t>(j);
          alike[x].add(product, most);
          near[x].add(2 * product - squares[x] - squares[y], most);
        }
      }
    }
  });
  for (Nearest& one : near) {
    for (double& value : one.values) value = std::sqrt(std::max(0.0, -value));
  }
  std::vector<Band> bands;
  for (std::size_t e = 0; e + 1 < edges.size(); ++e) {
    Band band{edges[e], edges[e + 1], 0, 0, std::vector<double>(ks.size()), std::vector<double>(ks.size())};
    const std::int64_t end = std::min(n, band.end);
    if (end <= band.begin) break;
    band.words = end - band.begin;
    const auto share = 1 / static_cast<double>(band.words);
    for (auto i = static_cast<std::size_t>(band.begin); i < static_cast<std::size_t>(end); ++i) {
      band.norm += share * std::sqrt(squares[i]);
      for (std::size_t k = 0; k < ks.size(); ++k) {
        band.distance[k] += share * near[i].mean(ks[k]);
        band.product[k] += share * alike[i].mean(ks[k]);
      }
    }
    bands.push_back(std::move(band));
  }
  return bands;
}

}  // namespace tamis::geometry
