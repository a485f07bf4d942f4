#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/base/progress.h"
#include "tamis/language/embedding/sts_set.h"
#include "tamis/language/encoder/sentence_encoder.h"
#include "tamis/stats/correlation.h"

namespace tamis::embedding {

/// How alike two vectors are, the more the larger: their cosine (0 if one of them is 0), their product, or the negative
/// of their Euclidean or Manhattan distance. Summed in double, in order.
enum class Similarity : std::uint8_t { cosine, dot, euclidean, manhattan };

/// "cosine", "dot", "euclidean", "manhattan". Throws invalid_argument listing them.
Similarity parse_similarity(std::string_view text);
std::string_view text(Similarity similarity);
/// Sizes are equal.
double similarity(Similarity kind, std::span<const float> a, std::span<const float> b);

/// What gives a text its vector: encode(texts, out [texts, dimensions], reports).
struct TextEncoder {
  std::int64_t dimensions = 0;
  std::function<void(std::span<const std::string_view>, std::span<float>, std::span<encoder::TextReport>)> encode;
};

/// The pairs of a set as an encoder sees them.
struct StsScores {
  std::vector<double> score;                                         ///< similarity of each pair
  std::uint64_t texts = 0;                                           ///< different ones; each is encoded once
  std::uint64_t tokens = 0, truncated = 0, empty = 0, replaced = 0;  ///< of these
  std::uint64_t zero_vectors = 0;
  double seconds = 0;  ///< spent encoding
};

/// Encodes the set's different texts, in their order, some thousand at a time. Throws what encode() does, and
/// runtime_error for a vector that is not finite.
StsScores score_pairs(const StsSet& set, const TextEncoder& encoder, Similarity similarity, Progress& progress);

/// One encoder on one set: a row of the table.
struct StsRow {
  std::string model, pooling, precision;
  const StsSet* set = nullptr;
  StsScores scores;
  stats::ResampledCorrelation spearman, pearson;
  /// Spearman less that of the f32 row with the same model, pooling and set; absent for that row and without one.
  std::optional<stats::ResampledCorrelation> against_f32;
};

struct StsChoices {
  stats::Aggregate aggregate = stats::Aggregate::all;
  Similarity similarity = Similarity::cosine;
  int resamples = 1000;  ///< 0: no intervals
  std::uint64_t seed = 0;
};

/// Fills spearman, pearson and against_f32 of rows whose scores are there. Rows of the same set share their resamples.
void correlate(std::span<StsRow> rows, const StsChoices& choices);

/// Pairs by how far their places in the order by gold and in the order by score lie apart, as shares of the set in
/// [-1, 1]: above 0, the encoder finds them more alike than people do. The `most` farthest, farthest first; ties by
/// their place in the set.
struct Disagreement {
  std::size_t pair = 0;
  double apart = 0;
};
std::vector<Disagreement> worst_disagreements(const StsSet& set, std::span<const double> score, std::size_t most);

/// The rows as a page that opens offline: the table, and for each row the picture of score against gold and its worst
/// disagreements.
std::string sts_page(std::span<const StsRow> rows, const StsChoices& choices);

}  // namespace tamis::embedding
