#pragma once

#include <memory>

#include "tamis/recommend/popularity.h"
#include "tamis/recommend/text_matrix.h"

namespace tamis::recommend {

/// Content by words: the user's profile is the sum over the latest `profile` clicks of 2^(-age / half_life) times the
/// item's row of the text matrix (TF-IDF, see there), an item scores the cosine with it. A user with no history, or
/// none with text, gets popularity.
class Content : public data::Ranker {
 public:
  /// half_life in microseconds, 0: none. `texts`, when given, must be of the catalogue later given to fit(), which then
  /// need not build it again. Throws invalid_argument if profile < 1 or half_life < 0.
  Content(int profile, data::Time half_life, std::shared_ptr<const TextMatrix> texts = nullptr);
  void fit(const data::EventLog& log, const data::Items& items, data::Time until) override;
  bool score(const data::Request& request, std::span<float> scores) const override;

 private:
  int profile_;
  data::Time half_life_;
  Popularity popularity_;
  std::shared_ptr<const TextMatrix> texts_;
};

}  // namespace tamis::recommend
