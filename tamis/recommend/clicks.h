#pragma once

#include <cmath>
#include <cstddef>
#include <string>

#include "tamis/base/error.h"
#include "tamis/data/ranker.h"

namespace tamis::recommend {

/// Calls body(row) for the clicks that a ranker fitted up to `until` may learn from (happened and known before it), in
/// order of the rows. Throws invalid_argument if such a click's item is not of the catalogue.
template <class Body>
void for_each_click(const data::EventLog& log, const data::Items& items, data::Time until, const Body& body) {
  const std::size_t end = log.lower_bound(until);
  for (std::size_t row = 0; row < end; ++row) {
    if (log.event(row) != data::Event::click || log.known_time(row) >= until) continue;
    if (log.item(row) >= items.size()) {
      fail_caller("fit", "row " + std::to_string(row) + ": item " + std::to_string(log.item(row)) + " is not below " +
                             std::to_string(items.size()) + ", the size of the catalogue");
    }
    body(row);
  }
}

/// The latest `most` clicks of a request's history.
inline std::span<const data::Interaction> latest(const data::Request& request, int most) {
  const auto count = static_cast<std::size_t>(most);
  return request.history.size() > count ? request.history.last(count) : request.history;
}

/// 2^(-age / half_life) of a click at the time of the request; 1 without a half-life or for one of the future.
inline float decay(const data::Request& request, const data::Interaction& click, data::Time half_life) {
  if (half_life == 0 || click.time >= request.time) return 1.0F;
  const auto age = static_cast<double>(request.time) - static_cast<double>(click.time);
  return static_cast<float>(std::exp2(-age / static_cast<double>(half_life)));
}

}  // namespace tamis::recommend
