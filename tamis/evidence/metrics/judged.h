#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tamis/evidence/metrics/ranking_order.h"

namespace tamis::metrics {

/// Lists as they were retrieved, one after the other.
struct RetrievedLists {
  std::vector<double> scores;             ///< in the order of the run
  std::vector<JudgedDocument> retrieved;  ///< the judged ones
  std::vector<std::vector<std::uint32_t>> id_orders;
};

/// Where the list of a query is.
struct ListPlace {
  std::uint32_t part = 0;  ///< of Judged::parts
  std::uint64_t score_begin = 0, score_end = 0;
  std::uint64_t retrieved_begin = 0, retrieved_end = 0;
  std::uint32_t id_order = 0;  ///< of the part's id_orders, from 1; 0: none is needed
};

/// Judgments and a run matched by query and document: what metrics need of them, and no ids of documents. 8 bytes a
/// document retrieved, 8 a judged one of them, 4 a judgment.
struct Judged {
  std::vector<std::string> queries;  ///< judged ones, in the order of their first judgment
  std::vector<ListPlace> places;     ///< [queries]
  std::vector<RetrievedLists> parts;
  std::vector<std::uint64_t> grade_starts;  ///< of each query's grades [queries + 1]
  std::vector<std::int32_t> grades;         ///< falling within a query

  std::int32_t highest_grade = 0;         ///< of all judgments, at least 0
  std::uint64_t judgments = 0;            ///< rows of the judgments that were kept
  std::uint64_t negative_grades = 0;      ///< of these, grades < 0: as if not judged
  std::uint64_t duplicate_judgments = 0;  ///< a document judged again for its query: quarantined
  std::uint64_t documents = 0;            ///< rows of the run that were kept, of judged queries
  std::uint64_t unjudged_documents = 0;   ///< of these, not judged for their query
  std::uint64_t duplicate_documents = 0;  ///< a document again in its query's list: quarantined
  std::uint64_t unjudged_queries = 0;     ///< queries of the run without a judgment: ignored
  std::uint64_t unjudged_query_rows = 0;  ///< their rows

  std::size_t size() const { return queries.size(); }
  JudgedList list(std::size_t query) const;
};

}  // namespace tamis::metrics
