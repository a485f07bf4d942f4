#pragma once

#include <cstdint>
#include <optional>

#include "tamis/evidence/timemachine/point_in_time.h"

namespace tamis::reference {

/// The point-in-time join word by word: every label looks at every fact.
inline timemachine::AsOf naive_as_of(const timemachine::AsOfLabels& labels, const timemachine::AsOfFacts& facts,
                                     const timemachine::AsOfOptions& options) {
  const auto known_time = [&](std::size_t fact) {
    return facts.known_time.empty() ? facts.event_time[fact] : facts.known_time[fact];
  };
  const auto is_by = [&](data::Time time, data::Time label) { return options.strict ? time < label : time <= label; };
  // The latest fact of the label's key; of versions of one event the last known; of those the last row.
  const auto latest = [&](std::size_t label, bool known_by_then) {
    std::optional<std::size_t> best;
    for (std::size_t fact = 0; fact < facts.key.size(); ++fact) {
      if (facts.key[fact] != labels.key[label] || !is_by(facts.event_time[fact], labels.time[label])) continue;
      if (known_by_then && !is_by(known_time(fact), labels.time[label])) continue;
      const bool later = !best || facts.event_time[fact] > facts.event_time[*best];
      const bool corrects =
          best && facts.event_time[fact] == facts.event_time[*best] && known_time(fact) >= known_time(*best);
      if (later || corrects) best = fact;
    }
    if (best && options.tolerance && labels.time[label] - facts.event_time[*best] > *options.tolerance) best.reset();
    return best;
  };
  timemachine::AsOf out;
  for (std::size_t label = 0; label < labels.key.size(); ++label) {
    const auto by_event = latest(label, false);
    const auto chosen = options.event_time_only ? by_event : latest(label, !facts.known_time.empty());
    if (by_event && !facts.known_time.empty() && !is_by(known_time(*by_event), labels.time[label])) ++out.unknown_yet;
    if (chosen) ++out.matched;
    out.fact.push_back(chosen ? static_cast<std::int64_t>(*chosen) : timemachine::kNoFact);
  }
  return out;
}

}  // namespace tamis::reference
