#include "tamis/vectors/cluster/assign.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <optional>

#include "tamis/base/parallel.h"
#include "tamis/engine/tensor/matmul.h"
#include "tamis/engine/tensor/packed_linear.h"
#include "tamis/vectors/cluster/nearest_f32.h"

namespace tamis::cluster {

namespace {

using engine::PackedLinear;

constexpr std::size_t kPieces = 16;  ///< of the rows, each on one thread; fixed, for they are summed apart
constexpr std::size_t kTile = 512;   ///< rows of one product: its result stays in the cache until it is read
/// What f32 may be wrong by in |c|^2 / 2 - x.c, as a share of |x|^2 + |c|^2: many times what is seen.
constexpr float kSlack = 1e-6F;
/// And in a sum of few numbers, or of squares, relative.
constexpr float kRounded = 1e-5F;

/// |x - x rounded to bf16|, to the nearest, of equals the even one.
float lost_in_bf16(const float* x, std::size_t C) {
  double sum = 0;
  for (std::size_t c = 0; c < C; ++c) {
    const auto bits = std::bit_cast<std::uint32_t>(x[c]);
    const double lost = std::bit_cast<float>((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000) - x[c];
    sum += lost * lost;
  }
  return static_cast<float>(std::sqrt(sum)) * (1 + kRounded);
}

double square_of(const float* x, std::size_t C) {
  double sum = 0;
  for (std::size_t c = 0; c < C; ++c) sum += static_cast<double>(x[c]) * x[c];
  return sum;
}

/// Rows that wait for their products with all centres.
class Tile {
 public:
  Tile(std::size_t C, std::size_t k) : C_(C), k_(k), rows_(kTile * C), values_(kTile * k) { places_.reserve(kTile); }
  void add(const float* row, std::size_t place) {
    std::memcpy(rows_.data() + places_.size() * C_, row, C_ * sizeof(float));
    places_.push_back(place);
  }
  bool full() const { return places_.size() == kTile; }
  /// Calls take(place, row, values [k]), values |c|^2 / 2 - x.c, for each row, and is empty again.
  template <typename Take>
  void empty(const PackedLinear& centres, const Take& take) {
    centres.run(rows_.data(), values_.data(), static_cast<std::int64_t>(places_.size()));
    for (std::size_t i = 0; i < places_.size(); ++i) take(places_[i], rows_.data() + i * C_, values_.data() + i * k_);
    places_.clear();
  }

 private:
  std::size_t C_, k_;
  std::vector<float> rows_, values_;
  std::vector<std::size_t> places_;
};

}  // namespace

/// What all pieces of a pass read.
struct Assigner::Centres {
  std::span<const float> plain;  ///< [k, C]
  std::size_t count = 0;
  bool halved = false;                   ///< products are of bf16
  std::optional<PackedLinear> products;  ///< |c|^2 / 2 - x.c
  std::vector<float> squares;            ///< |c|^2
  float largest = 0;                     ///< of these
  float lost = 0;                        ///< |c - c rounded to bf16|, the largest
  bool known = false;                    ///< the rest is about centres of a pass before
  std::vector<float> moved;              ///< since that pass
  std::vector<float> apart;              ///< half the distance to the nearest other centre, at most
  std::size_t farthest = 0;              ///< that has moved farthest
  float second = 0;                      ///< how far any other has moved

  /// How far a centre other than j can have come nearer.
  float others_moved(std::size_t j) const { return j == farthest ? second : moved[farthest]; }
  /// What the products of a row with |x|^2 = square may be wrong by; for bf16 by Cauchy and Schwarz.
  float slack(float square, float row_lost) const {
    const float rounding = kSlack * (square + largest);
    return halved ? rounding + row_lost * std::sqrt(largest) + (std::sqrt(square) + row_lost) * lost : rounding;
  }
};

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

Distances distances_to(std::span<const float> rows, std::size_t C, std::span<const float> centres,
                       std::span<const std::int32_t> nearest, Distance distance) {
  const std::size_t n = nearest.size();
  Distances made{std::vector<double>(n)};
  std::vector<double> sums(kPieces);
  parallel_for(kPieces, [&](std::size_t p) {
    for (std::size_t i = n * p / kPieces; i < n * (p + 1) / kPieces; ++i) {
      const float* centre = centres.data() + static_cast<std::size_t>(nearest[i]) * C;
      made.each[i] = distance_of(rows.data() + i * C, centre, C, distance);
      sums[p] += made.each[i];
    }
  });
  for (const double sum : sums) made.sum += sum;
  return made;
}

Assigner::Assigner(std::span<const float> rows, std::size_t C, Distance distance)
    : rows_(rows), C_(C), distance_(distance), halved_(engine::has_bf16()), pieces_(kPieces) {
  if (distance != Distance::euclidean) return;
  const std::size_t n = rows.size() / C;
  squares_.resize(n);
  lost_.resize(n);
  upper_.resize(n);
  lower_.resize(n);
  parallel_for(kPieces, [&](std::size_t p) {
    for (std::size_t i = n * p / kPieces; i < n * (p + 1) / kPieces; ++i) {
      squares_[i] = static_cast<float>(square_of(rows.data() + i * C, C));
      if (halved_) lost_[i] = lost_in_bf16(rows.data() + i * C, C);
    }
  });
}

Assigner::Centres Assigner::prepared(std::span<const float> centres) const {
  Centres now;
  now.plain = centres;
  now.count = centres.size() / C_;
  now.known = !centres_.empty();
  now.moved.resize(now.count);
  std::vector<float> negative(centres.size()), halves(now.count);
  std::transform(centres.begin(), centres.end(), negative.begin(), std::negate());
  for (std::size_t j = 0; j < now.count; ++j) {
    const float* centre = centres.data() + j * C_;
    now.squares.push_back(static_cast<float>(square_of(centre, C_)));
    halves[j] = now.squares[j] / 2;
    now.largest = std::max(now.largest, now.squares[j]);
    if (halved_) now.lost = std::max(now.lost, lost_in_bf16(centre, C_));
    if (!now.known) continue;
    const double square = distance_of(centre, centres_.data() + j * C_, C_, Distance::euclidean);
    now.moved[j] = static_cast<float>(std::sqrt(square)) * (1 + kRounded);
  }
  now.halved = halved_;
  now.products.emplace(negative, halves, static_cast<std::int64_t>(C_), static_cast<std::int64_t>(now.count),
                       engine::Epilogue::store,
                       now.halved ? engine::WeightPrecision::bf16 : engine::WeightPrecision::f32);
  if (!now.known) return now;
  find_far_apart(now);
  now.farthest = static_cast<std::size_t>(std::max_element(now.moved.begin(), now.moved.end()) - now.moved.begin());
  for (std::size_t j = 0; j < now.count; ++j) {
    if (j != now.farthest) now.second = std::max(now.second, now.moved[j]);
  }
  return now;
}

/// A centre among centres is nearest to itself; the second is what lies nearest to it.
void Assigner::find_far_apart(Centres& now) const {
  now.apart.resize(now.count);
  parallel_for((now.count + kTile - 1) / kTile, [&](std::size_t t) {
    Tile tile(C_, now.count);
    for (std::size_t j = t * kTile; j < std::min(now.count, (t + 1) * kTile); ++j)
      tile.add(now.plain.data() + j * C_, j);
    tile.empty(*now.products, [&](std::size_t j, const float*, const float* values) {
      const TwoLeast found = nearest_loops().two_least(values, static_cast<std::int64_t>(now.count));
      const float square = now.squares[j] + 2 * (found.second - now.slack(now.squares[j], now.lost));
      now.apart[j] = std::sqrt(std::max(0.0F, square)) / 2;
    });
  });
}

void Assigner::assign(std::span<const float> centres, Assignment& out) {
  const std::size_t n = rows_.size() / C_, k = centres.size() / C_;
  const bool euclidean = distance_ == Distance::euclidean;
  out.nearest.resize(n, -1);
  if (centres_.size() != centres.size()) forget();
  const bool anew = centres_.empty();
  const Centres now = euclidean ? prepared(centres) : Centres{};
  parallel_for(kPieces, [&](std::size_t p) {
    Piece& piece = pieces_[p];
    piece.changed = 0;
    if (anew) {
      piece.sizes.assign(k, 0);
      piece.sums.assign(euclidean ? k * C_ : 0, 0);
    }
    const std::size_t begin = n * p / kPieces, end = n * (p + 1) / kPieces;
    euclidean ? pass(piece, begin, end, now, out) : pass_by_differences(piece, begin, end, centres, out);
  });
  if (euclidean) centres_.assign(centres.begin(), centres.end());
  out.sizes.assign(k, 0);
  out.sums.assign(euclidean ? k * C_ : 0, 0);
  out.changed = 0;
  for (const Piece& piece : pieces_) {
    out.changed += piece.changed;
    for (std::size_t j = 0; j < k; ++j) out.sizes[j] += piece.sizes[j];
  }
  if (!euclidean) return;
  parallel_for(k, [&](std::size_t j) {
    for (const Piece& piece : pieces_) {
      for (std::size_t c = j * C_; c < (j + 1) * C_; ++c) out.sums[c] += piece.sums[c];
    }
  });
}

/// Whether no other centre can be nearer: first from what is known, then with the distance to its own as it is now.
bool Assigner::stays(std::size_t i, std::size_t nearest, const Centres& now) {
  lower_[i] = lower_[i] - now.others_moved(nearest) - kRounded * std::fabs(lower_[i]);
  upper_[i] = (upper_[i] + now.moved[nearest]) * (1 + kRounded);
  const float others = std::max(now.apart[nearest], lower_[i]);
  if (upper_[i] < others) return true;
  const float square = nearest_loops().square_distance(rows_.data() + i * C_, now.plain.data() + nearest * C_,
                                                       static_cast<std::int64_t>(C_));
  upper_[i] = std::sqrt(square) * (1 + kRounded);
  return upper_[i] < others;
}

/// Row i now belongs to `nearest`.
void Assigner::settle(Piece& piece, std::size_t i, std::int32_t nearest, Assignment& out) {
  const bool anew = centres_.empty(), changed = out.nearest[i] != nearest;
  piece.changed += changed ? 1 : 0;
  const float* x = rows_.data() + i * C_;
  const auto give = [&](std::int32_t to, int sign) {
    const auto j = static_cast<std::size_t>(to);
    piece.sizes[j] += sign;
    if (piece.sums.empty()) return;
    double* sum = piece.sums.data() + j * C_;
    for (std::size_t c = 0; c < C_; ++c) sum[c] += sign * static_cast<double>(x[c]);
  };
  if (changed && !anew) give(out.nearest[i], -1);
  if (changed || anew) give(nearest, 1);
  out.nearest[i] = nearest;
}

/// Of centres whose products lie too near to tell apart, the distances decide.
TwoLeast Assigner::decide(std::size_t i, const float* x, const float* values, const Centres& now) const {
  const NearestLoops& loops = nearest_loops();
  const auto k = static_cast<std::int64_t>(now.count);
  const TwoLeast found = loops.two_least(values, k);
  const float square = squares_[i], slack = now.slack(square, lost_[i]), limit = found.least + 2 * slack;
  if (found.second > limit)
    return {found.place, square + 2 * (found.least + slack), square + 2 * (found.second - slack)};
  TwoLeast nearest{found.place, INFINITY, square + 2 * (limit - slack)};  // what lies beyond the limit
  for (std::int64_t j = loops.first_within(values, 0, k, limit); j < k;
       j = loops.first_within(values, j + 1, k, limit)) {
    const float distance =
        loops.square_distance(x, now.plain.data() + static_cast<std::size_t>(j) * C_, static_cast<std::int64_t>(C_));
    if (distance < nearest.least) {
      nearest = {static_cast<std::int32_t>(j), distance, std::min(nearest.least, nearest.second)};
    } else {
      nearest.second = std::min(nearest.second, distance);
    }
  }
  return nearest;
}

void Assigner::pass(Piece& piece, std::size_t begin, std::size_t end, const Centres& now, Assignment& out) {
  Tile tile(C_, now.count);
  const auto take = [&](std::size_t i, const float* x, const float* values) {
    const TwoLeast found = decide(i, x, values, now);
    upper_[i] = std::sqrt(std::max(0.0F, found.least)) * (1 + kRounded);
    lower_[i] = std::sqrt(std::max(0.0F, found.second)) * (1 - kRounded);
    settle(piece, i, found.place, out);
  };
  for (std::size_t i = begin; i < end; ++i) {
    if (now.known && stays(i, static_cast<std::size_t>(out.nearest[i]), now)) continue;
    tile.add(rows_.data() + i * C_, i);
    if (tile.full()) tile.empty(*now.products, take);
  }
  tile.empty(*now.products, take);
}

void Assigner::pass_by_differences(Piece& piece, std::size_t begin, std::size_t end, std::span<const float> centres,
                                   Assignment& out) {
  for (std::size_t i = begin; i < end; ++i) {
    double least = std::numeric_limits<double>::infinity();
    std::int32_t nearest = 0;
    for (std::size_t j = 0; j < centres.size() / C_; ++j) {
      const double value = distance_of(rows_.data() + i * C_, centres.data() + j * C_, C_, Distance::manhattan);
      if (value < least) {
        least = value;
        nearest = static_cast<std::int32_t>(j);
      }
    }
    settle(piece, i, nearest, out);
  }
}

}  // namespace tamis::cluster
