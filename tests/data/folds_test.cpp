#include "tamis/data/folds.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>

#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tests/base/scratch.h"

namespace tamis::data {
namespace {

using Rows = std::vector<Index>;

/// Codes 0 .. kinds - 1, unevenly often, each at least `least` times.
Rows codes(std::size_t rows, std::uint64_t kinds, std::size_t least, std::uint64_t seed) {
  Stream random(seed, "codes");
  Rows made(rows);
  for (std::size_t i = 0; i < rows; ++i)
    made[i] = static_cast<Index>(i < kinds * least ? i % kinds : random.below(1 + random.below(kinds)));
  return made;
}

/// Both sides ascend, are disjoint, and hold every row together.
void expect_partition(const Fold& fold, std::size_t rows) {
  EXPECT_TRUE(std::is_sorted(fold.train.begin(), fold.train.end()));
  EXPECT_TRUE(std::is_sorted(fold.test.begin(), fold.test.end()));
  Rows all = fold.train;
  all.insert(all.end(), fold.test.begin(), fold.test.end());
  std::sort(all.begin(), all.end());
  Rows wanted(rows);
  std::iota(wanted.begin(), wanted.end(), Index{0});
  EXPECT_EQ(all, wanted);
  EXPECT_FALSE(fold.train.empty());
  EXPECT_FALSE(fold.test.empty());
}

/// Each fold is a partition, and every row is tested once.
void expect_folds(const std::vector<Fold>& folds, std::size_t rows) {
  Rows tested;
  for (const Fold& fold : folds) {
    expect_partition(fold, rows);
    tested.insert(tested.end(), fold.test.begin(), fold.test.end());
  }
  std::sort(tested.begin(), tested.end());
  ASSERT_EQ(tested.size(), rows);
  for (std::size_t i = 0; i < rows; ++i) ASSERT_EQ(tested[i], i);
}

std::set<Index> seen(const Rows& rows, const Rows& of) {
  std::set<Index> found;
  for (const Index row : rows) found.insert(of[row]);
  return found;
}

void expect_no_group_on_both(const Fold& fold, const Rows& groups) {
  const auto train = seen(fold.train, groups);
  for (const Index group : seen(fold.test, groups)) EXPECT_EQ(train.count(group), 0U) << group;
}

template <typename Call>
void refuse(Call call, const std::string& says) {
  const auto message = test::message_of<std::invalid_argument>(call);
  EXPECT_EQ(message.find("[split] "), 0U) << message;
  EXPECT_NE(message.find(says), std::string::npos) << message;
}

TEST(Holdout, HasItsShare) {
  for (const std::size_t rows : {2U, 7U, 10U, 1001U}) {
    for (const double share : {0.2, 0.5, 0.77}) {
      const auto wanted = static_cast<std::size_t>(std::llround(share * static_cast<double>(rows)));
      if (wanted == 0 || wanted == rows) continue;
      const Fold fold = holdout(rows, share, 3);
      expect_partition(fold, rows);
      EXPECT_EQ(fold.test.size(), wanted);
    }
  }
}

TEST(Holdout, GoesByTheSeedAlone) {
  const Fold one = holdout(1000, 0.3, 1);
  const int before = threads();
  set_threads(3);
  const Fold again = holdout(1000, 0.3, 1);
  set_threads(before);
  EXPECT_EQ(one.test, again.test);
  EXPECT_NE(one.test, holdout(1000, 0.3, 2).test);
}

TEST(Holdout, EveryRowIsAsLikely) {
  std::vector<int> times(10);
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    for (const Index row : holdout(10, 0.3, seed).test) ++times[row];
  }
  // 4000 draws of share 0.3: a standard deviation of 29.
  for (const int count : times) EXPECT_NEAR(count, 1200, 130);
}

TEST(Holdout, StratifiedKeepsTheClassesWithinARow) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Rows labels = codes(403, 5, 2, seed);
    const Fold fold = stratified_holdout(labels, 0.3, seed);
    expect_partition(fold, labels.size());
    EXPECT_EQ(fold.test.size(), 121U);
    for (Index c = 0; c < 5; ++c) {
      const auto all = static_cast<double>(std::count(labels.begin(), labels.end(), c));
      const auto test = std::count_if(fold.test.begin(), fold.test.end(), [&](Index row) { return labels[row] == c; });
      EXPECT_LT(std::abs(static_cast<double>(test) - 0.3 * all), 1) << c;
    }
  }
}

TEST(Holdout, GroupsStayWhole) {
  const Rows groups = codes(500, 40, 1, 9);
  const Fold fold = group_holdout(groups, 0.25, 1);
  expect_partition(fold, groups.size());
  expect_no_group_on_both(fold, groups);
  EXPECT_EQ(seen(fold.test, groups).size(), 10U);
}

TEST(KFold, TestsEveryRowOnce) {
  for (const std::size_t rows : {10U, 97U, 1000U}) {
    const auto folds = kfold(rows, 10, 4);
    ASSERT_EQ(folds.size(), 10U);
    expect_folds(folds, rows);
    for (const Fold& fold : folds) {
      EXPECT_GE(fold.test.size(), rows / 10);
      EXPECT_LE(fold.test.size(), (rows + 9) / 10);
    }
  }
  EXPECT_NE(kfold(100, 5, 1)[0].test, kfold(100, 5, 2)[0].test);
}

TEST(KFold, StratifiedKeepsTheClassesWithinARow) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Rows labels = codes(403, 5, 7, seed);
    const auto folds = stratified_kfold(labels, 7, seed);
    expect_folds(folds, labels.size());
    for (const Fold& fold : folds) {
      EXPECT_GE(fold.test.size(), 403U / 7);
      EXPECT_LE(fold.test.size(), 403U / 7 + 1);
      for (Index c = 0; c < 5; ++c) {
        const auto all = std::count(labels.begin(), labels.end(), c);
        const auto test = std::count_if(fold.test.begin(), fold.test.end(), [&](Index r) { return labels[r] == c; });
        EXPECT_GE(test, all / 7);
        EXPECT_LE(test, (all + 6) / 7);
      }
    }
  }
}

TEST(KFold, GroupsStayWholeAndAreSpreadEvenly) {
  const Rows groups = codes(5000, 300, 1, 2);
  const auto folds = group_kfold(groups, 5, 1);
  expect_folds(folds, groups.size());
  std::map<Index, std::size_t> sizes;
  for (const Index group : groups) ++sizes[group];
  std::size_t largest = 0;
  for (const auto& [group, size] : sizes) largest = std::max(largest, size);
  for (const Fold& fold : folds) {
    expect_no_group_on_both(fold, groups);
    EXPECT_LE(fold.test.size(), 1000 + largest);
    EXPECT_GE(fold.test.size() + largest, 1000U);
  }
  EXPECT_NE(folds[0].test, group_kfold(groups, 5, 2)[0].test);
}

TEST(KFold, CodesThatNoRowHasAreNoGroups) {
  const Rows groups{0, 7, 7, 3};
  expect_folds(group_kfold(groups, 3, 0), 4);
  refuse([&] { group_kfold(groups, 4, 0); }, "4 folds of 3 groups");
}

TEST(BootstrapFolds, LeaveOutWhatTheyNeverDrew) {
  const std::size_t rows = 2000;
  const auto folds = bootstrap_folds(rows, 50, 5);
  ASSERT_EQ(folds.size(), 50U);
  double out = 0;
  for (const Fold& fold : folds) {
    EXPECT_EQ(fold.train.size(), rows);
    EXPECT_TRUE(std::is_sorted(fold.train.begin(), fold.train.end()));
    Fold distinct = fold;
    distinct.train.erase(std::unique(distinct.train.begin(), distinct.train.end()), distinct.train.end());
    expect_partition(distinct, rows);
    out += static_cast<double>(fold.test.size()) / static_cast<double>(rows);
  }
  // One resample's share has a standard deviation of sqrt(e^-1 (1 - 2/e) / 2000) = 0.007; the mean of 50, 0.001.
  EXPECT_NEAR(out / 50, std::exp(-1), 0.004);
  EXPECT_EQ(folds[3].train, bootstrap_folds(rows, 10, 5)[3].train) << "a resample is the same whatever comes after it";
}

TEST(BootstrapFolds, DrawGroupsWhole) {
  const Rows groups = codes(600, 50, 1, 3);
  for (const Fold& fold : group_bootstrap_folds(groups, 10, 1)) {
    expect_no_group_on_both(fold, groups);
    std::map<Index, std::set<std::size_t>> times;
    std::map<Index, std::size_t> by_row;
    for (const Index row : fold.train) ++by_row[row];
    for (const auto& [row, count] : by_row) times[groups[row]].insert(count);
    std::size_t drawn = 0;
    for (const auto& [group, counts] : times) {
      EXPECT_EQ(counts.size(), 1U) << "all rows of a group are drawn as often";
      drawn += *counts.begin();
    }
    EXPECT_EQ(drawn, 50U);
    EXPECT_EQ(by_row.size() + fold.test.size(), 600U);
  }
}

TEST(BootstrapFolds, OfTwoRowsAreDrawnUntilOneIsLeftOut) {
  for (const Fold& fold : bootstrap_folds(2, 100, 0)) {
    EXPECT_EQ(fold.train.size(), 2U);
    EXPECT_EQ(fold.test.size(), 1U);
  }
}

TEST(RowSplits, RefuseWhatCannotBe) {
  const Rows three_of_one{0, 0, 0, 1, 1};
  refuse([] { holdout(0, 0.2, 0); }, "there are no rows");
  for (const double share : {0.0, 1.0, -0.1, 1.5, std::nan("")})
    refuse([&] { holdout(10, share, 0); }, "above 0 and below 1 is needed");
  refuse([] { holdout(10, 0.01, 0); }, "leaves the test side empty");
  refuse([] { holdout(10, 0.99, 0); }, "leaves the train side empty");
  refuse([] { kfold(10, 0, 0); }, "0 folds of 10 rows; from 2");
  refuse([] { kfold(10, 1, 0); }, "1 folds of 10 rows; from 2");
  refuse([] { kfold(10, 11, 0); }, "11 folds of 10 rows");
  refuse([] { kfold(0, 2, 0); }, "there are no rows");
  refuse([&] { stratified_kfold(three_of_one, 3, 0); }, "class \"1\" has 2 rows; 3 stratified folds need at least 3");
  refuse([&] { stratified_holdout(Rows{0, 0, 1}, 0.4, 0); }, "class \"1\" has 1 row; a stratified holdout needs");
  Names names;
  names.add("yes");
  names.add("no");
  refuse([&] { stratified_kfold(three_of_one, 3, 0, &names); }, "class \"no\" has 2 rows");
  refuse([&] { group_kfold(Rows{0, 0, 0}, 2, 0); }, "2 folds of 1 groups");
  refuse([&] { group_holdout(Rows{4, 4, 4}, 0.5, 0); }, "side empty");
  refuse([] { bootstrap_folds(10, 0, 0); }, "0 resamples");
  refuse([] { bootstrap_folds(1, 3, 0); }, "at least 2 rows");
  refuse([] { group_bootstrap_folds(Rows{2, 2}, 3, 0); }, "at least 2 groups");
}

}  // namespace
}  // namespace tamis::data
