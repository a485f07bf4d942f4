#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tamis/base/random.h"
#include "tamis/sift/evaluate_folds.h"

namespace tamis::sift {

using data::Index;

/// Random clicks of `users` on `items` over 60 days, the lower items oftener; a fifth known two days late.
inline data::EventLog clicks(std::size_t rows, std::uint64_t users, std::uint64_t items, std::uint64_t seed) {
  data::EventLog log;
  Stream random(seed, "clicks");
  for (std::uint64_t u = 0; u < users; ++u) log.users.add("u" + std::to_string(u));
  for (std::size_t i = 0; i < rows; ++i) {
    data::Row row;
    row.user = static_cast<Index>(i < users ? i : random.below(users));
    row.item = static_cast<Index>(random.below(1 + random.below(items)));
    row.event_time = static_cast<data::Time>(random.below(60 * 24)) * data::kHour;
    row.known_time = row.event_time + (random.below(5) == 0 ? 2 * data::kDay : 0);
    log.append(row);
  }
  log.sort_by_time();
  return log;
}

/// Lists of four items, of which each is clicked one time in four.
inline data::EventLog lists(std::size_t count, std::uint64_t users, std::uint64_t items, std::uint64_t seed) {
  data::EventLog log;
  Stream random(seed, "lists");
  for (std::uint64_t u = 0; u < users; ++u) log.users.add("u" + std::to_string(u));
  for (std::size_t i = 0; i < count; ++i) {
    data::Row row;
    row.user = static_cast<Index>(random.below(users));
    row.request = log.requests.add("r" + std::to_string(i));
    row.event_time = static_cast<data::Time>(random.below(60 * 24)) * data::kHour;
    const std::uint64_t first = random.below(items);
    for (std::uint64_t k = 0; k < 4; ++k) {
      row.item = static_cast<Index>((first + k) % items);
      row.position = static_cast<std::uint16_t>(k + 1);
      row.event = data::Event::impression;
      log.append(row);
      row.event = data::Event::click;
      if (random.below(4) == 0) log.append(row);
    }
  }
  log.sort_by_time();
  return log;
}

inline Scene scene_of(data::EventLog log, std::size_t items) {
  Scene scene;
  for (std::size_t i = 0; i < items; ++i) scene.data.items.add_from_log("i" + std::to_string(i));
  scene.data.log = std::move(log);
  scene.histories = std::make_unique<data::Histories>(scene.data.log, scene.data.log.users.size());
  for (Index i = 0; i < items; ++i) scene.catalogue.push_back(i);
  return scene;
}

inline FoldPlan split_of(FoldKind kind, FoldUnit by = FoldUnit::users) {
  FoldPlan split;
  split.kind = kind;
  split.by = by;
  split.folds = 4;
  split.resamples = 5;
  split.where = "plan.toml line 3";
  return split;
}

inline std::vector<Index> items_of(std::span<const data::Interaction> history) {
  std::vector<Index> items;
  for (const data::Interaction& past : history) items.push_back(past.item);
  std::sort(items.begin(), items.end());
  return items;
}

using Clicks = std::map<Index, std::vector<Index>>;  // a user's items, ascending, repeated ones too

inline Clicks clicks_of(const data::EventLog& log) {
  Clicks found;
  for (std::size_t i = 0; i < log.size(); ++i)
    if (log.event(i) == data::Event::click) found[log.user(i)].push_back(log.item(i));
  for (auto& [user, items] : found) std::sort(items.begin(), items.end());
  return found;
}

}  // namespace tamis::sift
