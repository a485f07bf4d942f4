#include "tamis/evidence/metrics/list_gatherer.h"

#include <algorithm>
#include <numeric>

namespace tamis::metrics {

namespace {

constexpr std::size_t kCountEach = 32;  // as in ranking_order.cpp: beyond, sorting the scores is quicker

}  // namespace

void ListGatherer::begin() {
  place_ = {};
  place_.score_begin = to_.scores.size();
  place_.retrieved_begin = to_.retrieved.size();
  documents_.clear();
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

ListPlace ListGatherer::finish(std::span<const Judgment> judgments) {
  for (const Judgment& judgment : judgments) {
    const std::uint32_t index = documents_.find(judgment.document, judgment.hash);
    if (index != TextNumbers::kNone) to_.retrieved.push_back({index, judgment.grade});
  }
  std::sort(to_.retrieved.begin() + static_cast<std::ptrdiff_t>(place_.retrieved_begin), to_.retrieved.end(),
            [](const JudgedDocument& a, const JudgedDocument& b) { return a.index < b.index; });
  place_.score_end = to_.scores.size();
  place_.retrieved_end = to_.retrieved.size();
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
