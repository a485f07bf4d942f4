#include "tamis/recommend/item_knn.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "tamis/base/parallel.h"
#include "tests/recommend/small_log.h"
#include "tests/reference/naive_knn.h"

namespace tamis::recommend {
namespace {

using data::Index;
using data::kDay;

/// Users 0 and 1 clicked items 0 and 1, user 2 items 0 and 2, users 3 to 5 item 3 alone.
data::EventLog hand_log() {
  data::EventLog log;
  const std::vector<std::pair<Index, Index>> clicks = {{0, 0}, {0, 1}, {1, 0}, {1, 1}, {2, 0},
                                                       {2, 2}, {3, 3}, {4, 3}, {5, 3}};
  for (const auto& [user, item] : clicks) log.append({.user = user, .item = item, .event_time = kDay});
  return log;
}

TEST(ItemKnn, ScoresByHand) {
  ItemKnn knn(10, 1, 10, 0);
  knn.fit(hand_log(), bare_items(5), 10 * kDay);
  const std::vector<data::Interaction> history = {{0, 0, 2 * kDay}};
  const auto candidates = first_items(5);
  bool personal = false;
  const auto scores = scores_of(knn, {0, 10 * kDay, 0, history, candidates}, &personal);
  EXPECT_TRUE(personal);
  const double to_1 = 2 / (std::sqrt(6.0) + 1), to_2 = 1 / (std::sqrt(3.0) + 1);
  // Clicks of 0..4: 3, 2, 1, 3, 0; the tie is half the smallest similarity times the share of 3.
  EXPECT_NEAR(scores[0], to_2 / 2, 1e-6);
  EXPECT_NEAR(scores[1], to_1 + to_2 / 2 * 2 / 3, 1e-6);
  EXPECT_NEAR(scores[2], to_2 + to_2 / 2 / 3, 1e-6);
  EXPECT_NEAR(scores[3], to_2 / 2, 1e-6);
  EXPECT_EQ(scores[4], 0.0F);
}

TEST(ItemKnn, AgreesWithTheNaiveReference) {
  constexpr std::size_t kItems = 60;
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const auto log = random_log(1500, 80, kItems, seed);
    const int neighbours = seed % 2 == 0 ? 7 : 1000;
    const double shrinkage = seed % 3 == 0 ? 0 : 2.5;
    const int profile = seed < 3 ? 4 : 100;
    const data::Time half_life = seed % 2 == 0 ? 0 : 15 * kDay;
    const data::Time until = 70 * kDay;
    ItemKnn knn(neighbours, shrinkage, profile, half_life);
    knn.fit(log, bare_items(kItems), until);
    const reference::NaiveKnn naive(log, kItems, until, static_cast<std::size_t>(neighbours), shrinkage);
    const data::Histories histories(log, 80);
    const auto candidates = first_items(kItems);
    for (Index user = 0; user < 80; ++user) {
      auto history = histories.before(user, until);
      bool personal = false;
      const auto scores = scores_of(knn, {user, until, 0, history, candidates}, &personal);
      if (!personal) continue;
      if (history.size() > static_cast<std::size_t>(profile)) history = history.last(static_cast<std::size_t>(profile));
      double least = std::numeric_limits<double>::max();  // the smallest score of an item with evidence
      for (Index item = 0; item < kItems; ++item) {
        const double exact = naive.score(history, until, static_cast<double>(half_life), item);
        if (exact > 0) least = std::min(least, exact);
      }
      for (Index item = 0; item < kItems; ++item) {
        const double exact = naive.score(history, until, static_cast<double>(half_life), item);
        ASSERT_GE(scores[item], exact * (1 - 1e-5));
        ASSERT_LE(scores[item], exact * (1 + 1e-5) + 0.51 * least) << "seed " << seed << " user " << user;
        ASSERT_TRUE(exact > 0 || scores[item] < least);
      }
    }
  }
}

TEST(ItemKnn, WithoutEvidenceItemsAreInOrderOfPopularity) {
  const auto log = random_log(3000, 200, 100, 3);
  const auto items = bare_items(100);
  ItemKnn knn(3, 10, 10, 10 * kDay);
  knn.fit(log, items, 100 * kDay);
  Popularity popularity(0);
  popularity.fit(log, items, 100 * kDay);
  const reference::NaiveKnn naive(log, 100, 100 * kDay, 3, 10);
  const std::vector<data::Interaction> history = {{7, 0, 30 * kDay}, {2, 0, 90 * kDay}};
  const auto candidates = first_items(100);
  const auto scores = scores_of(knn, {0, 100 * kDay, 0, history, candidates});
  for (Index a = 0; a < 100; ++a) {
    for (Index b = 0; b < 100; ++b) {
      if (naive.score(history, 0, 0, a) > 0 || naive.score(history, 0, 0, b) > 0) continue;
      ASSERT_EQ(scores[a] < scores[b], popularity.weight(a) < popularity.weight(b));
    }
  }
}

TEST(ItemKnn, LearnsOnlyWhatWasKnown) {
  const auto late = random_log(2000, 50, 40, 5);
  data::EventLog known;
  for (std::size_t i = 0; i < late.size(); ++i) {
    if (late.known_time(i) < 50 * kDay) known.append(late.row(i));
  }
  ItemKnn a(5, 1, 20, 0), b(5, 1, 20, 0);
  a.fit(late, bare_items(40), 50 * kDay);
  b.fit(known, bare_items(40), 1000 * kDay);
  const std::vector<data::Interaction> history = {{1, 0, 0}, {3, 0, 0}, {9, 0, 0}};
  const auto candidates = first_items(40);
  const data::Request request = {0, 60 * kDay, 0, history, candidates};
  EXPECT_EQ(scores_of(a, request), scores_of(b, request));
}

TEST(ItemKnn, CountsTheLatestClicksOfBusyUsers) {
  // One user clicks items 0 and 1 early, then item 2 for 499 times and item 3: only 2 and 3 are still together.
  data::EventLog log;
  log.append({.item = 0, .event_time = 1});
  log.append({.item = 1, .event_time = 2});
  for (data::Time i = 0; i < 499; ++i) log.append({.item = 2, .event_time = 3 + i});
  log.append({.item = 3, .event_time = 600});
  ItemKnn knn(10, 0, 10, 0);
  knn.fit(log, bare_items(4), kDay);
  const auto candidates = first_items(4);
  const std::vector<data::Interaction> old_history = {{0, 0, 1}}, new_history = {{3, 0, 1}};
  bool personal = true;
  scores_of(knn, {0, kDay, 0, old_history, candidates}, &personal);
  EXPECT_FALSE(personal);
  const auto scores = scores_of(knn, {0, kDay, 0, new_history, candidates}, &personal);
  EXPECT_TRUE(personal);
  EXPECT_GE(scores[2], 1.0F);
  EXPECT_LT(scores[0], 0.5F);
}

TEST(ItemKnn, GivesTheSameBitsOnAnyNumberOfThreads) {
  const int before = threads();
  const auto log = random_log(5000, 300, 150, 8);
  const auto candidates = first_items(150);
  const std::vector<data::Interaction> history = {{0, 0, 0}, {5, 0, kDay}, {5, 0, 3 * kDay}, {70, 0, 9 * kDay}};
  std::vector<std::vector<float>> scores;
  for (const int count : {1, 2, 3}) {
    set_threads(count);
    ItemKnn knn(12, 3, 50, 30 * kDay);
    knn.fit(log, bare_items(150), 90 * kDay);
    scores.push_back(scores_of(knn, {0, 95 * kDay, 0, history, candidates}));
  }
  set_threads(before);
  EXPECT_EQ(scores[0], scores[1]);
  EXPECT_EQ(scores[0], scores[2]);
}

TEST(ItemKnn, LeavesNothingBehindBetweenRequests) {
  const auto log = random_log(2000, 100, 50, 11);
  ItemKnn knn(20, 1, 50, 0);
  knn.fit(log, bare_items(50), 100 * kDay);
  const auto candidates = first_items(50);
  const std::vector<data::Interaction> one = {{3, 0, 0}}, other = {{4, 0, 0}, {8, 0, 0}};
  const auto first = scores_of(knn, {0, kDay, 0, one, candidates});
  scores_of(knn, {0, kDay, 0, other, candidates});
  EXPECT_EQ(scores_of(knn, {0, kDay, 0, one, candidates}), first);
}

TEST(ItemKnn, AVeryOldHistoryStillRanks) {
  ItemKnn knn(10, 1, 10, kDay);
  knn.fit(hand_log(), bare_items(5), 10 * kDay);
  const std::vector<data::Interaction> history = {{0, 0, 0}};
  const auto candidates = first_items(5);
  const auto scores = scores_of(knn, {0, 60 * kDay, 0, history, candidates});
  EXPECT_GT(scores[1], scores[2]);
  EXPECT_GT(scores[2], scores[3]);
  EXPECT_GT(scores[3], scores[4]);
  bool personal = true;
  scores_of(knn, {0, 100000 * kDay, 0, history, candidates}, &personal);
  EXPECT_FALSE(personal);
}

TEST(ItemKnn, RefusesWhatItCannotDo) {
  EXPECT_THROW(ItemKnn(0, 1, 1, 0), std::invalid_argument);
  EXPECT_THROW(ItemKnn(1, -1, 1, 0), std::invalid_argument);
  EXPECT_THROW(ItemKnn(1, std::nan(""), 1, 0), std::invalid_argument);
  EXPECT_THROW(ItemKnn(1, 0, 0, 0), std::invalid_argument);
  EXPECT_THROW(ItemKnn(1, 0, 1, -1), std::invalid_argument);
}

}  // namespace
}  // namespace tamis::recommend
