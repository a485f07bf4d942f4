#pragma once

#include <cstdint>
#include <span>
#include <vector>

// How vectors lie in their space. Rows are f32; sums are in f64.
namespace tamis::geometry {

/// A mean over pairs of rows. Exact where all pairs were looked at, else with the standard error of a sample of pairs
/// drawn at random with replacement.
struct Estimate {
  double value = 0;
  double standard_error = 0;  ///< 0: exact
};

inline constexpr std::int64_t kExactRows = 10'000;      ///< beyond, pairs are sampled
inline constexpr std::int64_t kSampledPairs = 1 << 22;  ///< so many

/// Mean squared distance of rows a[i] and b[i], both [n, C] of length 1, n >= 1: 0 to 4, better when lower. Source:
/// Wang and Isola, arXiv:2005.10242, section 4.1 (alpha = 2).
double alignment(std::span<const float> a, std::span<const float> b, std::int64_t dimensions);

/// Of all pairs of different rows [n, C] of length 1, n >= 2; the same bits at any number of threads. Throws
/// invalid_argument for fewer rows.
struct Pairs {
  Estimate uniformity;  ///< log of the mean of exp(-2 |x - y|^2): better when lower. Ibid. (t = 2)
  Estimate cosine;      ///< mean
  Estimate negative;    ///< share of pairs whose product is below 0
  std::uint64_t looked_at = 0;
};
Pairs compare_pairs(std::span<const float> rows, std::int64_t dimensions, std::uint64_t seed = 0);

/// Of rows W [n, C], exact for any n.
struct Spectrum {
  std::vector<double> singular;  ///< of W, the largest first, min(n, C) of them
  double largest = 0;            ///< eigenvalue of W W^T
  double sum = 0;                ///< of all entries of W W^T: no less than `largest` while none is negative
};
Spectrum spectrum(std::span<const float> rows, std::int64_t dimensions);

/// Words of some frequency: ranks begin .. end - 1, 0 the most frequent.
struct Band {
  std::int64_t begin = 0, end = 0;
  std::int64_t words = 0;        ///< of them that were counted at least once
  double norm = 0;               ///< mean Euclidean length
  std::vector<double> distance;  ///< mean Euclidean distance to the k nearest other words, for each k
  std::vector<double> product;   ///< mean inner product with the k words of the largest ones, for each k
};
/// The tables of Li et al., "On the Sentence Embeddings from Pre-trained Language Models", arXiv:2011.05864 (table 1):
/// word vectors [V, C] by rank of frequency, neighbours among all words that were counted, found by brute force.
/// counts [V]; words of count 0 are left out; ties by place. `edges` ascending, `ks` >= 1. Bands without a word are
/// left out. Throws invalid_argument where no more words were counted than the largest k.
std::vector<Band> frequency_bands(std::span<const float> words, std::int64_t dimensions,
                                  std::span<const std::uint64_t> counts, std::span<const std::int64_t> edges,
                                  std::span<const int> ks);

}  // namespace tamis::geometry
