#pragma once

#include <numeric>
#include <string>
#include <vector>

#include "tamis/base/random.h"
#include "tamis/data/ranker.h"

namespace tamis::recommend {

/// A catalogue of `count` items without text.
inline data::Items bare_items(std::size_t count) {
  data::Items items;
  for (std::size_t i = 0; i < count; ++i) items.add_from_log("item" + std::to_string(i));
  return items;
}

/// A catalogue of random texts over a small vocabulary; every fifth item has none.
inline data::Items texted_items(std::size_t count, std::uint64_t seed) {
  data::Items items = bare_items(count);
  Stream random(seed, "texts");
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 5 == 4) continue;
    const auto length = 3 + random.below(8);
    for (std::uint64_t k = 0; k < length; ++k) items.text[i] += "w" + std::to_string(random.below(40)) + " ";
    if (i % 3 == 0) items.category[i] = "topic" + std::to_string(i % 4);
  }
  items.catalogued = count;
  return items;
}

/// Random clicks and impressions over 100 days, a third of them known late.
inline data::EventLog random_log(std::size_t rows, std::uint64_t users, std::uint64_t items, std::uint64_t seed) {
  data::EventLog log;
  Stream random(seed, "log");
  for (std::size_t i = 0; i < rows; ++i) {
    data::Row row;
    row.user = static_cast<data::Index>(random.below(users));
    row.item = static_cast<data::Index>(random.below(1 + random.below(items)));
    row.event = random.below(5) == 0 ? data::Event::impression : data::Event::click;
    row.event_time = static_cast<data::Time>(random.below(100)) * data::kDay;
    row.known_time =
        row.event_time + (random.below(3) == 0 ? static_cast<data::Time>(random.below(20)) * data::kDay : 0);
    log.append(row);
  }
  log.sort_by_time();
  return log;
}

/// The items 0 .. count - 1.
inline std::vector<data::Index> first_items(std::size_t count) {
  std::vector<data::Index> items(count);
  std::iota(items.begin(), items.end(), data::Index{0});
  return items;
}

/// What a ranker gives the candidates; `personal` gets its answer.
inline std::vector<float> scores_of(const data::Ranker& ranker, const data::Request& request,
                                    bool* personal = nullptr) {
  std::vector<float> scores(request.candidates.size(), -1.0F);
  const bool answer = ranker.score(request, scores);
  if (personal != nullptr) *personal = answer;
  return scores;
}

}  // namespace tamis::recommend
