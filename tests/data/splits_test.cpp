#include "tamis/data/splits.h"

#include <stdexcept>

namespace tamis::data {
namespace {

using List = std::vector<Index>;

std::string complaint(const EventLog& log, Time test, Time gap) {
  try {
    split_by_time(log, test, gap);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

TEST(Split, LeavesTheGapOut) {
  EventLog log;
  for (Time day = 0; day < 10; ++day) log.append({.event_time = day * kDay});
  const TimeSplit split = split_by_time(log, 2 * kDay, kDay);
  EXPECT_EQ(split.test_until, 9 * kDay + 1);
  EXPECT_EQ(split.test_from, 7 * kDay + 1);
  EXPECT_EQ(split.train_until, 6 * kDay + 1);
}

TEST(Split, RefusesAnEmptySide) {
  EventLog log;
  log.append({.event_time = 0, .known_time = 5 * kDay});
  log.append({.event = Event::impression, .event_time = kDay});
  log.append({.event_time = 4 * kDay});
  log.append({.event = Event::impression, .event_time = 9 * kDay});
  // The first click happened early enough but was not known before the test.
  EXPECT_EQ(complaint(log, 6 * kDay, 0)
                .find("[split] the split leaves no clicks to train on: the log runs from "
                      "1970-01-01 00:00:00 to 1970-01-10 00:00:00"),
            0U);
  EXPECT_EQ(complaint(log, kDay, 0).find("[split] the split leaves no clicks to score"), 0U);
  EXPECT_EQ(complaint(log, 6 * kDay - 1, 2 * kDay).find("[split] the split leaves no clicks to train on"), 0U);
  EXPECT_NE(complaint(log, 0, 0), "");
  EXPECT_NE(complaint(log, kDay, -1), "");
  EXPECT_NE(complaint(EventLog{}, kDay, 0), "");
}

TEST(Split, OnLateClicksTrainsWhenTheyAreKnown) {
  EventLog log;
  log.append({.event_time = 0, .known_time = 2 * kDay});
  log.append({.event_time = 9 * kDay});
  EXPECT_EQ(split_by_time(log, kDay, 0).train_until, 8 * kDay + 1);
}

Row shown(Index user, Index request, Index item, Time time, std::uint16_t position = 0) {
  return {.user = user,
          .item = item,
          .event = Event::impression,
          .position = position,
          .request = request,
          .event_time = time};
}

Row click(Index user, Index request, Index item, Time time, Time known = 0) {
  return {.user = user, .item = item, .request = request, .event_time = time, .known_time = known};
}

EventLog of(std::vector<Row> rows) {
  EventLog log;
  for (const Row& row : rows) log.append(row);
  log.sort_by_time();
  return log;
}

TEST(Questions, AreOnePerRequestInOrderOfPositions) {
  const EventLog log = of({shown(1, 7, 30, 100, 3), shown(1, 7, 10, 100, 1), shown(1, 7, 20, 100, 2),
                           click(1, 7, 20, 110), click(1, 7, 30, 105), click(1, 7, 20, 120)});
  const Questions found = questions(log, 0, 1000, 0);
  ASSERT_EQ(found.list.size(), 1U);
  EXPECT_EQ(found.list[0].user, 1U);
  EXPECT_EQ(found.list[0].time, 100);
  EXPECT_EQ(found.list[0].id, 7U);
  EXPECT_EQ(found.list[0].shown, (List{10, 20, 30}));
  EXPECT_EQ(found.list[0].clicked, (List{30, 20}));
  EXPECT_EQ(found.unlisted_clicks, 0U);
}

TEST(Questions, WithoutAllPositionsKeepTheOrderOfRows) {
  const EventLog log = of({shown(1, 7, 30, 100, 3), shown(1, 7, 10, 100, 0), shown(1, 7, 20, 100, 1),
                           shown(1, 7, 30, 101, 4), click(1, 7, 10, 102)});
  EXPECT_EQ(questions(log, 0, 1000, 0).list.at(0).shown, (List{30, 10, 20}));
}

TEST(Questions, AnItemShownTwiceKeepsItsBestPosition) {
  const EventLog log = of({shown(1, 7, 30, 100, 4), shown(1, 7, 10, 100, 2), shown(1, 7, 20, 100, 3),
                           shown(1, 7, 30, 100, 1), click(1, 7, 10, 102)});
  EXPECT_EQ(questions(log, 0, 1000, 0).list.at(0).shown, (List{30, 10, 20}));
}

TEST(Questions, CountWhatTheyLeaveOut) {
  const EventLog log = of({shown(1, 1, 10, 100), shown(1, 1, 11, 100),                        // nothing clicked
                           shown(2, 2, 10, 110), click(2, 2, 10, 111),                        // all clicked
                           click(3, 3, 10, 120),                                              // never shown
                           shown(4, 4, 10, 130), shown(4, 4, 11, 130), click(4, 4, 12, 131),  // clicked something else
                           click(5, kNone, 10, 140)});                                        // came on its own
  const Questions found = questions(log, 0, 1000, 0);
  ASSERT_EQ(found.list.size(), 1U);
  EXPECT_EQ(found.list[0].user, 2U);
  EXPECT_EQ(found.no_click, 2U);
  EXPECT_EQ(found.all_clicked, 1U);
  EXPECT_EQ(found.unlisted_clicks, 3U);
}

TEST(Questions, OfOtherEventsAreNone) {
  Row other = click(1, 1, 10, 100);
  other.event = Event::other;
  EXPECT_TRUE(questions(of({other}), 0, 1000, 0).list.empty());
  EXPECT_TRUE(questions(EventLog{}, 0, 1000, 0).list.empty());
}

TEST(Questions, SeeOnlyTheRowsBetweenTheBounds) {
  // Shown before the bound and clicked behind it: neither side can judge it, both count it.
  const EventLog log = of({shown(1, 1, 10, 90), shown(1, 1, 11, 90), click(1, 1, 10, 105), shown(2, 2, 10, 95),
                           shown(2, 2, 11, 100), click(2, 2, 11, 101), click(2, 2, 10, 102)});
  const Questions left = questions(log, 0, 100, 0);
  EXPECT_TRUE(left.list.empty());
  EXPECT_EQ(left.no_click, 2U);
  const Questions right = questions(log, 100, 200, 0);
  ASSERT_EQ(right.list.size(), 1U);
  EXPECT_EQ(right.list[0].shown, (List{11}));
  EXPECT_EQ(right.list[0].time, 100);
  EXPECT_EQ(right.unlisted_clicks, 2U);
  EXPECT_EQ(questions(log, 200, 100, 0).list.size(), 0U);
}

TEST(Questions, OfTwoUsersUnderOneRequestStayApart) {
  const EventLog log = of({shown(1, 1, 10, 100), shown(1, 1, 11, 100), click(1, 1, 10, 105), shown(2, 1, 12, 90),
                           shown(2, 1, 13, 90), click(2, 1, 13, 105)});
  const Questions found = questions(log, 0, 1000, 0);
  ASSERT_EQ(found.list.size(), 2U);
  EXPECT_EQ(found.list[0].user, 2U);
  EXPECT_EQ(found.list[0].shown, (List{12, 13}));
  EXPECT_EQ(found.list[1].shown, (List{10, 11}));
}

TEST(Questions, AreByTimeThenId) {
  const EventLog log = of({shown(1, 5, 10, 100), click(1, 5, 10, 101), shown(1, 3, 10, 100), click(1, 3, 10, 101),
                           shown(1, 9, 10, 50), click(1, 9, 10, 51)});
  const Questions found = questions(log, 0, 1000, 0);
  ASSERT_EQ(found.list.size(), 3U);
  EXPECT_EQ(found.list[0].id, 9U);
  EXPECT_EQ(found.list[1].id, 3U);
  EXPECT_EQ(found.list[2].id, 5U);
}

TEST(Questions, WithoutImpressionsAreOnePerUserAndStep) {
  const EventLog log = of({click(1, kNone, 10, 100), click(2, kNone, 10, 110), click(1, kNone, 12, 140),
                           click(1, kNone, 11, 120), click(1, kNone, 12, 145), click(1, kNone, 13, 150)});
  const Questions found = questions(log, 100, 200, 50);
  ASSERT_EQ(found.list.size(), 3U);
  EXPECT_EQ(found.list[0].user, 1U);
  EXPECT_EQ(found.list[0].time, 100);
  EXPECT_TRUE(found.list[0].shown.empty());
  EXPECT_EQ(found.list[0].clicked, (List{10, 11, 12}));
  EXPECT_EQ(found.list[1].user, 2U);
  EXPECT_EQ(found.list[2].clicked, (List{13}));
  EXPECT_NE(found.list[0].id, found.list[2].id);
  // One step for the whole span.
  EXPECT_EQ(questions(log, 100, 200, 0).list.size(), 2U);
  EXPECT_THROW(questions(log, 100, 200, -1), std::invalid_argument);
}

TEST(Questions, WithoutImpressionsLeaveOutWhatTheUserHadClickedBefore) {
  const EventLog log = of({click(1, kNone, 10, 10), click(1, kNone, 11, 20, 300), click(1, kNone, 10, 100),
                           click(1, kNone, 11, 110), click(2, kNone, 12, 30), click(2, kNone, 12, 100)});
  const Questions found = questions(log, 50, 200, 0);
  ASSERT_EQ(found.list.size(), 1U);
  // That user 1 had clicked item 11 was not yet known: it is still among the candidates.
  EXPECT_EQ(found.list[0].clicked, (List{11}));
  EXPECT_EQ(found.list[0].time, 100);
  EXPECT_EQ(found.unlisted_clicks, 2U);
  EXPECT_EQ(found.no_click, 1U);
}

TEST(Questions, OfImpressionsWithoutRequestsComeFromTheClicks) {
  const EventLog log = of({shown(1, kNone, 10, 100), click(1, kNone, 10, 101)});
  const Questions found = questions(log, 0, 200, 0);
  ASSERT_EQ(found.list.size(), 1U);
  EXPECT_TRUE(found.list[0].shown.empty());
}

}  // namespace
}  // namespace tamis::data
