#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tamis/base/random.h"
#include "tamis/evidence/metrics/judged.h"
#include "tamis/evidence/metrics/ranking_means.h"

namespace tamis::metrics {

/// The relevant documents of a list (grade >= level) and a few of its others, drawn without replacement, each set of
/// them with the same chance. Made anew for each list in the same memory; a thread has its own.
class SampledList {
 public:
  /// Draws `negatives` of the others, or takes all where there are no more. What was retrieved and not drawn is as if
  /// it were neither retrieved nor judged; relevant documents that were not retrieved stay judged. Takes O(n).
  void draw(const JudgedList& list, std::int32_t level, std::size_t negatives, Stream& stream);
  /// Valid until the next draw, and as long as the list it was drawn from.
  JudgedList view() const;
  /// Retrieved documents that are not relevant: all there were, and those drawn.
  std::size_t others() const { return others_; }
  std::size_t drawn() const { return drawn_; }

 private:
  void keep_grades(const JudgedList& list);

  std::string_view query_;
  std::size_t others_ = 0;
  std::size_t drawn_ = 0;
  std::vector<std::uint32_t> kept_;  ///< their places in the list, rising [sampled]
  std::vector<std::uint32_t> pool_;  ///< places of the others, the drawn ones first
  std::vector<std::uint8_t> relevant_;
  std::vector<double> scores_;
  std::vector<JudgedDocument> retrieved_;
  std::vector<std::int32_t> dropped_;  ///< grades of judged documents that were not drawn; falling
  std::vector<std::int32_t> grades_;
  std::vector<std::uint32_t> id_order_;
};

/// The rank of a document among all its `others`, estimated from its rank among `drawn` of them and itself:
/// 1 + others (rank - 1) / drawn. Unbiased, as the documents drawn above it are on average drawn / others of all above
/// it. 1 where there is no other. Ranks from 1. Source: Krichene & Rendle 2020, the unbiased estimator of the rank.
double corrected_rank(std::size_t rank, std::size_t others, std::size_t drawn);

/// The metric at the corrected rank of the only document with a gain, which is relevant (Krichene & Rendle 2020,
/// corrected metrics). `ranking`: of the sampled list, the document in it. Of tied places the mean. As the rank is
/// unbiased, so is what is linear in it (auc, percentile_rank); other metrics keep a bias, as a rule a smaller one.
/// grade: of the document, for err with choices.max_grade. nullopt for bpref, which judged others decide, for auc
/// without others, and without a relevant document in the ranking.
std::optional<double> corrected_value(const Metric& metric, const Ranking& ranking, std::int32_t grade,
                                      std::size_t others, std::size_t drawn, const RankingChoices& choices);

/// What metrics say of sampled lists.
struct SampledMeans {
  RankingMeans sampled;
  /// Over the queries with one relevant document and no other of grade > 0, as in leave-one-out; where that one was not
  /// retrieved, or there is none, the value that `sampled` has. Empty for bpref. [metrics]
  std::vector<stats::Summary> corrected;
  std::uint64_t fewer = 0;    ///< queries that had fewer others than asked for (and some document retrieved)
  std::uint64_t several = 0;  ///< queries without a correction, for several documents with a grade > 0
};

/// True if the sampled metric has the exact one for its expected value: auc. Of all others sampling changes what is
/// measured (Krichene & Rendle 2020).
bool unbiased_by_sampling(const Metric& metric);

/// All metrics of all queries on sampled lists, each drawn from the stream (seed, "negatives", query). Parallel; the
/// same bits at any number of threads. Throws invalid_argument for 0 negatives and as check_choices does.
SampledMeans measure_sampled(const Judged& judged, std::span<const Metric> metrics, const RankingChoices& choices,
                             const RankingMeansChoices& means, std::size_t negatives, std::uint64_t seed);

}  // namespace tamis::metrics
