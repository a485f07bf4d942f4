#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "tamis/evidence/metrics/trec_rows.h"

namespace tamis::metrics {

/// Judgments, to be asked by query and document: a hash table a query, side by side in memory, so that a run in the
/// order of the judgments asks near what it asked before. Asking is thread-safe.
class Judgments {
 public:
  /// Takes the rows of all pieces; of a document judged twice for a query the first counts, the other is quarantined.
  Judgments(RankingPieces pieces, Quarantine& quarantine);

  /// The number of a query in the order of first judgments, or kNoQuery.
  std::uint32_t query(std::string_view name) const;
  /// The grade of a document for a query, or kUnjudged.
  std::int32_t grade(std::uint32_t query, std::string_view document, std::uint32_t hash) const;

  std::size_t size() const { return names_.size(); }
  const InputFile& input() const { return pieces_.input; }
  /// Fills the queries, grades and counts of `judged`.
  void tell(Judged& judged) const;

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t piece = 0;
    const RankingRow* row = nullptr;
  };
  Slot* find(std::uint32_t query, std::string_view document, std::uint32_t hash);

  RankingPieces pieces_;
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
  std::vector<std::string_view> names_;
  std::vector<std::uint64_t> starts_;  ///< of each query's slots; a power of two of them [queries + 1]
  std::vector<Slot> slots_;
  std::uint64_t duplicates_ = 0;
};

/// Quarantines a row for its document having come before.
void refuse_duplicate(RankingPieces& pieces, std::size_t piece, const RankingRow& row, std::string_view query,
                      Quarantine& quarantine);

}  // namespace tamis::metrics
