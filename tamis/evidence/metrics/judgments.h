#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "tamis/evidence/metrics/text_numbers.h"
#include "tamis/evidence/metrics/trec_rows.h"

namespace tamis::metrics {

struct Judgment {
  std::string_view document;
  std::uint32_t hash = 0;  ///< of its id
  std::int32_t grade = 0;
};

/// Judgments by query. Asking is thread-safe.
class Judgments {
 public:
  /// Takes the rows of all pieces; of a document judged twice for a query the first counts, the other is quarantined.
  Judgments(RankingPieces pieces, Quarantine& quarantine);

  /// The number of a query in the order of first judgments, or kNoQuery. guess: which it may be.
  std::uint32_t query(std::string_view name, std::uint32_t guess) const;
  /// Those of a query, each document once, in the order of the file.
  std::span<const Judgment> of(std::uint32_t query) const {
    return std::span<const Judgment>(judgments_).subspan(starts_[query], counts_[query]);
  }

  std::size_t size() const { return queries_.size(); }
  const InputFile& input() const { return pieces_.input; }
  /// Fills the queries, grades and counts of `judged`.
  void tell(Judged& judged) const;

 private:
  void number_queries();

  RankingPieces pieces_;  ///< own the texts
  TextNumbers queries_;
  std::vector<std::uint64_t> starts_;  ///< of each query's judgments [queries]
  std::vector<std::uint32_t> counts_;  ///< of them [queries]
  std::vector<Judgment> judgments_;
  std::uint64_t duplicates_ = 0;
};

}  // namespace tamis::metrics
