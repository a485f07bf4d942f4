#include "tamis/evidence/replay/daily.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <stdexcept>

#include "tamis/base/parallel.h"
#include "tamis/base/random.h"

namespace tamis::replay {
namespace {

using data::Index;
using data::kDay;
using data::Time;
using metrics::Metric;

using Items = std::vector<Index>;

Time day(double days) {
  return static_cast<Time>(std::llround(days * static_cast<double>(kDay)));
}

// What a ranker was asked, copied.
struct Asked {
  Time until = 0;
  Index user = 0;
  Time time = 0;
  Items history;
  std::vector<Time> history_times;
  Items candidates;
};

struct Witness {
  std::mutex guard;
  std::vector<Time> fits;
  std::vector<Asked> asked;

  // By time, since the questions of a step come in any order.
  std::vector<Asked> in_order() {
    std::sort(asked.begin(), asked.end(), [](const Asked& a, const Asked& b) { return a.time < b.time; });
    return asked;
  }
};

// Prefers items of low number, and notes what it was asked.
class LowestFirst : public data::Ranker {
 public:
  LowestFirst(Witness& witness, Time until) : witness_(witness), until_(until) {}
  void fit(const data::EventLog&, const data::Items&, Time) override {}
  bool score(const data::Request& request, std::span<float> scores) const override {
    Asked asked{until_, request.user, request.time, {}, {}, {request.candidates.begin(), request.candidates.end()}};
    for (const data::Interaction& past : request.history) {
      asked.history.push_back(past.item);
      asked.history_times.push_back(past.time);
    }
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = -static_cast<float>(request.candidates[i]);
    const std::lock_guard lock(witness_.guard);
    witness_.asked.push_back(std::move(asked));
    return !request.history.empty();
  }

 private:
  Witness& witness_;
  Time until_;
};

struct World {
  data::EventLog log;
  std::size_t users = 0;

  void click(Index user, Index item, Time time, Time known = 0, Index request = data::kNone) {
    add({user, item, data::Event::click, 1, 0, request, time, std::max(known, time)});
  }
  void show(Index user, Index item, Time time, Index request, std::uint16_t position) {
    add({user, item, data::Event::impression, 0, position, request, time, time});
  }
  void add(const data::Row& row) {
    users = std::max<std::size_t>(users, row.user + std::size_t{1});
    log.append(row);
  }
};

Result run(World& world, std::span<const StepQuestions> asked, const Items& catalogue,
           const std::vector<std::string>& names, Witness& witness) {
  std::vector<Metric> deciding;
  for (const std::string& name : names) deciding.push_back(Metric::parse(name));
  const data::Histories histories(world.log, world.users);
  Progress progress;
  const Fit fit = [&](Time until) -> data::Fitted {
    witness.fits.push_back(until);
    return std::make_shared<LowestFirst>(witness, until);
  };
  return daily(asked, fit, histories, world.users, catalogue, deciding, metrics::Ties::average, progress);
}

// User 0 clicked items 0 and 1 long ago, user 1 is new on day 10; no lists were logged.
World clicks_only() {
  World world;
  world.click(0, 0, day(0));
  world.click(0, 1, day(1));
  world.click(0, 5, day(9), day(10.4));  // became known late
  world.click(0, 2, day(10.2));
  world.click(1, 3, day(10.3));
  world.click(0, 4, day(10.5));
  world.click(1, 4, day(11.1));
  world.log.sort_by_time();
  return world;
}

TEST(Daily, ScoresEachStepOnWhatWasKnownThen) {
  World world = clicks_only();
  const auto asked = steps(world.log, day(10), day(12), kDay);
  Witness witness;
  const Result result = run(world, asked, {0, 1, 2, 3, 4, 5}, {"mrr", "recall@2"}, witness);

  EXPECT_EQ(witness.fits, (std::vector<Time>{day(10), day(11)}));
  const auto requests = witness.in_order();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].user, 0U);
  EXPECT_EQ(requests[0].time, day(10.2));
  EXPECT_EQ(requests[0].until, day(10));
  EXPECT_EQ(requests[0].history, (Items{0, 1}));
  EXPECT_EQ(requests[0].candidates, (Items{2, 3, 4, 5}));
  EXPECT_EQ(requests[1].history, Items{});
  EXPECT_EQ(requests[1].candidates, (Items{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(requests[2].until, day(11));
  EXPECT_EQ(requests[2].history, Items{3});
  EXPECT_EQ(requests[2].candidates, (Items{0, 1, 2, 4, 5}));

  // Day 10: user 0 clicked 2 and 4 of 2 3 4 5: mrr 1, recall@2 1/2. User 1 clicked 3 of 0 .. 5: mrr 1/4, recall@2 0.
  // Day 11: user 1 clicked 4 of 0 1 2 4 5: mrr 1/4.
  ASSERT_EQ(result.steps.size(), 2U);
  EXPECT_EQ(result.steps[0].from, day(10));
  EXPECT_EQ(result.steps[0].questions, 2U);
  EXPECT_EQ(result.steps[0].users, 2U);
  EXPECT_EQ(result.steps[0].cold, 1U);
  EXPECT_DOUBLE_EQ(result.steps[0].value.value(), (1 + 0.25) / 2);
  EXPECT_EQ(result.steps[1].questions, 1U);
  EXPECT_EQ(result.steps[1].cold, 0U);
  EXPECT_DOUBLE_EQ(result.steps[1].value.value(), 0.25);
  ASSERT_EQ(result.per_user.size(), 2U);
  EXPECT_EQ(result.per_user[0].users, (Items{0, 1}));
  EXPECT_EQ(result.per_user[0].values, (std::vector<double>{1, 0.25}));
  EXPECT_EQ(result.per_user[1].values, (std::vector<double>{0.5, 0}));
  EXPECT_EQ(result.unmeasured, 0U);
}

TEST(Daily, AsksAboutTheListThatWasShown) {
  World world;
  world.click(0, 7, day(1));
  for (const Index request : {0U, 1U}) {
    const Time at = day(2 + request);
    world.show(0, 7, at, request, 1);
    world.show(0, 3, at, request, 2);
    world.show(0, 5, at, request, 3);
  }
  world.click(0, 5, day(2) + 5 * data::kSecond, 0, 0);
  world.click(0, 7, day(3) + 5 * data::kSecond, 0, 1);
  world.click(0, 6, day(3));  // known at the moment of the second list, not before it
  world.log.sort_by_time();
  const auto asked = steps(world.log, day(2), day(4), 2 * kDay);
  Witness witness;
  const Result result = run(world, asked, {1, 2, 3}, {"mrr"}, witness);
  const auto requests = witness.in_order();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].candidates, (Items{7, 3, 5}));
  EXPECT_EQ(requests[0].history, Items{7});
  EXPECT_EQ(requests[1].history, (Items{7, 5}));
  // Lowest first: 3 5 7, so 5 is second and 7 third; one user with two questions.
  EXPECT_EQ(result.per_user[0].values, (std::vector<double>{(0.5 + 1.0 / 3) / 2}));
  EXPECT_EQ(result.steps[0].questions, 2U);
  EXPECT_EQ(result.steps[0].users, 1U);
}

TEST(Daily, KeepsWhatWasClickedAmongTheChoices) {
  World world;
  world.click(0, 1, day(1));
  world.click(0, 2, day(1.5));
  world.log.sort_by_time();
  // Item 1 again, and item 9, which the catalogue lacks.
  std::vector<StepQuestions> asked(1);
  asked[0] = {day(2), {}};
  asked[0].questions.list.push_back({0, day(2), 0, {}, {9, 1}});
  Witness witness;
  const Result result = run(world, asked, {0, 1, 2, 3}, {"mrr"}, witness);
  EXPECT_EQ(witness.in_order()[0].candidates, (Items{0, 1, 3, 9}));
  EXPECT_EQ(result.per_user[0].values, (std::vector<double>{0.5}));
}

TEST(Daily, CountsQuestionsThatNoMetricCanJudge) {
  World world;
  world.show(0, 1, day(1), 0, 1);
  world.show(0, 2, day(1), 0, 2);
  world.click(0, 1, day(1) + 1, 0, 0);
  world.click(0, 2, day(1) + 2, 0, 0);
  world.log.sort_by_time();
  const auto asked = steps(world.log, day(1), day(3), kDay);
  EXPECT_EQ(asked[0].questions.all_clicked, 1U);
  Witness witness;
  const Result result = run(world, asked, {}, {"auc", "mrr"}, witness);
  EXPECT_EQ(result.unmeasured, 1U);
  EXPECT_FALSE(result.steps[0].value.has_value());
  EXPECT_EQ(result.steps[0].questions, 1U);
  EXPECT_FALSE(result.steps[1].value.has_value());
  EXPECT_TRUE(result.per_user[0].users.empty());
  EXPECT_EQ(result.per_user[1].values, (std::vector<double>{1}));
}

TEST(Daily, NeverShowsTheFutureAndIsTheSameAtAnyNumberOfThreads) {
  World world;
  Stream stream(1, "clicks");
  std::map<std::pair<Index, Time>, Time> known_at;
  for (int i = 0; i < 600; ++i) {
    const auto user = static_cast<Index>(stream.below(20));
    const Time time = static_cast<Time>(stream.below(static_cast<std::uint64_t>(20 * kDay)));
    const Time known = time + static_cast<Time>(stream.below(static_cast<std::uint64_t>(2 * kDay)));
    known_at[{user, time}] = known;
    world.click(user, static_cast<Index>(stream.below(30)), time, known);
  }
  world.log.sort_by_time();
  Items catalogue;
  for (Index item = 0; item < 30; ++item) catalogue.push_back(item);
  const auto asked = steps(world.log, day(10), day(20), kDay);
  const int before = threads();
  std::vector<Result> results;
  for (const int count : {1, 2, 5}) {
    set_threads(count);
    Witness witness;
    results.push_back(run(world, asked, catalogue, {"ndcg@5", "auc"}, witness));
    EXPECT_GT(witness.asked.size(), 100U);
    for (const Asked& request : witness.asked) {
      EXPECT_LE(request.until, request.time);
      EXPECT_LT(request.time - request.until, kDay);
      for (const Time past : request.history_times) EXPECT_LT(known_at.at({request.user, past}), request.time);
    }
  }
  set_threads(before);
  for (const Result& other : results) {
    for (std::size_t m = 0; m < 2; ++m) {
      EXPECT_EQ(other.per_user[m].users, results[0].per_user[m].users);
      EXPECT_EQ(other.per_user[m].values, results[0].per_user[m].values);
    }
    for (std::size_t s = 0; s < other.steps.size(); ++s) EXPECT_EQ(other.steps[s].value, results[0].steps[s].value);
  }
}

TEST(Steps, CutTheSpanAndKeepEmptyOnes) {
  World world = clicks_only();
  const auto cut = steps(world.log, day(8.5), day(11.6), kDay);
  ASSERT_EQ(cut.size(), 4U);
  EXPECT_EQ(cut[1].from, day(9.5));
  EXPECT_EQ(cut[3].from, day(11.5));
  EXPECT_EQ(cut[0].questions.list.size(), 1U);  // item 5 at day 9
  EXPECT_EQ(cut[1].questions.list.size(), 2U);
  EXPECT_EQ(cut[2].questions.list.size(), 2U);  // user 0 at 10.5, user 1 at 11.1
  EXPECT_EQ(cut[3].questions.list.size(), 0U);
  EXPECT_EQ(steps(world.log, day(10), day(12), 1000 * kDay).size(), 1U);
}

TEST(Steps, KeepTheClickOfAListShownJustBeforeTheEnd) {
  World world;
  world.show(0, 1, day(2) - 1, 0, 1);
  world.show(0, 2, day(2) - 1, 0, 2);
  world.click(0, 2, day(2) + 1, 0, 0);
  world.log.sort_by_time();
  const auto cut = steps(world.log, day(1), day(3), kDay);
  ASSERT_EQ(cut[0].questions.list.size(), 1U);
  EXPECT_EQ(cut[0].questions.list[0].clicked, Items{2});
  EXPECT_TRUE(cut[1].questions.list.empty());
}

TEST(Replay, RefusesWhatItCannotDo) {
  World world = clicks_only();
  EXPECT_THROW(steps(world.log, day(3), day(3), kDay), std::invalid_argument);
  EXPECT_THROW(steps(world.log, day(3), day(4), 0), std::invalid_argument);
  const auto asked = steps(world.log, day(10), day(12), kDay);
  Witness witness;
  EXPECT_THROW(run(world, asked, {1}, {}, witness), std::invalid_argument);
  const data::Histories histories(world.log, world.users);
  const std::vector<Metric> mrr = {Metric::parse("mrr")};
  Progress progress;
  EXPECT_THROW(daily(
                   asked, [](Time) { return data::Fitted(); }, histories, world.users, {}, mrr, metrics::Ties::average,
                   progress),
               std::invalid_argument);
}

TEST(UserMeans, IsAMonoid) {
  const std::pair<Index, double> values[] = {{2, 1.5}, {0, 4}, {2, 0.5}, {0, 2}, {3, 8}};
  data::UserMeans whole(5);
  data::UserMeans left(5);
  data::UserMeans right(5);
  for (std::size_t i = 0; i < 5; ++i) {
    whole.update(values[i].first, values[i].second);
    (i < 2 ? left : right).update(values[i].first, values[i].second);
  }
  data::UserMeans merged(5);
  merged.merge(left);
  merged.merge(data::UserMeans(5));
  merged.merge(right);
  EXPECT_EQ(merged.value().users, (Items{0, 2, 3}));
  EXPECT_EQ(merged.value().values, (std::vector<double>{3, 1, 8}));
  EXPECT_EQ(whole.value().values, merged.value().values);
}

}  // namespace
}  // namespace tamis::replay
