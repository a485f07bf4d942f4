#pragma once

#include <vector>

#include "tamis/recommend/popularity.h"

namespace tamis::recommend {

/// TF-IDF over item texts and categories: weight (1 + ln tf) * ln(1 + N / df), rows of unit length; words in fewer than
/// two items are dropped. The user's profile is the sum over the latest `profile` clicks of 2^(-age / half_life) * row,
/// an item scores the cosine with it. A user with no history, or none with text, gets popularity.
/// Source: Salton & Buckley 1988 (the "ltc" weighting; here with a smoothed idf).
class Content : public data::Ranker {
 public:
  /// half_life in microseconds, 0: none. Throws invalid_argument if profile < 1 or half_life < 0.
  Content(int profile, data::Time half_life);
  void fit(const data::EventLog& log, const data::Items& items, data::Time until) override;
  bool score(const data::Request& request, std::span<float> scores) const override;

 private:
  int profile_;
  data::Time half_life_;
  Popularity popularity_;
  std::vector<std::size_t> offsets_;  // [items + 1] into the two below: rows by item
  std::vector<data::Index> term_;
  std::vector<float> weight_;
  std::vector<std::size_t> term_offsets_;  // [terms + 1]: the same matrix by term
  std::vector<data::Index> term_item_;
  std::vector<float> term_weight_;
};

}  // namespace tamis::recommend
