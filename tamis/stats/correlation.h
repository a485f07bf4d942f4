#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tamis/stats/tests.h"

namespace tamis::stats {

/// Pearson's r of the pairs (x[i], y[i]): sum (x - mean x)(y - mean y) over the root of the product of both sums of
/// squares, in [-1, 1]. nullopt with fewer than two pairs or where all values of a side are the same. Throws
/// invalid_argument for unequal lengths or a value that is not finite.
std::optional<double> pearson(std::span<const double> x, std::span<const double> y);

/// Ranks from 1, smallest first; equal values share the mean of their ranks. Throws invalid_argument for a NaN.
std::vector<double> ranks(std::span<const double> values);

/// Spearman's rho: Pearson's r of the ranks, ties as ranks() has them. nullopt and throws as pearson().
std::optional<double> spearman(std::span<const double> x, std::span<const double> y);

enum class Correlation : std::uint8_t { spearman, pearson };

/// How the parts of a set (its years, its sources) become one figure, as in SentEval: one correlation over all pairs;
/// the mean of the parts' correlations; their mean weighted by the parts' numbers of pairs.
enum class Aggregate : std::uint8_t { all, mean, weighted_mean };

/// "all", "mean", "wmean". Throws invalid_argument listing them.
Aggregate parse_aggregate(std::string_view text);
std::string_view text(Aggregate aggregate);

/// Pairs in parts: gold[i] lies in part[i], numbered from 0; an empty `part` is one part.
struct GoldSet {
  std::span<const double> gold;
  std::span<const std::uint32_t> part;
};

/// nullopt if it is undefined for a part that counts. Throws invalid_argument as pearson(), or for a `part` of another
/// length.
std::optional<double> correlation(Correlation kind, Aggregate aggregate, const GoldSet& set,
                                  std::span<const double> score);

/// A correlation with what it was in each resample of the pairs.
struct ResampledCorrelation {
  std::optional<double> estimate;
  std::vector<double> resampled;  ///< in the order of the resamples; NaN where it was undefined (all of a side equal)
  /// The alpha/2 and 1 - alpha/2 quantiles of the resamples where it was defined; nullopt if it was in none. Throws
  /// invalid_argument unless alpha is in (0, 1).
  std::optional<Interval> interval(double alpha) const;
};

/// The percentile bootstrap over pairs of the correlation of each row of `scores` with the same gold, on the same
/// resamples: the differences of two rows, resample by resample, are those of a paired bootstrap. Every resample is
/// ranked anew. Aggregate::all draws from all pairs, the others from each part as many as it has. Resample r draws from
/// the stream (seed, "bootstrap", r), part after part. Parallel; the same bits at any number of threads; time is linear
/// in the number of pairs. Throws invalid_argument as correlation() does, or unless resamples >= 1.
/// Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
std::vector<ResampledCorrelation> bootstrap_correlation(Correlation kind, Aggregate aggregate, const GoldSet& set,
                                                        std::span<const std::span<const double>> scores, int resamples,
                                                        std::uint64_t seed);

/// a - b, estimate and resamples; both from one call of bootstrap_correlation().
ResampledCorrelation difference(const ResampledCorrelation& a, const ResampledCorrelation& b);

}  // namespace tamis::stats
