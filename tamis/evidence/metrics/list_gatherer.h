#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tamis/evidence/metrics/judged.h"
#include "tamis/evidence/metrics/judgments.h"

namespace tamis::metrics {

/// Puts the rows of a query together, one query after the other: drops a document that came before, finds those that
/// are judged, and the order of ids where ties ask for it.
class ListGatherer {
 public:
  explicit ListGatherer(RetrievedLists& to) : to_(to) {}

  void begin();
  /// The next row of the query. False if the document came before. `document` must live until finish().
  bool add(std::string_view document, const RankingRow& row) {
    if (!documents_.add(document, row.hash)) return false;
    to_.scores.push_back(row.score);
    return true;
  }
  /// The place of the list; its `part` is the caller's. judgments: those of the query. They are looked up among the
  /// documents and not the other way round: they are fewer, and lie one after the other.
  ListPlace finish(std::span<const Judgment> judgments);

 private:
  bool ties_matter();

  RetrievedLists& to_;
  ListPlace place_;
  TextNumbers documents_;
  std::vector<float> floats_;
};

}  // namespace tamis::metrics
