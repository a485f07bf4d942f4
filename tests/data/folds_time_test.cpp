#include "tamis/data/folds_time.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "tamis/base/random.h"
#include "tests/base/scratch.h"

namespace tamis::data {
namespace {

using Rows = std::vector<Index>;
using Times = std::vector<Time>;

/// Times in no order, of the years 1960 to 1980.
Times random_times(std::size_t rows, std::uint64_t seed) {
  Stream random(seed, "times");
  Times times(rows);
  for (Time& time : times) time = (static_cast<Time>(random.below(7300)) - 3650) * kDay;
  return times;
}

template <typename Call>
void refuse(Call call, const std::string& says) {
  const auto message = test::message_of<std::invalid_argument>(call);
  EXPECT_NE(message.find(says), std::string::npos) << message;
}

TEST(TimeFold, IsWhatARowByRowLookSays) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Times times = random_times(300, seed);
    Times known = times;
    Stream random(seed, "known");
    for (Time& time : known) time += static_cast<Time>(random.below(100)) * kDay;
    const TimeRanges ranges{-2000 * kDay, 0, 100 * kDay, 1000 * kDay};
    const Fold fold = time_fold(times, ranges, known);
    Rows train, test;
    for (Index i = 0; i < times.size(); ++i) {
      if (times[i] >= -2000 * kDay && times[i] < 0 && known[i] < 0) train.push_back(i);
      if (times[i] >= 100 * kDay && times[i] < 1000 * kDay) test.push_back(i);
    }
    EXPECT_EQ(fold.train, train);
    EXPECT_EQ(fold.test, test);
  }
}

TEST(TimeFold, WithoutEndsTakesAllBeforeAndAfter) {
  const Times times{30, -50, 10, 20, 5};
  const Fold fold = time_fold(times, {std::nullopt, 10, 20, std::nullopt});
  EXPECT_EQ(fold.train, (Rows{1, 4}));
  EXPECT_EQ(fold.test, (Rows{0, 3}));
}

TEST(TimeFold, RefusesRangesThatOverlapOrAreEmpty) {
  const Times times{0, kDay, 2 * kDay};
  refuse([&] { time_fold(times, {std::nullopt, 2 * kDay, kDay, std::nullopt}); }, "the ranges overlap");
  refuse([&] { time_fold(times, {kDay, kDay, kDay, std::nullopt}); }, "the training range begins at");
  refuse([&] { time_fold(times, {std::nullopt, kDay, kDay, kDay}); }, "the test range begins at");
  refuse(
      [&] {
        time_fold(times, {std::nullopt, 0, kDay, std::nullopt});
      },
      "no row to train on before 1970-01-01 00:00:00: the rows run from 1970-01-01 00:00:00 to 1970-01-03");
  refuse([&] { time_fold(times, {std::nullopt, kDay, 3 * kDay, std::nullopt}); }, "no row to test on from 1970-01-04");
  refuse([&] { time_fold(Times{}, {std::nullopt, 1, 1, std::nullopt}); }, "there are no rows");
  const Times one{1};
  refuse([&] { time_fold(times, {std::nullopt, kDay, kDay, std::nullopt}, one); }, "1 times at which");
}

TEST(LastShare, IsTheLatestRowsAndKeepsEqualTimesTogether) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Times times = random_times(200, seed);
    const TimeRanges ranges = last_share(times, 0.2, 30 * kDay);
    EXPECT_EQ(ranges.test_from - ranges.train_until, 30 * kDay);
    const Fold fold = time_fold(times, ranges);
    EXPECT_GE(fold.test.size(), 40U);
    const auto later = std::count_if(times.begin(), times.end(), [&](Time t) { return t > ranges.test_from; });
    EXPECT_LT(later, 40);
    for (const Index row : fold.train) EXPECT_LT(times[row], ranges.test_from - 30 * kDay);
    EXPECT_EQ(later_rows(fold, times), 0U);
  }
  EXPECT_EQ(last_share(Times{5, 5, 5, 1}, 0.25, 0).test_from, 5);
  refuse([] { last_share(Times{1, 2}, 0, 0); }, "above 0 and below 1");
  refuse([] { last_share(Times{1, 2}, 0.1, 0); }, "leaves the test side empty");
  refuse([] { last_share(Times{1, 2}, 0.5, -1); }, "the gap is -1");
}

TEST(Rolling, WindowsSlide) {
  Times times;
  for (Time day = 99; day >= 0; --day) times.push_back((day - 50) * kDay);
  const RollingWindows windows{30 * kDay, 10 * kDay, 0, 5 * kDay, false};
  const auto list = rolling_ranges(times, windows);
  // 45 days for the first, and one more every 10: days 0 .. 99 are 99 days and a microsecond.
  ASSERT_EQ(list.size(), 6U);
  Times tested;
  for (std::size_t w = 0; w < list.size(); ++w) {
    const Fold fold = time_fold(times, list[w]);
    EXPECT_EQ(fold.train.size(), 30U);
    EXPECT_EQ(fold.test.size(), 10U);
    Time latest = times[fold.train.front()], earliest = times[fold.test.front()];
    for (const Index row : fold.train) latest = std::max(latest, times[row]);
    for (const Index row : fold.test) earliest = std::min(earliest, times[row]);
    EXPECT_EQ(earliest - latest, 6 * kDay);
    EXPECT_EQ(earliest, (static_cast<Time>(w) * 10 - 50 + 35) * kDay);
    for (const Index row : fold.test) tested.push_back(times[row]);
  }
  std::sort(tested.begin(), tested.end());
  EXPECT_EQ(std::adjacent_find(tested.begin(), tested.end()), tested.end()) << "a step as long as the test";
}

TEST(Rolling, WindowsExpand) {
  Times times;
  for (Time day = 0; day < 50; ++day) times.push_back(day * kDay);
  const auto list = rolling_ranges(times, {10 * kDay, 5 * kDay, 10 * kDay, 0, true});
  ASSERT_EQ(list.size(), 4U);
  for (std::size_t w = 0; w < list.size(); ++w) EXPECT_EQ(time_fold(times, list[w]).train.size(), 10 * (w + 1));
}

TEST(Rolling, RefusesWhatDoesNotFit) {
  const Times times{0, 10 * kDay};
  refuse([&] { rolling_ranges(times, {8 * kDay, 3 * kDay, 0, 0, false}); }, "not one window fits");
  refuse([&] { rolling_ranges(times, {kDay, kDay, 0, 9 * kDay, false}); }, "not one window fits");
  refuse([&] { rolling_ranges(times, {0, kDay, 0, 0, false}); }, "the training window is 0");
  refuse([&] { rolling_ranges(times, {kDay, 0, 0, 0, false}); }, "the test window is 0");
  refuse([&] { rolling_ranges(times, {kDay, kDay, 0, -kDay, false}); }, "the gap is -");
  refuse([&] { rolling_ranges(times, {kDay, kDay, -1, 0, false}); }, "the step is -1");
  refuse([&] { rolling_ranges(times, {kDay, kDay, kSecond, 0, false}); }, "a longer step is needed");
}

TEST(LeaveLastOut, TakesEachUsersLatest) {
  //                 0  1  2  3  4  5  6
  const Rows users{2, 0, 2, 0, 1, 2, 0};
  const Times times{9, 5, 3, -4, 7, 9, 1};
  const Fold fold = leave_last_out(users, times);
  EXPECT_EQ(fold.test, (Rows{1, 5})) << "of equal times the later row; user 1 has one row";
  EXPECT_EQ(fold.train, (Rows{0, 2, 3, 4, 6}));
  EXPECT_EQ(later_rows(fold, times), 2U) << "the rows at 9 and 7 are not before the test row at 5";
  EXPECT_EQ(leave_last_out(users, times, 2).test, (Rows{0, 1, 5, 6}));
  refuse([&] { leave_last_out(users, times, 3); }, "no user has more than 3 rows");
  refuse([&] { leave_last_out(users, times, 0); }, "0 last rows");
  refuse([&] { leave_last_out(Rows{1}, times); }, "1 users and 7 times");
}

TEST(Cold, IsWhatTheTrainSideHasNotSeen) {
  const std::vector<Rows> keys{{0, 1, 0, 1, 2}, {5, 5, 6, 6, 5}};  // users, items
  const Fold whole{{0, 1}, {2, 3, 4}};
  Fold fold = whole;
  keep_cold(fold, std::span(keys).first(1), Cold::drop);
  EXPECT_EQ(fold.test, (Rows{2, 3}));
  EXPECT_EQ(fold.train, whole.train);
  fold = whole;
  keep_cold(fold, std::span(keys).first(1), Cold::only);
  EXPECT_EQ(fold.test, (Rows{4}));
  fold = whole;
  keep_cold(fold, keys, Cold::keep);
  EXPECT_EQ(fold.test, whole.test);
  refuse([&] { keep_cold(fold, keys, Cold::drop); }, "every test row is cold");
  fold = {{0, 1}, {0}};
  refuse([&] { keep_cold(fold, keys, Cold::only); }, "no test row is cold");
  EXPECT_EQ(parse_cold("only"), Cold::only);
  refuse([] { parse_cold("warm"); }, "\"warm\" is not one of keep, drop, only");
}

}  // namespace
}  // namespace tamis::data
