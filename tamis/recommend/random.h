#pragma once

#include "tamis/base/random.h"
#include "tamis/data/ranker.h"

namespace tamis::recommend {

/// A score drawn for each (user, request, item): the arm that must lose.
class Random : public data::Ranker {
 public:
  explicit Random(std::uint64_t seed) : luck_(seed, "random ranker") {}
  void fit(const data::EventLog& log, const data::Items& items, data::Time until) override;
  bool score(const data::Request& request, std::span<float> scores) const override;

 private:
  Luck luck_;
};

}  // namespace tamis::recommend
