#include "tamis/evidence/replay/bandit_interval.h"

#include <algorithm>
#include <cmath>

#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/stats/intervals.h"

namespace tamis::replay {

std::vector<double> bootstrap_values(std::size_t units, int resamples, std::uint64_t seed, const Resampled& value,
                                     Progress& progress) {
  std::vector<double> values(static_cast<std::size_t>(resamples));
  parallel_for(values.size(), [&](std::size_t r) {
    Stream stream(seed, "bandit bootstrap", r);
    std::vector<std::uint32_t> drawn(units), times(units);
    stats::draw_with_replacement(stream, drawn);
    for (const std::uint32_t unit : drawn) ++times[unit];
    values[r] = value(times);
    progress.advance();
  });
  std::erase_if(values, [](double x) { return std::isnan(x); });
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace tamis::replay
