#pragma once

#include <optional>
#include <span>
#include <string>

#include "tamis/evidence/metrics/ranking_order.h"

namespace tamis::metrics {

/// The metric of an ordered list, in [0, 1]; nullopt where it is undefined: no relevant document judged (ndcg: none of
/// gain > 0), for auc no relevant or no other document retrieved. A relevant document that was not retrieved counts
/// where a definition counts all relevant ones. A document not judged is not relevant and has gain 0; bpref passes it
/// over. Of tied documents (groups of more than one) the expected value over their orders is taken, in closed form.
///
/// auc: share of (relevant, other) retrieved pairs in the right order, a tied pair 1/2 (Fawcett 2006).
/// mrr, mrr@k: 1 / rank of the first relevant document, 0 beyond k (Voorhees 1999).
/// map, map@k: mean over relevant documents of the precision at their rank, 0 beyond k (Buckley & Voorhees 2005); of
///   tied documents McSherry & Najork 2008.
/// ndcg, ndcg@k: sum of gain / log2(1 + rank) over the same sum of the ideal order (Järvelin & Kekäläinen 2002,
///   with the discount of Burges et al. 2005, which takes log2(1 + rank) from rank 1 on).
/// precision@k: relevant documents up to rank k over k, also where the list is shorter. recall@k: over all relevant.
///   hit@k: 1 if there is one. r_precision: precision at the number of relevant documents (Buckley & Voorhees 2005).
/// bpref: mean over relevant documents, R of them, of 1 - min(judged others above, R) / min(judged others, R)
///   (trec_eval's form of Buckley & Voorhees 2004), 0 for one not retrieved.
/// rbp@p: (1 - p) sum over relevant documents of p^(rank - 1) (Moffat & Zobel 2008).
/// err, err@k: sum over ranks r of 1/r P(r stops) with P(a document satisfies) = (2^grade - 1) / 2^max_grade (Chapelle
///   et al. 2009). Ties::average has no closed form here.
/// percentile_rank: mean over relevant documents of (rank - 1) / (retrieved - 1), 0 first, 1 last and 1 for one not
///   retrieved: the less the better (Hu, Koren & Volinsky 2008, each relevant document weighing the same).
///
/// auc wants an order under Ties::average; err one under another. Throws invalid_argument if err is asked for where
/// choices.max_grade is 0 or less than a grade met.
std::optional<double> value_of(const Metric& metric, const Ranking& ranking, const RankingChoices& choices);

/// Throws invalid_argument for what cannot be measured: err with Ties::average, or where max_grade is below `highest`
/// (the highest grade there is) or beyond 1000, an exponential gain of a grade beyond 1000, level < 1.
void check_choices(std::span<const Metric> metrics, const RankingChoices& choices, std::int32_t highest);

/// What changes the metric's number under these choices, in words, for a report.
std::string conventions(const Metric& metric, const RankingChoices& choices);

}  // namespace tamis::metrics
