#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tamis/evidence/metrics/judged.h"
#include "tamis/evidence/metrics/ranking_values.h"
#include "tamis/stats/summary.h"
#include "tamis/stats/tests.h"

namespace tamis::metrics {

/// What becomes of a query that cannot be measured as others are.
struct RankingMeansChoices {
  /// A judged query for which nothing was retrieved: measured as the empty list it is (trec_eval -c), or left out.
  enum class Missing { zero, skip };
  /// A query none of whose judged documents is relevant (ndcg, err: of gain > 0): left out, or counted as 0
  /// (trec_eval). auc and percentile_rank, to which 0 would not be the worst or not be a value, leave it out in either
  /// case.
  enum class Without { skip, zero };
  Missing missing = Missing::zero;
  Without without_relevant = Without::skip;
};

/// Means of metrics over queries. A monoid: update and merge in any order and any parts give the same value (to
/// rounding) and the same counts. Not thread-safe.
class RankingMeans {
 public:
  /// Throws invalid_argument as check_choices does; `highest` is the highest grade there will be.
  RankingMeans(std::vector<Metric> metrics, RankingChoices choices, RankingMeansChoices means, std::int32_t highest);

  /// Adds a query. Returns the value of each metric, NaN where the query is left out; valid until the next call.
  std::span<const double> update(const JudgedList& list);
  /// Throws invalid_argument unless both measure the same metrics.
  void merge(const RankingMeans& other);
  /// Of each metric over the queries that were not left out. [metrics]
  const std::vector<stats::Summary>& value() const { return summaries_; }

  std::uint64_t queries() const { return queries_; }
  /// Queries for which nothing was retrieved; those without a relevant document. Both were counted or left out.
  std::uint64_t missing() const { return missing_; }
  std::uint64_t without_relevant() const { return without_relevant_; }
  const std::vector<Metric>& metrics() const { return metrics_; }

 private:
  std::vector<Metric> metrics_;
  RankingChoices choices_;
  RankingMeansChoices means_;
  bool nonrelevant_ = false;  ///< bpref is asked for
  bool auc_ = false;
  std::vector<stats::Summary> summaries_;
  std::uint64_t queries_ = 0;
  std::uint64_t missing_ = 0;
  std::uint64_t without_relevant_ = 0;
  std::vector<double> values_;
  Ranking ranking_;
  Ranking tied_;
};

/// Means, and where asked for the value of each query: [queries, metrics], NaN where one is left out.
struct Measured {
  RankingMeans means;
  std::vector<double> values;
};

/// All metrics of all queries, each query's in one pass. Parallel; the same bits at any number of threads. Throws
/// invalid_argument as check_choices does.
Measured measure_all(const Judged& judged, std::span<const Metric> metrics, const RankingChoices& choices,
                     const RankingMeansChoices& means, bool keep_values);

/// Student's interval of the mean over queries, cut to [0, 1]; nullopt for fewer than two queries. Throws
/// invalid_argument unless alpha is in (0, 1).
std::optional<stats::Interval> interval_over_queries(const stats::Summary& summary, double alpha);

}  // namespace tamis::metrics
