#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tamis::transform {

/// Mean and covariance of rows that come piece by piece: a state that merges, so that a corpus of any size, or many
/// processes, give what one pass over all rows gives, to rounding. Sums of squares are kept about the mean, in f64.
/// Source of the merge: Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
/// Variances" (1979), equation 2.1, for each pair of columns.
class Moments {
 public:
  /// Throws invalid_argument unless dimensions >= 1.
  explicit Moments(std::int64_t dimensions);

  /// rows [n, dimensions]. The same bits at any number of threads. Throws runtime_error, by its row since the first
  /// update(), for a component that is not finite.
  void update(std::span<const float> rows);
  void update(std::span<const double> rows);
  /// Throws invalid_argument for other dimensions.
  void merge(const Moments& other);

  std::int64_t dimensions() const { return dimensions_; }
  std::uint64_t count() const { return count_; }
  const std::vector<double>& mean() const { return mean_; }
  /// [dimensions, dimensions], symmetric: sums of products about the mean, divided by count - correction. Throws
  /// invalid_argument where that is not above 0.
  std::vector<double> covariance(int correction = 0) const;

 private:
  template <typename T>
  void add(std::span<const T> rows);
  void merge(std::uint64_t count, std::span<const double> mean, std::span<const double> products);

  std::int64_t dimensions_;
  std::uint64_t count_ = 0;
  std::vector<double> mean_;
  std::vector<double> products_;  ///< lower triangle, row by row of a full matrix
};

}  // namespace tamis::transform
