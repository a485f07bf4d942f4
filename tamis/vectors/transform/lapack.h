#pragma once

#include <span>
#include <vector>

// The two routines of BLAS and LAPACK that the transforms need.
namespace tamis::transform {

/// Adds X^T X to the lower triangle of `products` [C, C], for rows X [n, C]. On the calling thread.
void add_gram(std::span<const double> rows, std::size_t C, std::span<double> products);

struct Eigen {
  std::vector<double> values;   ///< [C], the largest first
  std::vector<double> vectors;  ///< [C, C]: column j belongs to values[j]; of two signs, the one whose component
                                ///< largest in size is positive
};
/// Of a symmetric matrix [C, C] in f64. Throws runtime_error if the algorithm does not converge.
Eigen eigen_of(std::span<const double> symmetric, std::size_t C);

}  // namespace tamis::transform
