#include "tamis/recommend/blend.h"

#include <cmath>
#include <string>

#include "tamis/base/error.h"

namespace tamis::recommend {

namespace {

struct Spread {
  double mean = 0;
  double deviation = 0;  // of the whole, not of a sample
};

Spread measure(std::span<const float> scores) {
  if (scores.empty()) return {};
  // Counted from the first score, so that equal scores give exactly 0 and far-off ones lose no digits; four sums, so
  // that one addition need not wait for the one before.
  const double origin = scores[0];
  double sum[4] = {}, square[4] = {};
  std::size_t i = 0;
  for (; i + 4 <= scores.size(); i += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) {
      const double off = scores[i + lane] - origin;
      sum[lane] += off;
      square[lane] += off * off;
    }
  }
  for (; i < scores.size(); ++i) {
    const double off = scores[i] - origin;
    sum[0] += off;
    square[0] += off * off;
  }
  const auto count = static_cast<double>(scores.size());
  const double mean = (sum[0] + sum[1] + sum[2] + sum[3]) / count;
  const double variance = (square[0] + square[1] + square[2] + square[3]) / count - mean * mean;
  return {origin + mean, variance > 0 ? std::sqrt(variance) : 0};
}

}  // namespace

Blend::Blend(std::vector<std::pair<double, data::Fitted>> parts) : parts_(std::move(parts)) {
  if (parts_.empty()) fail_caller("blend", "a blend needs at least one part");
  for (const auto& [weight, part] : parts_) {
    if (!(weight > 0) || !std::isfinite(weight)) {
      fail_caller("blend", "a weight must be > 0 and finite, not " + std::to_string(weight));
    }
    if (!part) fail_caller("blend", "a part is missing");
  }
}

void Blend::fit(const data::EventLog&, const data::Items&, data::Time) {}

bool Blend::score(const data::Request& request, std::span<float> scores) const {
  thread_local std::vector<float> kept;
  std::vector<float> part_scores = std::move(kept);  // taken, so that a part that is a blend finds its own
  part_scores.resize(scores.size());
  bool personal = false;
  std::fill(scores.begin(), scores.end(), 0.0F);
  for (const auto& [weight, part] : parts_) {
    personal = part->score(request, part_scores) || personal;
    const Spread spread = measure(part_scores);
    if (spread.deviation == 0) continue;
    const double scale = weight / spread.deviation;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      scores[i] += static_cast<float>(scale * (part_scores[i] - spread.mean));
    }
  }
  kept = std::move(part_scores);
  return personal;
}

}  // namespace tamis::recommend
