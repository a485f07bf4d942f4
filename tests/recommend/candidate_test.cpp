#include "tamis/recommend/candidate.h"

#include <cmath>
#include <stdexcept>
#include <thread>

#include "tamis/base/parallel.h"
#include "tests/recommend/small_log.h"

namespace tamis::recommend {
namespace {

using data::Index;
using data::kDay;
using Family = Spec::Family;

Spec of(Family family) {
  Spec spec;
  spec.family = family;
  return spec;
}

/// One spec of each family.
std::vector<Spec> one_of_each() {
  Spec blend = of(Family::blend);
  blend.parts = {{1, of(Family::item_knn)}, {0.5, of(Family::content)}, {0.25, of(Family::popularity)}};
  return {of(Family::random), of(Family::popularity), of(Family::item_knn), of(Family::content), blend};
}

/// What every ranker must keep to, by family.
class EveryRanker : public testing::TestWithParam<std::size_t> {
 protected:
  Spec spec() const { return one_of_each()[GetParam()]; }
  /// Families that read the user's history.
  bool personal_family() const { return GetParam() >= 2; }

  data::Items items_ = texted_items(80, 1);
  data::EventLog log_ = random_log(3000, 60, 80, 1);
  data::Histories histories_{log_, 60};
  std::vector<Index> candidates_ = first_items(80);
};

TEST_P(EveryRanker, GivesFiniteScoresThatRepeat) {
  const auto ranker = Fitter(log_, items_, 60 * kDay).fit(spec());
  const auto again = Fitter(log_, items_, 60 * kDay).fit(spec());
  for (Index user = 0; user < 60; ++user) {
    const data::Request request = {user, 60 * kDay, user, histories_.before(user, 60 * kDay), candidates_};
    const auto scores = scores_of(*ranker, request);
    for (const float score : scores) ASSERT_TRUE(std::isfinite(score));
    ASSERT_EQ(scores, scores_of(*again, request));
  }
}

TEST_P(EveryRanker, DoesNotSeePastTheTimeOfFitting) {
  data::EventLog known;
  for (std::size_t i = 0; i < log_.size(); ++i) {
    if (log_.known_time(i) < 60 * kDay) known.append(log_.row(i));
  }
  const auto ranker = Fitter(log_, items_, 60 * kDay).fit(spec());
  const auto blind = Fitter(known, items_, 60 * kDay).fit(spec());
  const data::Request request = {3, 60 * kDay, 9, histories_.before(3, 60 * kDay), candidates_};
  EXPECT_EQ(scores_of(*ranker, request), scores_of(*blind, request));
}

TEST_P(EveryRanker, ServesAUserWithoutHistoryByPopularity) {
  Fitter fitter(log_, items_, 60 * kDay);
  const auto ranker = fitter.fit(spec());
  bool personal = false;
  for (const Index user : {Index{3}, Index{12345}, data::kNone}) {
    const data::Request request = {user, 60 * kDay, 1, {}, candidates_};
    scores_of(*ranker, request, &personal);
    if (!personal_family()) continue;
    const auto popular = data::rank(*fitter.fit(of(Family::popularity)), request, 80);
    if (spec().family == Family::blend) {
      EXPECT_TRUE(personal);  // its popularity part never falls back
    } else {
      EXPECT_FALSE(personal);
    }
    EXPECT_EQ(data::rank(*ranker, request, 80), popular);
  }
}

TEST_P(EveryRanker, BearsEmptyLogsAndUnknownItems) {
  const data::EventLog empty;
  const auto ranker = Fitter(empty, items_, 60 * kDay).fit(spec());
  const std::vector<data::Interaction> history = {{1, 0, 0}, {4000, 0, 0}};
  const std::vector<Index> candidates = {5, 4000, 1};
  const auto scores = scores_of(*ranker, {0, kDay, 1, history, candidates});
  for (const float score : scores) EXPECT_TRUE(std::isfinite(score));
  const auto none = Fitter(empty, data::Items{}, kDay).fit(spec());
  EXPECT_TRUE(scores_of(*none, {0, kDay, 1, history, {}}).empty());
  EXPECT_TRUE(std::isfinite(scores_of(*none, {0, kDay, 1, history, candidates})[0]));
}

TEST_P(EveryRanker, ScoresTheSameOnManyThreads) {
  const auto ranker = Fitter(log_, items_, 60 * kDay).fit(spec());
  const auto request_of = [&](Index user) {
    return data::Request{user, 60 * kDay, user, histories_.before(user, 60 * kDay), candidates_};
  };
  std::vector<std::vector<float>> alone(60), together(60);
  for (Index user = 0; user < 60; ++user) alone[user] = scores_of(*ranker, request_of(user));
  std::vector<std::thread> threads;
  for (Index part = 0; part < 3; ++part) {
    threads.emplace_back([&, part] {
      for (Index user = part; user < 60; user += 3) together[user] = scores_of(*ranker, request_of(user));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(alone, together);
}

INSTANTIATE_TEST_SUITE_P(Families, EveryRanker, testing::Range<std::size_t>(0, 5));

TEST(Fitter, FitsEqualSpecsOnceAndSharesParts) {
  const auto items = texted_items(20, 1);
  const auto log = random_log(500, 20, 20, 1);
  Fitter fitter(log, items, 60 * kDay);
  EXPECT_EQ(fitter.texts(), nullptr);
  const auto specs = one_of_each();
  const auto knn = fitter.fit(specs[2]);
  const auto blend = fitter.fit(specs[4]);
  EXPECT_EQ(fitter.fit(specs[2]), knn);
  EXPECT_EQ(fitter.fit(specs[4]), blend);
  EXPECT_GE(knn.use_count(), 3);  // here, in the fitter and in the blend
  Spec other = specs[2];
  other.neighbours = 3;
  EXPECT_NE(fitter.fit(other), knn);
}

TEST(Fitter, HandsTheWordsOn) {
  const auto items = texted_items(20, 1);
  const auto log = random_log(500, 20, 20, 1);
  Fitter first(log, items, 60 * kDay);
  const auto early = first.fit(of(Family::content));
  Fitter second(log, items, 61 * kDay, first.texts());
  const auto later = second.fit(of(Family::content));
  EXPECT_EQ(second.texts(), first.texts());
  const std::vector<data::Interaction> history = {{0, 0, 0}, {2, 0, 0}};
  const auto candidates = first_items(20);
  const data::Request request = {0, 61 * kDay, 0, history, candidates};
  EXPECT_EQ(scores_of(*early, request), scores_of(*later, request));
}

TEST(Fitter, RankersOutliveIt) {
  const auto items = texted_items(20, 1);
  const auto log = random_log(500, 20, 20, 1);
  data::Fitted blend;
  {
    Fitter fitter(log, items, 60 * kDay);
    blend = fitter.fit(one_of_each()[4]);
  }
  const auto candidates = first_items(20);
  EXPECT_EQ(scores_of(*blend, {0, kDay, 0, {}, candidates}).size(), 20U);
}

TEST(Fitter, RefusesABlendOfBlends) {
  const auto items = texted_items(20, 1);
  const data::EventLog log;
  Fitter fitter(log, items, kDay);
  Spec outer = of(Family::blend);
  EXPECT_THROW(fitter.fit(outer), std::invalid_argument);
  outer.parts = {{1, one_of_each()[4]}};
  EXPECT_THROW(fitter.fit(outer), std::invalid_argument);
}

TEST(RandomRanker, DrawsAnewForEachRequestAndSeed) {
  Spec spec = of(Family::random);
  const data::EventLog log;
  const auto items = bare_items(50);
  Fitter fitter(log, items, kDay);
  const auto a = fitter.fit(spec);
  spec.seed = 1;
  const auto b = fitter.fit(spec);
  const auto candidates = first_items(50);
  const data::Request one = {3, kDay, 1, {}, candidates}, two = {3, kDay, 2, {}, candidates};
  EXPECT_EQ(scores_of(*a, one), scores_of(*a, one));
  EXPECT_NE(scores_of(*a, one), scores_of(*a, two));
  EXPECT_NE(scores_of(*a, one), scores_of(*b, one));
}

}  // namespace
}  // namespace tamis::recommend
