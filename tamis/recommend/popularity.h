#pragma once

#include <vector>

#include "tamis/data/ranker.h"

namespace tamis::recommend {

/// Scores an item by its clicks, each weighted 2^(-age / half_life) at the time of fitting (half_life 0: every click
/// counts 1). An item never clicked scores 0. The same list for every user.
class Popularity : public data::Ranker {
 public:
  /// half_life in microseconds, >= 0 (invalid_argument else).
  explicit Popularity(data::Time half_life);
  void fit(const data::EventLog& log, const data::Items& items, data::Time until) override;
  bool score(const data::Request& request, std::span<float> scores) const override;

  /// What score() gives an item; 0 for one the catalogue lacked.
  float weight(data::Index item) const { return item < weight_.size() ? weight_[item] : 0.0F; }

 private:
  data::Time half_life_;
  std::vector<float> weight_;  // [items]
};

}  // namespace tamis::recommend
