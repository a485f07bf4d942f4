#include "tamis/sift/decision.h"

#include <fmt/format.h>

#include <algorithm>

#include "tamis/base/error.h"

namespace tamis::sift {

namespace {

std::vector<std::size_t> challengers_best_first(std::span<const Standing> standings) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < standings.size(); ++i) {
    if (!standings[i].rides) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return standings[a].estimate > standings[b].estimate; });
  return order;
}

void mark_riders(std::span<const Standing> standings, std::vector<Verdict>& verdicts) {
  for (std::size_t i = 0; i < standings.size(); ++i) {
    if (standings[i].rides) verdicts[i] = {Decision::rides, false, "rides along to the end, whatever it scores"};
  }
}

}  // namespace

std::string_view word(Decision decision) {
  switch (decision) {
    case Decision::kept:
      return "kept";
    case Decision::dropped:
      return "dropped";
    case Decision::rides:
      return "rides";
    case Decision::shipped:
      return "shipped";
  }
  return "";
}

std::vector<Verdict> decide(std::span<const Standing> standings, int keep, int keep_max) {
  if (keep < 1 || keep_max < keep)
    fail_caller("decide", fmt::format("needs 1 <= keep <= keep_max, not {} and {}", keep, keep_max));
  std::vector<Verdict> verdicts(standings.size());
  mark_riders(standings, verdicts);
  const auto order = challengers_best_first(standings);
  int kept = 0;
  const std::size_t last = std::min(order.size(), static_cast<std::size_t>(keep));
  for (std::size_t place = 0; place < order.size(); ++place) {
    Verdict& verdict = verdicts[order[place]];
    if (place < last) {
      verdict = {Decision::kept, false, fmt::format("place {}, among the best {}", place + 1, keep)};
      ++kept;
      continue;
    }
    const Standing& bar = standings[order[last - 1]];
    const bool overlaps = standings[order[place]].high >= bar.low;
    if (overlaps && kept < keep_max) {
      verdict = {Decision::kept, false,
                 fmt::format("place {}, but its interval overlaps that of {}, the last of the best {}", place + 1,
                             bar.name, keep)};
      ++kept;
    } else if (overlaps) {
      verdict = {Decision::dropped, true,
                 fmt::format("place {}: dropped by the cap of {} although its interval overlaps that of {}", place + 1,
                             keep_max, bar.name)};
    } else {
      verdict = {Decision::dropped, false,
                 fmt::format("place {}: its interval lies wholly below that of {}, the last of the best {}", place + 1,
                             bar.name, keep)};
    }
  }
  return verdicts;
}

Choice choose(std::span<const Standing> standings) {
  Choice choice;
  choice.verdicts.resize(standings.size());
  mark_riders(standings, choice.verdicts);
  for (const std::size_t i : challengers_best_first(standings)) {
    Verdict& verdict = choice.verdicts[i];
    if (standings[i].low <= 0) {
      verdict = {Decision::dropped, false, "its corrected interval is not above the incumbent"};
    } else if (choice.shipped < 0) {
      choice.shipped = static_cast<int>(i);
      verdict = {Decision::shipped, false, "the best of those whose corrected interval is above the incumbent"};
    } else {
      verdict = {Decision::dropped, false,
                 fmt::format("above the incumbent, but {} scores higher",
                             standings[static_cast<std::size_t>(choice.shipped)].name)};
    }
  }
  return choice;
}

}  // namespace tamis::sift
