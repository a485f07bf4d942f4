#include "tamis/data/event_log.h"

#include <algorithm>
#include <stdexcept>

#include "tamis/base/random.h"

namespace tamis::data {
namespace {

TEST(EventLog, GivesBackWhatWasAppended) {
  EventLog log;
  log.reserve(3);
  log.append({.user = 1, .item = 2, .event = Event::impression, .position = 3, .event_time = 10});
  log.append({.user = 4, .item = 5, .value = 1.5F, .request = 6, .event_time = 20, .known_time = 25});
  log.append({.user = 7, .item = 8, .event = Event::other, .event_time = 30, .known_time = 30});
  ASSERT_EQ(log.size(), 3U);
  EXPECT_EQ(log.request(0), kNone);
  EXPECT_EQ(log.known_time(0), 10);
  EXPECT_EQ(log.position(0), 3U);
  const Row row = log.row(1);
  EXPECT_EQ(row.user, 4U);
  EXPECT_EQ(row.item, 5U);
  EXPECT_EQ(row.event, Event::click);
  EXPECT_EQ(row.value, 1.5F);
  EXPECT_EQ(row.request, 6U);
  EXPECT_EQ(row.event_time, 20);
  EXPECT_EQ(row.known_time, 25);
  EXPECT_EQ(log.request(2), kNone);
  EXPECT_TRUE(log.has_impressions());
  EXPECT_TRUE(log.has_positions());
  EXPECT_TRUE(log.has_requests());
  EXPECT_EQ(log.clicks(), 1U);
}

TEST(EventLog, KnowsWhatItLacks) {
  EventLog log;
  EXPECT_EQ(log.lower_bound(5), 0U);
  log.sort_by_time();
  log.append({.event_time = 3});
  EXPECT_FALSE(log.has_impressions());
  EXPECT_FALSE(log.has_positions());
  EXPECT_FALSE(log.has_requests());
}

TEST(EventLog, AFactIsNotKnownBeforeItHappens) {
  EventLog log;
  log.append({.event_time = 30, .known_time = 20});
  EXPECT_EQ(log.known_time(0), 30);
}

TEST(EventLog, SortsEveryColumnAndKeepsTheOrderOfEqualTimes) {
  Stream random(1, "event log test");
  std::vector<Row> rows;
  EventLog log;
  for (Index i = 0; i < 1000; ++i) {
    const auto time = static_cast<Time>(random.below(50));
    Row row = {.user = i, .item = i + 1, .value = static_cast<float>(i), .position = static_cast<std::uint16_t>(i)};
    row.event = static_cast<Event>(i % 3);
    row.request = i % 7 == 0 ? kNone : i;
    row.event_time = time;
    row.known_time = time + static_cast<Time>(random.below(5));
    rows.push_back(row);
    log.append(row);
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.event_time < b.event_time; });
  log.sort_by_time();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(log.user(i), rows[i].user);
    ASSERT_EQ(log.item(i), rows[i].item);
    ASSERT_EQ(log.event(i), rows[i].event);
    ASSERT_EQ(log.value(i), rows[i].value);
    ASSERT_EQ(log.position(i), rows[i].position);
    ASSERT_EQ(log.request(i), rows[i].request);
    ASSERT_EQ(log.event_time(i), rows[i].event_time);
    ASSERT_EQ(log.known_time(i), rows[i].known_time);
  }
  EXPECT_EQ(log.event_time(log.lower_bound(25)), 25);
  EXPECT_EQ(log.event_time(log.lower_bound(25) - 1), 24);
  EXPECT_EQ(log.lower_bound(50), log.size());
}

EventLog late_log() {
  EventLog log;
  log.append({.user = 1, .item = 10, .value = 1, .event_time = 100, .known_time = 500});
  log.append({.user = 0, .item = 11, .event_time = 150});
  log.append({.user = 1, .item = 12, .event_time = 200});
  log.append({.user = 1, .item = 13, .event = Event::impression, .event_time = 250});
  log.append({.user = 1, .item = 14, .event_time = 300, .known_time = 500});
  log.append({.user = 1, .item = 15, .event_time = 400});
  return log;
}

std::vector<Index> items_of(std::span<const Interaction> history) {
  std::vector<Index> items;
  for (const Interaction& row : history) items.push_back(row.item);
  return items;
}

TEST(Histories, AreInOrderOfKnownTime) {
  const Histories histories(late_log(), 3);
  EXPECT_EQ(items_of(histories.before(1, 1000)), (std::vector<Index>{12, 15, 10, 14}));
  EXPECT_EQ(items_of(histories.before(0, 1000)), (std::vector<Index>{11}));
  EXPECT_EQ(histories.before(1, 1000)[2].time, 100);
  EXPECT_EQ(histories.before(1, 1000)[2].value, 1.0F);
}

TEST(Histories, HoldOnlyWhatWasKnownBefore) {
  const Histories histories(late_log(), 3);
  EXPECT_EQ(items_of(histories.before(1, 500)), (std::vector<Index>{12, 15}));
  EXPECT_EQ(items_of(histories.before(1, 501)), (std::vector<Index>{12, 15, 10, 14}));
  EXPECT_EQ(items_of(histories.before(1, 201)), (std::vector<Index>{12}));
  EXPECT_TRUE(histories.before(1, 200).empty());
}

TEST(Histories, WithoutLateRowsFollowEventTime) {
  EventLog log;
  for (Index i = 0; i < 6; ++i) log.append({.user = i % 2, .item = i, .event_time = 10 * static_cast<Time>(i / 2)});
  const Histories histories(log, 2);
  EXPECT_EQ(items_of(histories.before(1, 20)), (std::vector<Index>{1, 3}));
  EXPECT_EQ(items_of(histories.before(1, 21)), (std::vector<Index>{1, 3, 5}));
}

TEST(Histories, OfUnknownUsersAndEmptyLogsAreEmpty) {
  const Histories histories(late_log(), 3);
  EXPECT_TRUE(histories.before(2, 1000).empty());
  EXPECT_TRUE(histories.before(3, 1000).empty());
  EXPECT_TRUE(histories.before(kNone, 1000).empty());
  EXPECT_TRUE(Histories(EventLog{}, 0).before(0, 1000).empty());
  EXPECT_THROW(Histories(late_log(), 1), std::invalid_argument);
}

}  // namespace
}  // namespace tamis::data
