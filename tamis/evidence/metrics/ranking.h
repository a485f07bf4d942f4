#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tamis::metrics {

/// What to do with candidates of equal score.
/// `average`: the expected value over all orders of the tied items, in closed form. `input`: the order given (stable).
/// `trec`: scores compared as 32-bit floats, tied items by their ids, the last in byte order first, as trec_eval sorts;
/// only where there are ids. `pessimistic` is not offered: it rewards rankers for adding noise.
enum class Ties { average, input, trec };

/// A metric of one ranked list, by its name on the command line; ranking_values.h has the formulas.
struct Metric {
  enum class Kind {
    auc,
    mrr,
    map,
    ndcg,
    recall,
    precision,
    hit,
    r_precision,
    bpref,
    rbp,
    err,
    percentile_rank,
  };
  Kind kind = Kind::ndcg;
  std::size_t k = 10;  ///< cutoff; 0 where there is none
  std::string name;    ///< as given
  double p = 0;        ///< rbp: the persistence, in (0, 1)

  /// The names that a plan decides by, all of them the better the higher and defined by 0/1 relevance alone: auc, mrr,
  /// map, map@k, ndcg@k, recall@k, precision@k, hit@k. Throws invalid_argument for any other name and for a cutoff of
  /// 0, listing the names.
  static Metric parse(std::string_view name);
  /// All of them: also mrr@k, ndcg, r_precision, bpref, rbp@p, err, err@k, percentile_rank. Throws as parse does.
  static Metric parse_any(std::string_view name);
};

/// The conventions of a metric under a tie policy, in words, for a report: what changes its number where relevance is
/// 0 or 1 and every candidate is judged, as in measure().
std::string conventions(const Metric& metric, Ties ties);

/// The metric of one list of candidates. `scores`: one per candidate, higher first. `relevant`: 1 or 0 per candidate.
/// nullopt where the metric is undefined: no relevant candidate, and for auc no irrelevant one. Every metric lies in
/// [0, 1]. map@k divides by min(k, relevant), gains are 1, the ideal order is that of the candidates. Throws
/// invalid_argument if lengths differ, a score is NaN, the ties are `trec` (there are no ids), or err, whose maximum
/// grade is then unknown, is asked for.
std::optional<double> measure(const Metric& metric, std::span<const float> scores,
                              std::span<const std::uint8_t> relevant, Ties ties);

}  // namespace tamis::metrics
