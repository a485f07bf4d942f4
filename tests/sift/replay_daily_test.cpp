#include "tamis/sift/replay_daily.h"

#include <cmath>
#include <stdexcept>

#include "tamis/base/file.h"
#include "tamis/base/parallel.h"
#include "tamis/sift/replay_daily_page.h"
#include "tests/base/scratch.h"

namespace tamis::sift {
namespace {

constexpr const char* kPlan = R"(
incumbent = "pop"
[data]
kind = "table"
log = "log.csv"
[[candidate]]
name = "pop"
family = "popularity"
[[candidate]]
name = "fresh"
family = "popularity"
half_life = "6h"
[[candidate]]
name = "random"
family = "random"
[[stage]]
kind = "replay"
metrics = ["mrr", "auc"]
test = "3d"
step = "1d"
resamples = 200
keep = 1
)";

/// Every hour one of five users is shown items 0 to 3 and clicks the one that is liked that day: day d likes d % 4.
std::string log_of(int days, int empty_day) {
  std::string text = "user,item,event,position,request,event_time\n";
  for (int hour = 0; hour < 24 * days; ++hour) {
    const int day = hour / 24;
    if (day == empty_day) continue;
    const auto row = [&](int item, const char* event) {
      text += "u" + std::to_string(hour % 5) + ",i" + std::to_string(item) + "," + event + "," +
              std::to_string(item + 1) + ",r" + std::to_string(hour) + "," + std::to_string(1704067200 + 3600 * hour) +
              "\n";
    };
    for (int item = 0; item < 4; ++item) row(item, "impression");
    row(day % 4, "click");
  }
  return text;
}

class ReplayDaily : public testing::Test {
 protected:
  ReplayDaily() {
    test::put(folder_ / "plan.toml", kPlan);
    test::put(folder_ / "log.csv", log_of(8, -1));
    options_.plan = folder_ / "plan.toml";
    options_.out = folder_ / "out";
    options_.cadences = {Cadence::frozen, Cadence::daily, Cadence::hourly};
    options_.from = time("2024-01-06");
    options_.until = time("2024-01-09");
  }
  static data::Time time(const char* text) {
    data::Time time = 0;
    EXPECT_TRUE(data::parse_time(text, time));
    return time;
  }
  DailyReplay run() {
    Progress progress;
    return replay_daily(options_, progress);
  }
  std::string refusal() {
    return test::message_of<std::invalid_argument>([&] { run(); });
  }

  test::Scratch folder_;
  DailyReplayOptions options_;
};

TEST_F(ReplayDaily, FitsAsOftenAsTheCadenceSays) {
  const DailyReplay replay = run();
  ASSERT_EQ(replay.days.size(), 3U);
  EXPECT_EQ(replay.metric, "mrr");
  EXPECT_EQ(replay.first, 0U);
  EXPECT_EQ(replay.freshest(), 2U);
  const auto value = [&](std::size_t day, Cadence cadence) {
    return replay.days[day].scores[replay.at(static_cast<std::size_t>(cadence), 1)].value.value();
  };
  // Days are numbered from 0: 5 likes 1, 6 likes 2, 7 likes 3. Before day 5 its lists, fresh ranks 0 3 2 1 by what was
  // liked last; every night that day's item comes to the top, and every hour as soon as it has been clicked.
  EXPECT_DOUBLE_EQ(value(0, Cadence::frozen), 1.0 / 4);
  EXPECT_DOUBLE_EQ(value(1, Cadence::frozen), 1.0 / 3);
  EXPECT_DOUBLE_EQ(value(2, Cadence::frozen), 1.0 / 2);
  for (std::size_t day = 0; day < 3; ++day) EXPECT_DOUBLE_EQ(value(day, Cadence::daily), 1.0 / 4);
  for (std::size_t day = 0; day < 3; ++day) EXPECT_GT(value(day, Cadence::hourly), 0.8);
  EXPECT_EQ(replay.days[0].questions, 24U);
  EXPECT_EQ(replay.days[0].users, 5U);
  EXPECT_EQ(replay.days[0].cold, 0U);
  EXPECT_EQ(replay.users, 5U);
}

TEST_F(ReplayDaily, TellsStalenessUserByUser) {
  const DailyReplay replay = run();
  for (std::size_t i = 0; i < replay.scores.size(); ++i) {
    const std::size_t fresh = replay.at(2, i % 3);
    EXPECT_NEAR(replay.staleness[i].value.value(), *replay.scores[fresh].value - *replay.scores[i].value, 1e-12);
    EXPECT_LE(replay.staleness[i].low.value(), *replay.staleness[i].value + 1e-12);
    EXPECT_LE(replay.scores[i].low.value(), *replay.scores[i].value);
    EXPECT_GE(replay.scores[i].high.value(), *replay.scores[i].value);
  }
  EXPECT_GT(replay.staleness[replay.at(0, 1)].low.value(), 0.3);
  EXPECT_EQ(replay.staleness[replay.at(0, 2)].value.value(), 0);  // random learns nothing
}

TEST_F(ReplayDaily, KeepsDoneDaysAndGivesTheSameAtAnyNumberOfThreads) {
  const int before = threads();
  set_threads(1);
  const DailyReplay whole = run();
  const std::string journal = read_file(folder_ / "out/daily_replay.jsonl");
  const std::string page = replay_daily_page(whole);
  set_threads(4);
  // Killed in the middle of the fifth piece.
  std::size_t end = 0;
  for (int line = 0; line < 5; ++line) end = journal.find('\n', end) + 1;
  test::put(folder_ / "out/daily_replay.jsonl", journal.substr(0, end + 20));
  options_.resume = true;
  const DailyReplay resumed = run();
  set_threads(before);
  EXPECT_EQ(resumed.resumed, 4U);
  EXPECT_EQ(read_file(folder_ / "out/daily_replay.jsonl"), journal);
  EXPECT_EQ(replay_daily_page(resumed), page);
}

TEST_F(ReplayDaily, AddsACadenceToDaysThatAreDone) {
  options_.cadences = {Cadence::daily};
  run();
  options_.resume = true;
  options_.cadences = {Cadence::hourly, Cadence::daily};
  const DailyReplay replay = run();
  EXPECT_EQ(replay.resumed, 3U);
  EXPECT_EQ(replay.freshest(), 0U);
  options_.out = folder_ / "other";
  EXPECT_EQ(replay_daily_page(run()), replay_daily_page(replay));
}

TEST_F(ReplayDaily, SaysThatADayIsEmpty) {
  test::put(folder_ / "log.csv", log_of(8, 6));
  const DailyReplay replay = run();
  EXPECT_EQ(replay.days[1].questions, 0U);
  for (const Score& score : replay.days[1].scores) {
    EXPECT_FALSE(score.value.has_value());
    EXPECT_NE(score.why.find("an empty day"), std::string::npos);
  }
  EXPECT_NE(replay.notes[0].find("1 of 3 days are empty"), std::string::npos);
  const auto table = replay_daily_table(replay);
  EXPECT_EQ(table[0].text.size(), 27U);
  EXPECT_TRUE(std::isnan(table[5].real[9]));
  EXPECT_FALSE(std::isnan(table[5].real[0]));
}

TEST_F(ReplayDaily, AsksOnlyTheCandidatesNamed) {
  options_.candidates = {"random", "pop"};
  options_.metric = "auc";
  options_.cadences = {Cadence::daily};
  const DailyReplay replay = run();
  EXPECT_EQ(replay.candidates, options_.candidates);
  EXPECT_EQ(replay.metric, "auc");
  EXPECT_EQ(replay.scores.size(), 2U);
  options_.candidates = {"randon"};
  EXPECT_NE(refusal().find("did you mean \"random\""), std::string::npos);
}

TEST_F(ReplayDaily, RefusesDaysThatTheLogDoesNotHave) {
  options_.until = time("2024-01-06");
  EXPECT_NE(refusal().find("nothing lies between"), std::string::npos);
  options_.until = time("2024-03-01");
  EXPECT_NE(refusal().find("lie outside the log, which runs from 2024-01-01 00:00:00 to 2024-01-08 23:00:00"),
            std::string::npos);
  options_.from = time("2023-12-01");
  options_.until = time("2024-01-03");
  EXPECT_NE(refusal().find("lie outside the log"), std::string::npos);
  options_.from = time("2024-02-01");
  options_.until = time("2024-02-03");
  EXPECT_NE(refusal().find("lie outside the log"), std::string::npos);
}

TEST_F(ReplayDaily, NeedsAReplayStage) {
  std::string plan = kPlan;
  plan.replace(plan.find("kind = \"replay\""), 15, "kind = \"offline\"");
  plan.replace(plan.find("step = \"1d\""), 11, "");
  test::put(folder_ / "plan.toml", plan);
  EXPECT_NE(refusal().find("the plan has no [[stage]] of kind replay"), std::string::npos);
}

TEST(Cadences, AreThree) {
  for (const char* name : {"frozen", "daily", "hourly"}) EXPECT_EQ(word(parse_cadence(name)), name);
  EXPECT_THROW(parse_cadence("weekly"), std::invalid_argument);
}

}  // namespace
}  // namespace tamis::sift
