#include "tamis/data/schema.h"

#include <thread>

#include "tamis/data/items.h"

namespace tamis::data {
namespace {

TEST(Names, AreNumberedInTheOrderMet) {
  Names names;
  EXPECT_EQ(names.find("a"), kNone);
  EXPECT_EQ(names.add("a"), 0U);
  EXPECT_EQ(names.add("b"), 1U);
  EXPECT_EQ(names.add("a"), 0U);
  EXPECT_EQ(names.add(""), 2U);
  EXPECT_EQ(names.size(), 3U);
  EXPECT_EQ(names.find("b"), 1U);
  EXPECT_EQ(names.find("c"), kNone);
  EXPECT_EQ(names.at(1), "b");
}

TEST(Names, ManyAreFoundAgainAndReferencesStay) {
  Names names;
  names.add("first");
  const std::string& first = names.at(0);
  for (Index i = 1; i < 20000; ++i) ASSERT_EQ(names.add("name" + std::to_string(i)), i);
  EXPECT_EQ(&first, &names.at(0));
  for (Index i = 1; i < 20000; ++i) ASSERT_EQ(names.find("name" + std::to_string(i)), i);
  EXPECT_EQ(names.find("name20000"), kNone);
}

TEST(Names, CopiesAreTheirOwn) {
  Names names;
  names.add("a");
  Names copy = names;
  copy.add("b");
  names.add("c");
  EXPECT_EQ(copy.at(1), "b");
  EXPECT_EQ(names.at(1), "c");
  EXPECT_EQ(names.find("b"), kNone);
}

TEST(Names, AreFoundFromManyThreads) {
  Names names;
  for (int i = 0; i < 1000; ++i) names.add(std::to_string(i));
  std::vector<std::thread> threads;
  std::vector<int> found(4);
  for (int& count : found) {
    threads.emplace_back([&] {
      for (Index i = 0; i < 1000; ++i) count += names.find(std::to_string(i)) == i ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(found, std::vector<int>(4, 1000));
}

TEST(Items, FromTheLogHaveNoText) {
  Items items;
  items.ids.add("a");
  items.text = {"about a"};
  items.category = {"news"};
  items.catalogued = 1;
  EXPECT_EQ(items.add_from_log("a"), 0U);
  EXPECT_EQ(items.add_from_log("b"), 1U);
  EXPECT_EQ(items.add_from_log("b"), 1U);
  EXPECT_EQ(items.text, (std::vector<std::string>{"about a", ""}));
  EXPECT_EQ(items.category, (std::vector<std::string>{"news", ""}));
  EXPECT_EQ(items.catalogued, 1U);
}

TEST(Time, IsReadInEveryForm) {
  const Time noon = 1706702400 * kSecond;  // 2024-01-31 12:00:00 UTC
  const std::vector<std::pair<std::string, Time>> forms = {{"2024-01-31", noon - 12 * kHour},
                                                           {"2024-01-31 12:00", noon},
                                                           {"2024-01-31 12:00:07", noon + 7 * kSecond},
                                                           {"2024-01-31T12:00:00Z", noon},
                                                           {"2024-01-31 12:00:00.5", noon + kSecond / 2},
                                                           {"2024-01-31 12:00:00.1234567", noon + 123456},
                                                           {"2024-01-31T14:30+02:30", noon},
                                                           {"2024-01-31T04:00:00-08:00", noon},
                                                           {"1706702400", noon},
                                                           {"1706702400.25", noon + kSecond / 4},
                                                           {"0", 0},
                                                           {"1970-01-01", 0},
                                                           {"2024-02-29", noon + 29 * kDay - 12 * kHour},
                                                           {"2200-12-31 23:59:59.999999", 7289654400 * kSecond - 1}};
  for (const auto& [text, expected] : forms) {
    Time time = -1;
    EXPECT_TRUE(parse_time(text, time)) << text;
    EXPECT_EQ(time, expected) << text;
  }
}

TEST(Time, OtherTextsAreRefusedAndLeaveTheTimeAlone) {
  for (const char* text : {"",
                           "x",
                           "2023-02-29",
                           "2024-13-01",
                           "2024-00-10",
                           "2024-1-31",
                           "2024-01-31 ",
                           "2024-01-31 24:00",
                           "2024-01-31 12:60",
                           "2024-01-31 12:00:60",
                           "2024-01-31 12:00:00.",
                           "2024-01-31 12:00 Z",
                           "2024-01-31 12",
                           "2024-01-31T12:00+2:00",
                           "2024-01-31T12:00+15:00",
                           "2024-01-31T12:00:00Zx",
                           "1969-12-31",
                           "2201-01-01",
                           "1970-01-01T00:00+01:00",
                           "-1",
                           "-0",
                           "+5",
                           "1e9",
                           "12.",
                           ".5",
                           "17067024000",
                           "99999999999999999999",
                           " 1"}) {
    Time time = 42;
    EXPECT_FALSE(parse_time(text, time)) << text;
    EXPECT_EQ(time, 42) << text;
  }
}

TEST(Time, IsWrittenInUtc) {
  EXPECT_EQ(format_time(0), "1970-01-01 00:00:00");
  EXPECT_EQ(format_time(1706702400 * kSecond + kSecond / 2), "2024-01-31 12:00:00");
  EXPECT_EQ(format_time(-1), "1969-12-31 23:59:59");
  Time back = 0;
  ASSERT_TRUE(parse_time(format_time(1582934399 * kSecond), back));
  EXPECT_EQ(back, 1582934399 * kSecond);
}

}  // namespace
}  // namespace tamis::data
