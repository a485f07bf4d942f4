#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tamis/vectors/cluster/kmeans.h"
#include "tamis/vectors/cluster/nearest_f32.h"

namespace tamis::cluster {

/// What one pass over all rows gives. `sums` are of the Euclidean case alone.
struct Assignment {
  std::vector<std::int32_t> nearest;  ///< [n]
  std::vector<double> sums;           ///< [k, C], of each centre's rows
  std::vector<std::int64_t> sizes;    ///< [k]
  std::int64_t changed = 0;           ///< rows whose centre is another than in the pass before; of the first pass n
};

/// Finds each row's nearest centre by tiles of products, in bf16 where the CPU has it; of centres whose products lie
/// nearer together than these may be wrong by, f32 distances decide, so either of two that lie as near to within their
/// rounding may be taken. Between passes it keeps for each row how far its centre is at most and how near any
/// other can be, as far as centres have moved since (Hamerly, "Making k-means even faster", 2010): rows that cannot
/// have changed are not looked at again, which alters no result. Manhattan distances are all computed, in f64. Fixed
/// pieces of the rows, summed in their order.
class Assigner {
 public:
  /// rows [n, C] must outlive it.
  Assigner(std::span<const float> rows, std::size_t C, Distance distance);
  /// centres [k, C]; `out` is what the pass before left, or empty.
  void assign(std::span<const float> centres, Assignment& out);
  /// `out` was changed by other hands: the next pass looks at every row and sums anew.
  void forget() { centres_.clear(); }

 private:
  struct Centres;
  struct Piece {
    std::vector<double> sums;
    std::vector<std::int64_t> sizes;
    std::int64_t changed = 0;
  };
  Centres prepared(std::span<const float> centres) const;
  void find_far_apart(Centres& now) const;
  TwoLeast decide(std::size_t i, const float* x, const float* values, const Centres& now) const;
  bool stays(std::size_t i, std::size_t nearest, const Centres& now);
  void pass(Piece& piece, std::size_t begin, std::size_t end, const Centres& now, Assignment& out);
  void pass_by_differences(Piece& piece, std::size_t begin, std::size_t end, std::span<const float> centres,
                           Assignment& out);
  void settle(Piece& piece, std::size_t i, std::int32_t nearest, Assignment& out);

  std::span<const float> rows_;
  std::size_t C_;
  Distance distance_;
  bool halved_;                       ///< products are of bf16
  std::vector<float> centres_;        ///< of the pass before; empty: nothing is known
  std::vector<float> squares_;        ///< [n], |x|^2
  std::vector<float> lost_;           ///< [n], |x - x rounded to bf16|, where that is used
  std::vector<float> upper_, lower_;  ///< [n], distance to the nearest at most, to any other at least
  std::vector<Piece> pieces_;
};

/// Each row's distance to its centre (squared, if Euclidean), in f64, and their sum in a fixed order.
struct Distances {
  std::vector<double> each;  ///< [n]
  double sum = 0;
};
Distances distances_to(std::span<const float> rows, std::size_t C, std::span<const float> centres,
                       std::span<const std::int32_t> nearest, Distance distance);

/// What kmeans() throws for rows and options. kmeans.cpp.
void check_kmeans(std::span<const float> rows, std::int64_t dimensions, const KMeansOptions& options);
/// The centres [k, C] that run `start` of kmeans() begins with. kmeans.cpp.
std::vector<float> first_centres(std::span<const float> rows, std::int64_t dimensions, const KMeansOptions& options,
                                 int start);

/// |a - b|^2 or |a - b|_1 of two rows, in f64.
double distance_of(const float* a, const float* b, std::size_t C, Distance distance);

}  // namespace tamis::cluster
