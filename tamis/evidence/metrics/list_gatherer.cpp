#include "tamis/evidence/metrics/list_gatherer.h"

#include <algorithm>
#include <numeric>

namespace tamis::metrics {

namespace {

constexpr std::size_t kFirstSlots = 256;
constexpr std::size_t kCountEach = 32;  // as in ranking_order.cpp: beyond, sorting the scores is quicker

}  // namespace

ListGatherer::ListGatherer(RetrievedLists& to) : to_(to), slots_(kFirstSlots) {}

void ListGatherer::begin() {
  place_ = {};
  place_.score_begin = to_.scores.size();
  place_.retrieved_begin = to_.retrieved.size();
  documents_.clear();
  hashes_.clear();
  std::fill(slots_.begin(), slots_.end(), 0U);
}

void ListGatherer::grow() {
  slots_.assign(2 * slots_.size(), 0);
  const std::size_t mask = slots_.size() - 1;
  for (std::uint32_t i = 0; i < hashes_.size(); ++i) {
    std::size_t at = hashes_[i] & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = i + 1;
  }
}

bool ListGatherer::add(std::string_view document, const RankingRow& row) {
  if (2 * documents_.size() >= slots_.size()) grow();
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = row.hash & mask;
  for (; slots_[at] != 0; at = (at + 1) & mask)
    if (hashes_[slots_[at] - 1] == row.hash && documents_[slots_[at] - 1] == document) return false;
  if (row.grade != kUnjudged) to_.retrieved.push_back({static_cast<std::uint32_t>(documents_.size()), row.grade});
  documents_.push_back(document);
  hashes_.push_back(row.hash);
  slots_[at] = static_cast<std::uint32_t>(documents_.size());
  to_.scores.push_back(row.score);
  return true;
}

// Whether a judged document shares its score, as a float, with another.
bool ListGatherer::ties_matter() {
  const std::span<const JudgedDocument> judged =
      std::span<const JudgedDocument>(to_.retrieved).subspan(place_.retrieved_begin);
  if (judged.empty()) return false;
  const std::span<const double> scores = std::span<const double>(to_.scores).subspan(place_.score_begin);
  floats_.resize(scores.size());
  std::transform(scores.begin(), scores.end(), floats_.begin(), as_float);
  if (judged.size() > kCountEach) {
    std::sort(floats_.begin(), floats_.end());
    return std::adjacent_find(floats_.begin(), floats_.end()) != floats_.end();
  }
  return std::any_of(judged.begin(), judged.end(), [&](const JudgedDocument& document) {
    const float own = floats_[document.index];
    std::uint32_t equal = 0;
    for (const float score : floats_) equal += score == own;
    return equal > 1;
  });
}

ListPlace ListGatherer::finish() {
  place_.score_end = to_.scores.size();
  place_.retrieved_end = to_.retrieved.size();
  // A long list must not make the next ones clear its room.
  if (slots_.size() > kFirstSlots && documents_.size() < slots_.size() / 16) slots_.assign(kFirstSlots, 0);
  if (!ties_matter()) return place_;
  std::vector<std::uint32_t> order(documents_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return documents_[a] < documents_[b]; });
  std::vector<std::uint32_t>& places = to_.id_orders.emplace_back(order.size());
  for (std::uint32_t rank = 0; rank < order.size(); ++rank) places[order[rank]] = rank;
  place_.id_order = static_cast<std::uint32_t>(to_.id_orders.size());
  return place_;
}

}  // namespace tamis::metrics
