#include "tamis/sift/evaluate_folds.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <tuple>

#include "tests/base/scratch.h"
#include "tests/sift/evaluate_scene.h"

namespace tamis::sift {
namespace {

TEST(LogFolds, ByUsersAskForTheLatestOfUsersNotFittedOn) {
  const Scene scene = scene_of(clicks(600, 40, 30, 1), 30);
  const Clicks all = clicks_of(scene.data.log);
  const LogFolds folds(scene, split_of(FoldKind::kfold), 0);
  ASSERT_EQ(folds.size(), 4U);
  std::set<Index> asked_users;
  for (std::size_t f = 0; f < folds.size(); ++f) {
    const LogFold fold = folds.make(f);
    const Clicks train = clicks_of(fold.train);
    EXPECT_EQ(fold.train_units, train.size());
    EXPECT_EQ(fold.train_units + fold.test_units, 40U);
    for (const auto& [user, items] : train) EXPECT_EQ(items, all.at(user)) << "fitted on whole";
    for (const data::Question& question : fold.questions.list) {
      EXPECT_EQ(train.count(question.user), 0U);
      EXPECT_TRUE(asked_users.insert(question.user).second) << "asked in one fold only";
      EXPECT_TRUE(question.shown.empty());
      const auto before = items_of(fold.histories->before(question.user, question.time));
      for (const Index item : question.clicked) EXPECT_FALSE(std::binary_search(before.begin(), before.end(), item));
      // History: of all the user's clicks but the asked fifth, those known by the time.
      const auto whole = fold.histories->before(question.user, folds.make(f).until);
      const auto m = all.at(question.user).size();
      const auto asked = std::max<std::size_t>(1, static_cast<std::size_t>(std::llround(0.2 * static_cast<double>(m))));
      EXPECT_EQ(whole.size(), m - asked);
      for (const data::Interaction& past : whole) EXPECT_LT(past.time, question.time);
    }
  }
}

TEST(LogFolds, ByEventsAskForWhatIsNotFittedOn) {
  const Scene scene = scene_of(clicks(600, 40, 30, 2), 30);
  const LogFolds folds(scene, split_of(FoldKind::kfold, FoldUnit::events), 0);
  std::size_t held = 0;
  for (std::size_t f = 0; f < folds.size(); ++f) {
    const LogFold fold = folds.make(f);
    EXPECT_EQ(fold.train.size(), 450U);
    EXPECT_EQ(fold.train_units, 450U);
    EXPECT_EQ(fold.test_units, 150U);
    held += fold.test_units;
    const Clicks train = clicks_of(fold.train);
    for (const data::Question& question : fold.questions.list) {
      const auto found = train.find(question.user);
      const auto history = items_of(fold.histories->before(question.user, question.time));
      EXPECT_EQ(history, found == train.end() ? std::vector<Index>{} : found->second);
      for (const Index item : question.clicked) EXPECT_FALSE(std::binary_search(history.begin(), history.end(), item));
    }
  }
  EXPECT_EQ(held, 600U);
}

TEST(LogFolds, KeepListsWhole) {
  const Scene scene = scene_of(lists(400, 30, 20, 3), 20);
  for (const FoldUnit by : {FoldUnit::events, FoldUnit::users}) {
    const LogFolds folds(scene, split_of(FoldKind::kfold, by), 0);
    const LogFold fold = folds.make(0);
    std::set<Index> fitted;
    for (std::size_t i = 0; i < fold.train.size(); ++i) fitted.insert(fold.train.request(i));
    for (const data::Question& question : fold.questions.list) {
      EXPECT_EQ(fitted.count(static_cast<Index>(question.id)), 0U);
      EXPECT_EQ(question.shown.size(), 4U);
      for (const data::Interaction& past : fold.histories->before(question.user, question.time))
        EXPECT_LT(past.time, question.time);
    }
    if (by == FoldUnit::events) {
      EXPECT_EQ(fold.train_units + fold.test_units, 400U);
    }
  }
}

TEST(LogFolds, LeaveLastAsksForTheLastAndCountsWhatIsLater) {
  data::EventLog log;
  for (const char* name : {"a", "b"}) log.users.add(name);
  for (const auto& [user, item, time] : {std::tuple{0U, 0U, 1}, {0U, 1U, 2}, {1U, 2U, 3}, {1U, 1U, 4}, {1U, 3U, 4}})
    log.append({.user = user, .item = item, .event_time = time, .known_time = time});
  const Scene scene = scene_of(log, 5);
  const LogFold fold = LogFolds(scene, split_of(FoldKind::leave_last), 0).make(0);
  ASSERT_EQ(fold.questions.list.size(), 2U);
  EXPECT_EQ(fold.questions.list[0].clicked, (std::vector<Index>{1}));
  EXPECT_EQ(fold.questions.list[1].clicked, (std::vector<Index>{3}));
  EXPECT_EQ(items_of(fold.histories->before(1, fold.questions.list[1].time)), (std::vector<Index>{1, 2}))
      << "a click of the same instant is history";
  EXPECT_EQ(fold.train.size(), 3U);
  EXPECT_EQ(fold.later, 2U) << "b's clicks at 3 and 4 are after what a is asked at 2";
}

TEST(LogFolds, ABootstrapFitsOnUsersAsOftenAsDrawn) {
  const Scene scene = scene_of(clicks(600, 40, 30, 4), 30);
  const Clicks all = clicks_of(scene.data.log);
  const LogFolds folds(scene, split_of(FoldKind::bootstrap), 0);
  ASSERT_EQ(folds.size(), 5U);
  for (std::size_t f = 0; f < folds.size(); ++f) {
    const LogFold fold = folds.make(f);
    std::set<Index> distinct;
    const Clicks train = clicks_of(fold.train);
    EXPECT_EQ(train.size(), 40U) << "each drawn user is a user";
    for (const auto& [user, items] : train) {
      EXPECT_EQ(items, all.at(user % 40));
      distinct.insert(user % 40);
    }
    EXPECT_EQ(fold.train_units, distinct.size());
    EXPECT_EQ(fold.test_units, 40 - distinct.size());
    for (const data::Question& question : fold.questions.list) EXPECT_EQ(distinct.count(question.user), 0U);
  }
  EXPECT_EQ(clicks_of(folds.whole()), all);
  EXPECT_EQ(LogFolds(scene, split_of(FoldKind::bootstrap, FoldUnit::events), 0).make(0).train.size(), 600U);
}

TEST(LogFolds, RefuseWhatTheLogCannotHave) {
  const Scene scene = scene_of(clicks(60, 5, 10, 4), 10);
  const auto refuse = [&](FoldPlan split, const std::string& says) {
    const auto message = test::message_of<std::invalid_argument>([&] { LogFolds(scene, split, 0).make(0); });
    EXPECT_EQ(message.find("[plan.toml line 3] "), 0U) << message;
    EXPECT_NE(message.find(says), std::string::npos) << message;
  };
  FoldPlan split = split_of(FoldKind::kfold);
  split.folds = 6;
  refuse(split, "6 folds of 5 groups");
  split = split_of(FoldKind::rolling);
  split.train = 50 * data::kDay;
  split.test = 20 * data::kDay;
  refuse(split, "not one window fits");
  split = split_of(FoldKind::leave_last);
  split.last = 60;
  refuse(split, "no user has more than 60 rows");
  split = split_of(FoldKind::time);
  split.test = 100 * data::kDay;
  refuse(split, "no clicks to train on");
  split = split_of(FoldKind::kfold, FoldUnit::events);
  split.cold = data::Cold::only;
  EXPECT_NE(test::message_of<std::runtime_error>([&] { LogFolds(scene, split, 0).make(0); }).find("asks nothing"),
            std::string::npos);
}

}  // namespace
}  // namespace tamis::sift
