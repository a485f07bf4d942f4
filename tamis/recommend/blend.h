#pragma once

#include <utility>
#include <vector>

#include "tamis/data/ranker.h"

namespace tamis::recommend {

/// A weighted sum of other rankers' scores, each brought to mean 0 and deviation 1 over the request's candidates (a
/// part that scores all alike adds nothing). Falls back only if every part does.
class Blend : public data::Ranker {
 public:
  /// Parts are already fitted. Throws invalid_argument if there is none or a weight is not > 0.
  explicit Blend(std::vector<std::pair<double, data::Fitted>> parts);
  /// Nothing to learn: the parts are fitted.
  void fit(const data::EventLog& log, const data::Items& items, data::Time until) override;
  bool score(const data::Request& request, std::span<float> scores) const override;

 private:
  std::vector<std::pair<double, data::Fitted>> parts_;
};

}  // namespace tamis::recommend
