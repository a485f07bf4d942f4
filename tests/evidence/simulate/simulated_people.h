#pragma once

#include <functional>
#include <span>
#include <vector>

#include "tamis/evidence/simulate/audience.h"

namespace tamis::simulate {

/// A setting for lists of `length` items, two a visit.
inline Setting setting_of(std::uint64_t seed, std::size_t length, std::span<const data::Index> catalogue) {
  Setting setting;
  setting.seed = seed;
  setting.requests = 2;
  setting.length = length;
  setting.catalogue = catalogue;
  return setting;
}

inline std::vector<data::Index> whole_catalogue(std::size_t items) {
  std::vector<data::Index> all(items);
  for (std::size_t i = 0; i < items; ++i) all[i] = static_cast<data::Index>(i);
  return all;
}

/// What a policy's users did over some days after the launch.
struct Served {
  std::vector<Outcome> outcomes;
  UserState state;
  int visits = 0;
};

using Policy = std::function<std::vector<data::Index>(const data::Request&)>;

inline Served serve(const Audience& audience, const Setting& setting, data::Index user, int days,
                    const Policy& policy) {
  Served served;
  served.state = begin(audience, user);
  std::vector<data::Index> list;
  for (int day = 0; day < days; ++day) {
    served.visits += serve_day(
        audience, setting, user, audience.launch_day() + day, served.state,
        [&](const data::Request& request) {
          list = policy(request);
          return std::span<const data::Index>(list);
        },
        [&](const Outcome& outcome) { served.outcomes.push_back(outcome); });
  }
  return served;
}

}  // namespace tamis::simulate
