#include "tamis/evidence/timemachine/point_in_time.h"

#include <algorithm>
#include <limits>
#include <map>
#include <stdexcept>

#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tests/base/scratch.h"
#include "tests/reference/naive_as_of.h"

namespace tamis::timemachine {
namespace {

using data::kDay;
using data::Time;
using test::message_of;

struct Rows {
  std::vector<std::int64_t> label_key, fact_key;
  std::vector<Time> label_time, event_time, known_time;

  void label(std::int64_t key, Time time) {
    label_key.push_back(key);
    label_time.push_back(time);
  }
  void fact(std::int64_t key, Time event, Time known) {
    fact_key.push_back(key);
    event_time.push_back(event);
    known_time.push_back(known);
  }
  AsOfLabels labels() const { return {label_key, label_time}; }
  AsOfFacts facts() const { return {fact_key, event_time, known_time}; }
  AsOfFacts one_clock() const { return {fact_key, event_time, {}}; }
};

using Found = std::vector<std::int64_t>;

TEST(PointInTime, TakesTheLatestFactKnownByThen) {
  Rows rows;
  rows.fact(7, 10, 10);
  rows.fact(7, 20, 25);  // late
  rows.fact(7, 10, 40);  // corrects the first
  rows.fact(8, 5, 5);
  for (const Time time : {9, 10, 20, 24, 25, 40}) rows.label(7, time);
  rows.label(8, 100);
  rows.label(9, 100);  // has no facts
  const AsOf found = as_of_join(rows.labels(), rows.facts());
  EXPECT_EQ(found.fact, (Found{kNoFact, 0, 0, 0, 1, 1, 3, kNoFact}));
  EXPECT_EQ(found.matched, 6U);
  // At 10, the first fact's correction is what event times alone would give; at 20 and 24 the late fact.
  EXPECT_EQ(found.unknown_yet, 3U);
}

TEST(PointInTime, ACorrectionReplacesItsOwnEventOnly) {
  Rows rows;
  rows.fact(1, 10, 10);
  rows.fact(1, 10, 30);
  rows.fact(1, 20, 20);
  for (const Time time : {15, 25, 35}) rows.label(1, time);
  EXPECT_EQ(as_of_join(rows.labels(), rows.facts()).fact, (Found{0, 2, 2}));
  rows.fact(1, 20, 33);
  EXPECT_EQ(as_of_join(rows.labels(), rows.facts()).fact, (Found{0, 2, 3}));
}

TEST(PointInTime, AnAnnouncedFactWaitsUntilItHappens) {
  Rows rows;
  rows.fact(1, 50, 10);
  rows.label(1, 49);
  rows.label(1, 50);
  EXPECT_EQ(as_of_join(rows.labels(), rows.facts()).fact, (Found{kNoFact, 0}));
}

TEST(PointInTime, StrictIsBeforeOnBothClocks) {
  Rows rows;
  rows.fact(1, 10, 20);
  for (const Time time : {10, 20, 21}) rows.label(1, time);
  EXPECT_EQ(as_of_join(rows.labels(), rows.facts()).fact, (Found{kNoFact, 0, 0}));
  const AsOf strict = as_of_join(rows.labels(), rows.facts(), {.strict = true});
  EXPECT_EQ(strict.fact, (Found{kNoFact, kNoFact, 0}));
  EXPECT_EQ(strict.unknown_yet, 1U);
  EXPECT_EQ(as_of_join(rows.labels(), rows.one_clock(), {.strict = true}).fact, (Found{kNoFact, 0, 0}));
}

TEST(PointInTime, ToleranceTakesItsOwnAge) {
  Rows rows;
  rows.fact(1, 100, 100);
  rows.fact(1, 150, 500);
  for (const Time time : {130, 131, 160, 180, 181}) rows.label(1, time);
  EXPECT_EQ(as_of_join(rows.labels(), rows.one_clock(), {.tolerance = 30}).fact, (Found{0, kNoFact, 1, 1, kNoFact}));
  // The late fact hides none behind it: the one before is too old, and is told as refused only while it is young.
  const AsOf two = as_of_join(rows.labels(), rows.facts(), {.tolerance = 30});
  EXPECT_EQ(two.fact, (Found{0, kNoFact, kNoFact, kNoFact, kNoFact}));
  EXPECT_EQ(two.unknown_yet, 2U);
}

TEST(PointInTime, EqualRowsGiveTheLater) {
  Rows rows;
  for (int i = 0; i < 4; ++i) rows.fact(1, 10, 10);
  rows.label(1, 10);
  EXPECT_EQ(as_of_join(rows.labels(), rows.facts()).fact, Found{3});
  EXPECT_EQ(as_of_join(rows.labels(), rows.one_clock()).fact, Found{3});
}

TEST(PointInTime, EventTimeAloneLeaksAndSaysSo) {
  Rows rows;
  rows.fact(1, 10, 10);
  rows.fact(1, 20, 90);
  rows.label(1, 30);
  rows.label(1, 15);
  const AsOf leaking = as_of_join(rows.labels(), rows.facts(), {.event_time_only = true});
  EXPECT_EQ(leaking.fact, (Found{1, 0}));
  EXPECT_EQ(leaking.unknown_yet, 1U);
  const AsOf honest = as_of_join(rows.labels(), rows.facts());
  EXPECT_EQ(honest.fact, (Found{0, 0}));
  EXPECT_EQ(honest.unknown_yet, 1U);
}

TEST(PointInTime, TheEndsOfTime) {
  constexpr Time kFirst = std::numeric_limits<Time>::min(), kLast = std::numeric_limits<Time>::max();
  Rows rows;
  rows.fact(kFirst, kFirst, kFirst);
  rows.fact(kLast, kLast, kLast);
  rows.label(kFirst, kFirst);
  rows.label(kFirst, kLast);
  rows.label(kLast, kLast);
  EXPECT_EQ(as_of_join(rows.labels(), rows.facts()).fact, (Found{0, 0, 1}));
  EXPECT_EQ(as_of_join(rows.labels(), rows.facts(), {.strict = true}).fact, (Found{kNoFact, 0, kNoFact}));
  EXPECT_EQ(as_of_join(rows.labels(), rows.facts(), {.tolerance = kDay}).fact, (Found{0, kNoFact, 1}));
}

TEST(PointInTime, EmptySides) {
  Rows rows;
  EXPECT_TRUE(as_of_join(rows.labels(), rows.facts()).fact.empty());
  rows.label(1, 1);
  EXPECT_EQ(as_of_join(rows.labels(), rows.facts()).fact, Found{kNoFact});
  Rows facts;
  facts.fact(1, 1, 1);
  EXPECT_EQ(as_of_join(facts.labels(), facts.facts()).matched, 0U);
}

TEST(PointInTime, RefusesSidesOfUnequalLength) {
  Rows rows;
  rows.label(1, 1);
  rows.fact(1, 1, 1);
  rows.fact_key.push_back(2);
  EXPECT_EQ(message_of<std::invalid_argument>([&] { (void)as_of_join(rows.labels(), rows.facts()); }),
            "[as_of_join] 2 keys and 1 times of facts");
  rows.event_time.push_back(2);
  EXPECT_EQ(message_of<std::invalid_argument>([&] { (void)as_of_join(rows.labels(), rows.facts()); }),
            "[as_of_join] 2 keys and 1 times of facts");
  EXPECT_EQ(
      message_of<std::invalid_argument>([&] { (void)as_of_join(rows.labels(), rows.one_clock(), {.tolerance = -1}); }),
      "[as_of_join] a tolerance of -1 microseconds; at least 0 is needed");
}

// A history of a few keys: late, corrected and announced facts, ties on both clocks, times around 1970.
Rows random_rows(Stream& random, std::size_t most) {
  Rows rows;
  const std::uint64_t keys = 1 + random.below(4);
  const std::uint64_t span = 1 + random.below(60);
  const auto time = [&] { return static_cast<Time>(random.below(2 * span)) - static_cast<Time>(span); };
  const std::uint64_t facts = random.below(most + 1);
  const bool mostly_late = random.below(3) == 0;
  for (std::uint64_t i = 0; i < facts; ++i) {
    const auto key = static_cast<std::int64_t>(random.below(keys)) - 1;
    const Time event = time();
    Time known = event;
    if (mostly_late) known += static_cast<Time>(random.below(3 * span));
    if (random.below(3) == 0) known += static_cast<Time>(random.below(span));
    if (random.below(8) == 0) known -= static_cast<Time>(random.below(span));
    rows.fact(key, event, known);
    if (random.below(4) == 0) rows.fact(key, event, known + static_cast<Time>(random.below(10)));
  }
  const std::uint64_t labels = random.below(most + 1);
  for (std::uint64_t i = 0; i < labels; ++i) rows.label(static_cast<std::int64_t>(random.below(keys + 1)) - 1, time());
  return rows;
}

void expect_same(const AsOf& ours, const AsOf& naive, const std::string& where) {
  EXPECT_EQ(ours.fact, naive.fact) << where;
  EXPECT_EQ(ours.matched, naive.matched) << where;
  EXPECT_EQ(ours.unknown_yet, naive.unknown_yet) << where;
}

TEST(PointInTime, EqualsTheNaiveJoinOnRandomHistories) {
  std::uint64_t matched = 0, refused = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    Stream random(seed, "point in time");
    const Rows rows = random_rows(random, seed % 10 == 0 ? 120 : 20);
    AsOfOptions options;
    options.strict = random.below(2) == 0;
    options.event_time_only = random.below(4) == 0;
    if (random.below(3) == 0) options.tolerance = static_cast<Time>(random.below(40));
    const std::string where = "seed " + std::to_string(seed);
    const AsOf ours = as_of_join(rows.labels(), rows.facts(), options);
    expect_same(ours, reference::naive_as_of(rows.labels(), rows.facts(), options), where);
    expect_same(as_of_join(rows.labels(), rows.one_clock(), options),
                reference::naive_as_of(rows.labels(), rows.one_clock(), options), where + ", one clock");
    matched += ours.matched;
    refused += ours.unknown_yet;
    if (HasFailure()) return;
  }
  // The histories hold what they are meant to hold.
  EXPECT_GT(matched, 10'000U);
  EXPECT_GT(refused, 5'000U);
}

TEST(PointInTime, ManyPartsAndAnyThreadsGiveTheSame) {
  Rows rows;
  Stream random(5, "many keys");
  for (int i = 0; i < 60'000; ++i) {
    const auto key = static_cast<std::int64_t>(random.below(20'000)) << 40;
    const auto event = static_cast<Time>(random.below(1'000));
    rows.fact(key, event, event + static_cast<Time>(random.below(300)));
    rows.label(static_cast<std::int64_t>(random.below(20'000)) << 40, static_cast<Time>(random.below(1'000)));
  }
  const int before = threads();
  set_threads(1);
  const AsOf one = as_of_join(rows.labels(), rows.facts());
  set_threads(3);
  const AsOf three = as_of_join(rows.labels(), rows.facts());
  set_threads(before);
  EXPECT_EQ(one.fact, three.fact);
  EXPECT_EQ(one.unknown_yet, three.unknown_yet);
  // The naive join of one key at a time.
  std::map<std::int64_t, Rows> of_key;
  std::map<std::int64_t, std::vector<std::int64_t>> label_rows, fact_rows;
  for (std::size_t i = 0; i < rows.label_key.size(); ++i) {
    of_key[rows.label_key[i]].label(rows.label_key[i], rows.label_time[i]);
    label_rows[rows.label_key[i]].push_back(static_cast<std::int64_t>(i));
    of_key[rows.fact_key[i]].fact(rows.fact_key[i], rows.event_time[i], rows.known_time[i]);
    fact_rows[rows.fact_key[i]].push_back(static_cast<std::int64_t>(i));
  }
  Found expected(rows.label_key.size(), kNoFact);
  for (const auto& [key, own] : of_key) {
    const AsOf naive = reference::naive_as_of(own.labels(), own.facts(), {});
    for (std::size_t i = 0; i < naive.fact.size(); ++i)
      if (naive.fact[i] != kNoFact)
        expected[static_cast<std::size_t>(label_rows[key][i])] =
            fact_rows[key][static_cast<std::size_t>(naive.fact[i])];
  }
  EXPECT_EQ(one.fact, expected);
}

// A key whose facts all became known long after: stepping back over them for every label would take minutes.
TEST(PointInTime, ALongLateHistoryIsNotQuadratic) {
  Rows rows;
  constexpr Time kFacts = 200'000;
  for (Time i = 0; i < kFacts; ++i) {
    rows.fact(1, i, i + kFacts);
    rows.label(1, kFacts + i / 100);
  }
  const AsOf found = as_of_join(rows.labels(), rows.facts());
  for (std::size_t i = 0; i < found.fact.size(); ++i) ASSERT_EQ(found.fact[i], static_cast<std::int64_t>(i / 100));
  EXPECT_EQ(found.unknown_yet, static_cast<std::uint64_t>(kFacts));
}

}  // namespace
}  // namespace tamis::timemachine
