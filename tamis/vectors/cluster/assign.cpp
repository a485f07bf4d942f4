#include "tamis/vectors/cluster/assign.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tamis/base/parallel.h"
#include "tamis/engine/tensor/matmul.h"

namespace tamis::cluster {

namespace {

using engine::Tensor;

constexpr std::size_t kPieces = 16;  ///< of the rows, each on one thread; fixed, for they are summed apart
constexpr std::size_t kTile = 512;   ///< rows of one product: its result stays in the cache until it is read

/// The numbers that all pieces read.
struct Centres {
  Tensor values;              ///< [k, C]
  std::vector<float> halves;  ///< |c|^2 / 2
};

Centres prepared(std::span<const float> centres, std::size_t C) {
  const auto k = static_cast<std::int64_t>(centres.size() / C);
  Centres made{Tensor::from(centres, {k, static_cast<std::int64_t>(C)}), {}};
  for (std::size_t j = 0; j < centres.size(); j += C) {
    double sum = 0;
    for (std::size_t c = 0; c < C; ++c) sum += static_cast<double>(centres[j + c]) * centres[j + c];
    made.halves.push_back(static_cast<float>(sum / 2));
  }
  return made;
}

/// argmin over j of |c_j|^2 / 2 - x . c_j, the first of equals.
std::int32_t nearest_of(const float* products, const std::vector<float>& halves) {
  std::int32_t best = 0;
  float least = std::numeric_limits<float>::infinity();
  for (std::size_t j = 0; j < halves.size(); ++j) {
    const float value = halves[j] - products[j];
    if (value < least) {
      least = value;
      best = static_cast<std::int32_t>(j);
    }
  }
  return best;
}

void find_by_products(std::span<const float> tile, std::size_t C, const Centres& centres, std::int32_t* nearest) {
  const auto n = static_cast<std::int64_t>(tile.size() / C);
  const std::size_t k = centres.halves.size();
  const Tensor x = Tensor::from(tile, {n, static_cast<std::int64_t>(C)});
  const Tensor products = engine::matmul(x, centres.values, false, true).packed();
  for (std::int64_t i = 0; i < n; ++i) {
    nearest[i] = nearest_of(products.data<float>() + static_cast<std::size_t>(i) * k, centres.halves);
  }
}

void find_by_differences(std::span<const float> tile, std::size_t C, std::span<const float> centres,
                         std::int32_t* nearest) {
  for (std::size_t i = 0; i < tile.size() / C; ++i) {
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t j = 0; j < centres.size() / C; ++j) {
      const double value = distance_of(tile.data() + i * C, centres.data() + j * C, C, Distance::manhattan);
      if (value < least) {
        least = value;
        nearest[i] = static_cast<std::int32_t>(j);
      }
    }
  }
}

struct Piece {
  std::vector<double> sums;
  std::vector<std::int64_t> sizes;
  double inertia = 0;
};

}  // namespace

double distance_of(const float* a, const float* b, std::size_t C, Distance distance) {
  // Four sums side by side: the order is fixed, and the compiler may use its vectors.
  double sums[4] = {};
  const auto one = [&](std::size_t c) {
    const double apart = static_cast<double>(a[c]) - b[c];
    return distance == Distance::euclidean ? apart * apart : std::fabs(apart);
  };
  std::size_t c = 0;
  for (; c + 4 <= C; c += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) sums[lane] += one(c + lane);
  }
  for (; c < C; ++c) sums[0] += one(c);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

void assign_rows(std::span<const float> rows, std::size_t C, std::span<const float> centres, Distance distance,
                 Assignment& out) {
  const std::size_t n = rows.size() / C, k = centres.size() / C;
  const bool euclidean = distance == Distance::euclidean;
  const Centres ready = euclidean ? prepared(centres, C) : Centres{};
  out.nearest.resize(n);
  out.distances.resize(n);
  std::vector<Piece> pieces(kPieces);
  parallel_for(kPieces, [&](std::size_t p) {
    Piece& piece = pieces[p];
    piece.sizes.assign(k, 0);
    if (euclidean) piece.sums.assign(k * C, 0);
    for (std::size_t begin = n * p / kPieces, end = n * (p + 1) / kPieces; begin < end; begin += kTile) {
      const std::size_t count = std::min(kTile, end - begin);
      const std::span<const float> tile = rows.subspan(begin * C, count * C);
      if (euclidean) {
        find_by_products(tile, C, ready, out.nearest.data() + begin);
      } else {
        find_by_differences(tile, C, centres, out.nearest.data() + begin);
      }
      for (std::size_t i = 0; i < count; ++i) {
        const auto j = static_cast<std::size_t>(out.nearest[begin + i]);
        const float* x = tile.data() + i * C;
        out.distances[begin + i] = distance_of(x, centres.data() + j * C, C, distance);
        piece.inertia += out.distances[begin + i];
        ++piece.sizes[j];
        if (!euclidean) continue;
        double* sum = piece.sums.data() + j * C;
        for (std::size_t c = 0; c < C; ++c) sum[c] += x[c];
      }
    }
  });
  out.sizes.assign(k, 0);
  out.sums.assign(euclidean ? k * C : 0, 0);
  out.inertia = 0;
  for (const Piece& piece : pieces) {
    out.inertia += piece.inertia;
    for (std::size_t j = 0; j < k; ++j) out.sizes[j] += piece.sizes[j];
  }
  if (!euclidean) return;
  parallel_for(k, [&](std::size_t j) {
    for (const Piece& piece : pieces) {
      for (std::size_t c = j * C; c < (j + 1) * C; ++c) out.sums[c] += piece.sums[c];
    }
  });
}

}  // namespace tamis::cluster
