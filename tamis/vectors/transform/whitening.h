#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "tamis/vectors/transform/moments.h"

namespace tamis::transform {

struct WhiteningOptions {
  std::int64_t dimensions = 0;  ///< the first so many columns; 0: all
  int correction = 0;    ///< covariance over N, as the paper has it; 1: over N - 1, as much published code has it
  double shrinkage = 0;  ///< s in [0, 1]: the covariance becomes (1 - s) S + s (tr S / C) I, which has full rank
};

/// y = (x - mean) W with W = U L^(-1/2), where S = U L U^T is the covariance: on the rows it was fitted on, mean 0 and
/// covariance I. Source: Su et al., "Whitening Sentence Representations for Better Semantics and Faster Retrieval",
/// arXiv:2103.15316, equations 5 to 7 and section 3.2 (the first k columns).
struct Whitening {
  std::vector<double> mean;         ///< [C]
  std::vector<double> kernel;       ///< W, [C, k]
  std::vector<double> eigenvalues;  ///< of the covariance, all C, the largest first
  std::int64_t inputs = 0, outputs = 0;
  std::uint64_t rows = 0;  ///< it was fitted on
  WhiteningOptions options;
  std::string model;  ///< fingerprint of what made the rows; "" if that is not known

  /// rows [n, inputs] -> out [n, outputs]. Products in f32. The same bits whatever else is in the call, at any number
  /// of threads.
  void apply(std::span<const float> rows, std::span<float> out) const;
};

/// Throws invalid_argument for more dimensions than there are, a shrinkage outside [0, 1], or fewer than 2 rows;
/// runtime_error, with the numbers, where the covariance has not the rank it needs (fewer rows than dimensions,
/// constant or dependent columns) and nothing is shrunk.
Whitening fit_whitening(const Moments& moments, const WhiteningOptions& options);

/// How many directions vary: eigenvalues of the covariance above the largest times C times the distance of 1 to the
/// next number, as numpy.linalg.matrix_rank counts them. The most columns that a whitening without shrinkage can keep.
std::int64_t rank_of(const Moments& moments);

/// A small safetensors file (docs/formats/transform.md). Atomic; throws runtime_error where the disk refuses, or for a
/// file that is none or damaged.
void write_whitening(const std::filesystem::path& path, const Whitening& whitening);
Whitening read_whitening(const std::filesystem::path& path);

}  // namespace tamis::transform
