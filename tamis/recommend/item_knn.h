#pragma once

#include <vector>

#include "tamis/recommend/popularity.h"

namespace tamis::recommend {

/// Item-based nearest neighbours on clicks: similarity(i, j) = n_ij / (sqrt(n_i n_j) + shrinkage), n_ij the users who
/// clicked both; the `neighbours` most similar j are kept per i (of equal ones those first in the catalogue). An item
/// scores the sum over the user's latest `profile` clicks h of 2^(-age / half_life) * similarity(h, item), plus its
/// share of the clicks of the most popular item times half the smallest term such a sum can have: that tells ties and
/// items without a neighbour in the history apart, and never lifts the latter above an item that has one. A user with
/// no history, or none with neighbours, gets popularity. Users with more than 500 clicks count with their latest 500.
/// fit() costs the sum over users of their distinct items squared, on all threads, with the same bits on any number.
/// Sources: Sarwar et al. 2001 (item-based cosine); Bell & Koren 2007 (shrinkage).
class ItemKnn : public data::Ranker {
 public:
  /// Throws invalid_argument if neighbours < 1, profile < 1, shrinkage is not >= 0 or half_life < 0.
  ItemKnn(int neighbours, double shrinkage, int profile, data::Time half_life);
  void fit(const data::EventLog& log, const data::Items& items, data::Time until) override;
  bool score(const data::Request& request, std::span<float> scores) const override;

 private:
  int neighbours_;
  double shrinkage_;
  int profile_;
  data::Time half_life_;
  Popularity popularity_;
  std::vector<std::size_t> offsets_;  // [items + 1] into the two below
  std::vector<data::Index> neighbour_;
  std::vector<float> similarity_;
  std::vector<float> tie_;  // [items] half the smallest similarity times the share of the most popular item's clicks
};

}  // namespace tamis::recommend
