#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tamis/evidence/metrics/judged.h"
#include "tamis/evidence/metrics/trec_rows.h"

namespace tamis::metrics {

/// Puts the rows of a query together, one query after the other: drops a document that came before, and finds the order
/// of ids where ties ask for it.
class ListGatherer {
 public:
  explicit ListGatherer(RetrievedLists& to);

  void begin();
  /// The next row of the query, its grade looked up. False if the document came before. `document` must live until
  /// finish().
  bool add(std::string_view document, const RankingRow& row);
  /// The place of the list; its `part` is the caller's.
  ListPlace finish();

 private:
  void grow();
  bool ties_matter();

  RetrievedLists& to_;
  ListPlace place_;
  std::vector<std::string_view> documents_;
  std::vector<std::uint32_t> hashes_;
  std::vector<std::uint32_t> slots_;  ///< of the documents by hash: index + 1; a power of two of them
  std::vector<float> floats_;
};

}  // namespace tamis::metrics
