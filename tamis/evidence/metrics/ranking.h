#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tamis::metrics {

/// What to do with candidates of equal score.
/// `average`: the expected value over all orders of the tied items, in closed form. `input`: the order given (stable).
/// `pessimistic` is not offered: it rewards rankers for adding noise.
enum class Ties { average, input };

/// A metric of one ranked list with 0/1 relevance. Names as on the command line: auc, mrr, map, map@k, ndcg@k,
/// recall@k, precision@k, hit@k.
struct Metric {
  enum class Kind { auc, mrr, map, ndcg, recall, precision, hit };
  Kind kind = Kind::ndcg;
  std::size_t k = 10;  ///< cutoff; 0 where there is none
  std::string name;    ///< as given

  /// Throws invalid_argument for an unknown name or a cutoff of 0, listing the names.
  static Metric parse(std::string_view name);
};

/// The conventions of a metric under a tie policy, in words, for a report: what changes its number.
std::string conventions(const Metric& metric, Ties ties);

/// The metric of one list. `scores`: one per candidate, higher first. `relevant`: 1 or 0 per candidate.
/// nullopt where the metric is undefined: no relevant candidate, and for auc no irrelevant one. Every metric lies in
/// [0, 1]. Throws invalid_argument if lengths differ or a score is NaN.
///
/// auc: share of (relevant, irrelevant) pairs in the right order, ties 1/2 (Fawcett 2006, section 7); the same under
/// both tie policies. mrr: 1 / rank of the first relevant. map@k: mean over relevant of precision at its rank, counting
/// ranks <= k, denominator min(k, relevant); map: no cutoff, denominator all relevant. ndcg@k: DCG with gain 1 and
/// discount log2(1 + rank), over the DCG of the ideal order of the candidates (Järvelin & Kekäläinen 2002).
/// recall@k, precision@k (denominator k, also when there are fewer candidates), hit@k. Under `average` mrr and map use
/// the hypergeometric expectation within tie groups (McSherry & Najork 2008), exact, in O(n log n + ties).
std::optional<double> measure(const Metric& metric, std::span<const float> scores,
                              std::span<const std::uint8_t> relevant, Ties ties);

}  // namespace tamis::metrics
