#include "tamis/recommend/popularity.h"

#include <cmath>
#include <string>

#include "tamis/base/error.h"
#include "tamis/recommend/clicks.h"

namespace tamis::recommend {

Popularity::Popularity(data::Time half_life) : half_life_(half_life) {
  if (half_life < 0) fail_caller("popularity", "half_life must be >= 0, not " + std::to_string(half_life));
}

void Popularity::fit(const data::EventLog& log, const data::Items& items, data::Time until) {
  std::vector<double> sum(items.size());
  for_each_click(log, items, until, [&](std::size_t row) {
    const double age = static_cast<double>(until) - static_cast<double>(log.event_time(row));
    sum[log.item(row)] += half_life_ == 0 ? 1.0 : std::exp2(-age / static_cast<double>(half_life_));
  });
  weight_.assign(sum.begin(), sum.end());
}

bool Popularity::score(const data::Request& request, std::span<float> scores) const {
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = weight(request.candidates[i]);
  return true;
}

}  // namespace tamis::recommend
