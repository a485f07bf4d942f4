#include "tamis/recommend/random.h"

namespace tamis::recommend {

void Random::fit(const data::EventLog&, const data::Items&, data::Time) {}

bool Random::score(const data::Request& request, std::span<float> scores) const {
  const auto low = static_cast<std::uint32_t>(request.id);
  const auto high = static_cast<std::uint32_t>(request.id >> 32);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    scores[i] = static_cast<float>(luck_.uniform(request.user, low, high, request.candidates[i]));
  }
  return true;
}

}  // namespace tamis::recommend
