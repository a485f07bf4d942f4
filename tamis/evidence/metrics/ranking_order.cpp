#include "tamis/evidence/metrics/ranking_order.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tamis/base/error.h"

namespace tamis::metrics {

namespace {

// Up to so many judged documents each is counted against all scores, four or more at an instruction; beyond, sorting
// the scores is quicker.
constexpr std::size_t kCountEach = 32;

void check_ids(const JudgedList& list) {
  if (list.id_order.size() != list.scores.size())
    fail_caller("metrics",
                "documents share a score and have no ids; ties by id (trec) need ids: take average or input");
}

}  // namespace

double gain_of(std::int32_t grade, Gain gain) {
  if (grade <= 0) return 0;
  return gain == Gain::linear ? static_cast<double>(grade) : std::ldexp(1.0, grade) - 1;
}

float as_float(double score) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  // Between the largest float and half a step above it the nearest float is still the largest.
  constexpr double kHalfStep = 0x1p103;
  if (score >= kLargest + kHalfStep) return std::numeric_limits<float>::infinity();
  if (score <= -kLargest - kHalfStep) return -std::numeric_limits<float>::infinity();
  return static_cast<float>(std::clamp(score, -kLargest, kLargest));
}

// Ranks every entry by counting.
template <typename Score>
void Ranking::count_each(std::span<const Score> scores, const JudgedList& list, Ties ties) {
  for (Entry& entry : entries_) {
    const Score own = scores[entry.index];
    std::uint32_t above = 0;
    std::uint32_t equal = 0;
    for (const Score score : scores) {
      above += score > own;
      equal += score == own;
    }
    entry.above = above;
    entry.equal = equal;
    if (equal == 1 || ties == Ties::average) continue;
    entry.equal = 1;
    if (ties == Ties::trec) {
      check_ids(list);
      const std::uint32_t own_place = list.id_order[entry.index];
      for (std::size_t i = 0; i < scores.size(); ++i) entry.above += scores[i] == own && list.id_order[i] > own_place;
    } else {
      for (std::size_t i = 0; i < entry.index; ++i) entry.above += scores[i] == own;
    }
  }
}

// Ranks every entry by sorting all documents.
template <typename Score>
void Ranking::sort_all(std::span<const Score> scores, const JudgedList& list, Ties ties) {
  order_.resize(scores.size());
  std::iota(order_.begin(), order_.end(), 0U);
  const bool by_id = ties == Ties::trec && !list.id_order.empty();
  std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
    if (scores[a] != scores[b]) return scores[a] > scores[b];
    return by_id ? list.id_order[a] > list.id_order[b] : a < b;
  });
  places_.resize(scores.size());
  for (std::size_t place = 0; place < order_.size(); ++place)
    places_[order_[place]] = static_cast<std::uint32_t>(place);
  for (Entry& entry : entries_) {
    const Score own = scores[entry.index];
    const std::size_t place = places_[entry.index];
    entry.above = static_cast<std::uint32_t>(place);
    entry.equal = 1;
    const bool tied = (place > 0 && scores[order_[place - 1]] == own) ||
                      (place + 1 < order_.size() && scores[order_[place + 1]] == own);
    if (!tied) continue;
    if (ties == Ties::trec) check_ids(list);
    if (ties != Ties::average) continue;
    const auto first = std::partition_point(order_.begin(), order_.end(), [&](auto i) { return scores[i] > own; });
    const auto last = std::partition_point(first, order_.end(), [&](auto i) { return scores[i] == own; });
    entry.above = static_cast<std::uint32_t>(first - order_.begin());
    entry.equal = static_cast<std::uint32_t>(last - first);
  }
}

template <typename Score>
void Ranking::place(std::span<const Score> scores, const JudgedList& list, Ties ties) {
  if (entries_.size() <= kCountEach) {
    count_each(scores, list, ties);
  } else {
    sort_all(scores, list, ties);
  }
}

void Ranking::order(const JudgedList& list, const RankingChoices& choices, Ties ties, bool with_nonrelevant) {
  candidates = list.scores.size();
  const auto relevant_end = std::partition_point(list.grades.begin(), list.grades.end(),
                                                 [&](std::int32_t grade) { return grade >= choices.level; });
  const auto judged_end = std::partition_point(relevant_end, list.grades.end(), [](auto grade) { return grade >= 0; });
  relevant = static_cast<std::size_t>(relevant_end - list.grades.begin());
  nonrelevant = static_cast<std::size_t>(judged_end - relevant_end);
  gainful = !list.grades.empty() && list.grades.front() > 0;
  entries_.clear();
  for (const JudgedDocument& document : list.retrieved)
    if (document.grade > 0 || (with_nonrelevant && document.grade == 0))
      entries_.push_back({document.index, document.grade, 0, 0});

  if (ties == Ties::trec) {
    floats_.resize(list.scores.size());
    std::transform(list.scores.begin(), list.scores.end(), floats_.begin(), as_float);
    place(std::span<const float>(floats_), list, ties);
  } else {
    place(list.scores, list, ties);
  }

  ideal_gains.clear();
  if (choices.ideal == Ideal::judged) {
    for (const std::int32_t grade : list.grades) {
      if (grade <= 0) break;
      ideal_gains.push_back(gain_of(grade, choices.gain));
    }
  } else {
    for (const Entry& entry : entries_)
      if (entry.grade > 0) ideal_gains.push_back(gain_of(entry.grade, choices.gain));
    std::sort(ideal_gains.begin(), ideal_gains.end(), std::greater<>());
  }

  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return a.above != b.above ? a.above < b.above : a.index < b.index; });
  groups.clear();
  for (const Entry& entry : entries_) {
    if (groups.empty() || groups.back().before != entry.above) groups.push_back({entry.above, entry.equal, 0, 0, 0, 0});
    Group& group = groups.back();
    (entry.grade >= choices.level ? group.relevant : group.nonrelevant) += 1;
    group.gain += gain_of(entry.grade, choices.gain);
    group.grade = std::max(group.grade, entry.grade);
  }
}

}  // namespace tamis::metrics
