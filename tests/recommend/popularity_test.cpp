#include "tamis/recommend/popularity.h"

#include <stdexcept>

#include "tests/recommend/small_log.h"

namespace tamis::recommend {
namespace {

using data::kDay;

data::EventLog four_clicks() {
  data::EventLog log;
  log.append({.item = 1, .event_time = 0});
  log.append({.item = 2, .event = data::Event::impression, .event_time = kDay});
  log.append({.item = 0, .event_time = 2 * kDay, .known_time = 9 * kDay});
  log.append({.item = 1, .event_time = 4 * kDay});
  log.append({.item = 3, .event_time = 8 * kDay});
  return log;
}

std::vector<float> fitted_scores(data::Time half_life, data::Time until) {
  Popularity popularity(half_life);
  popularity.fit(four_clicks(), bare_items(4), until);
  const auto candidates = first_items(4);
  data::Request request;
  request.candidates = candidates;
  return scores_of(popularity, request);
}

TEST(Popularity, CountsClicks) {
  EXPECT_EQ(fitted_scores(0, 10 * kDay), (std::vector<float>{1, 2, 0, 1}));
}

TEST(Popularity, LearnsOnlyWhatHappenedAndWasKnown) {
  EXPECT_EQ(fitted_scores(0, 8 * kDay), (std::vector<float>{0, 2, 0, 0}));
  EXPECT_EQ(fitted_scores(0, 9 * kDay), (std::vector<float>{0, 2, 0, 1}));
  EXPECT_EQ(fitted_scores(0, 9 * kDay + 1), (std::vector<float>{1, 2, 0, 1}));
  EXPECT_EQ(fitted_scores(0, 0), (std::vector<float>{0, 0, 0, 0}));
}

TEST(Popularity, HalvesWithAge) {
  // At day 10 and a half-life of 2 days: ages 8, 6, 10 and 2 days.
  EXPECT_EQ(fitted_scores(2 * kDay, 10 * kDay), (std::vector<float>{0.0625F, 0.03125F + 0.125F, 0, 0.5F}));
}

TEST(Popularity, IsTheSameForEveryUserAndSpeaksForItself) {
  Popularity popularity(0);
  popularity.fit(four_clicks(), bare_items(4), 10 * kDay);
  const std::vector<data::Index> candidates = {3, 1, 99};
  data::Request request;
  request.candidates = candidates;
  bool personal = false;
  EXPECT_EQ(scores_of(popularity, request, &personal), (std::vector<float>{1, 2, 0}));
  EXPECT_TRUE(personal);
}

TEST(Popularity, RefusesWhatItCannotDo) {
  EXPECT_THROW(Popularity(-1), std::invalid_argument);
  Popularity popularity(0);
  EXPECT_THROW(popularity.fit(four_clicks(), bare_items(2), 10 * kDay), std::invalid_argument);
}

TEST(Popularity, OfAnEmptyLogIsZero) {
  Popularity popularity(kDay);
  popularity.fit({}, bare_items(2), kDay);
  const auto candidates = first_items(2);
  data::Request request;
  request.candidates = candidates;
  EXPECT_EQ(scores_of(popularity, request), (std::vector<float>{0, 0}));
}

}  // namespace
}  // namespace tamis::recommend
