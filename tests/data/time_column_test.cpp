#include "tamis/data/time_column.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>

namespace tamis::data {
namespace {

std::optional<Time> of_text(std::string_view text) {
  Column column;
  column.text = {text};
  Time time = 0;
  return time_of_cell(column, 0, time) ? std::optional(time) : std::nullopt;
}

std::optional<Time> of_integer(std::int64_t value, ColumnType type = ColumnType::integer) {
  Column column;
  column.type = type;
  column.integer = {value};
  Time time = 0;
  return time_of_cell(column, 0, time) ? std::optional(time) : std::nullopt;
}

std::optional<Time> of_real(double value) {
  Column column;
  column.type = ColumnType::real;
  column.real = {value};
  Time time = 0;
  return time_of_cell(column, 0, time) ? std::optional(time) : std::nullopt;
}

TEST(AnyTime, IsReadInEveryYearAndZone) {
  const auto read = [](std::string_view text) {
    Time time = 0;
    EXPECT_TRUE(parse_any_time(text, time)) << text;
    return time;
  };
  EXPECT_EQ(read("1970-01-01"), 0);
  EXPECT_EQ(read("1969-12-31T23:59:59Z"), -kSecond);
  EXPECT_EQ(read("1970-01-01 00:00:00+02:00"), -2 * kHour);
  EXPECT_EQ(read("1890-02-28 12:00"), -29161 * kDay + kHour * 12);
  EXPECT_EQ(read("2024-01-31 13:05:00.25"), 1'706'706'300 * kSecond + 250'000);
  EXPECT_EQ(read("-86400"), -kDay);
  EXPECT_EQ(read("-0.5"), -500'000);
  EXPECT_EQ(read("1706706300"), 1'706'706'300 * kSecond);
  EXPECT_EQ(read("1706706300250"), 1'706'706'300 * kSecond + 250'000);
  EXPECT_EQ(read("-1706706300250"), -1'706'706'300 * kSecond - 250'000);
  EXPECT_EQ(read("1706706300250000"), 1'706'706'300 * kSecond + 250'000);
  EXPECT_EQ(read("1706706300250000999"), 1'706'706'300 * kSecond + 250'000);
  EXPECT_EQ(read("-1706706300250000001"), -1'706'706'300 * kSecond - 250'001);
  EXPECT_EQ(read("0001-01-01"), -62'135'596'800 * kSecond);
}

TEST(AnyTime, RefusesTheRest) {
  for (const char* text : {"", "yesterday", "2024-02-30", "0000-01-01", "2024-01-01 25:00", "2024-01-01x", "nan", "inf",
                           "2024/01/01", "0001-01-01 00:00+01:00", "1e300", "20a4-01-01"}) {
    Time time = 0;
    EXPECT_FALSE(parse_any_time(text, time)) << text;
  }
}

TEST(TimeColumn, AnyFormOfOneMomentIsThatMoment) {
  const Time moment = 19'723 * kDay + kHour;  // 2024-01-01 01:00 UTC
  EXPECT_EQ(of_text("2024-01-01 01:00:00"), moment);
  EXPECT_EQ(of_text("2024-01-01T03:00:00+02:00"), moment);
  EXPECT_EQ(of_text("1704070800"), moment);
  EXPECT_EQ(of_integer(1'704'070'800), moment);
  EXPECT_EQ(of_integer(1'704'070'800'000), moment);
  EXPECT_EQ(of_integer(1'704'070'800'000'000), moment);
  EXPECT_EQ(of_integer(1'704'070'800'000'000'000), moment);
  EXPECT_EQ(of_integer(moment, ColumnType::time), moment);
  EXPECT_EQ(of_real(1'704'070'800), moment);
  EXPECT_EQ(of_real(1'704'070'800.25), moment + kSecond / 4);
}

TEST(TimeColumn, TimesBefore1970AreTimes) {
  EXPECT_EQ(of_text("1969-12-31 23:00"), -kHour);
  EXPECT_EQ(of_integer(-3600), -kHour);
  EXPECT_EQ(of_real(-0.5), -kSecond / 2);
  EXPECT_EQ(of_integer(-kHour, ColumnType::time), -kHour);
}

TEST(TimeColumn, WhatIsNoTimeIsShown) {
  EXPECT_EQ(of_text("yesterday"), std::nullopt);
  EXPECT_EQ(of_real(1e300), std::nullopt);
  EXPECT_EQ(of_integer(9'000'000'000'000'000'000, ColumnType::time), std::nullopt);
  Column column;
  const std::string long_text(60, 'x');
  column.text = {"yesterday", long_text};
  EXPECT_EQ(written_cell(column, 0), "yesterday");
  EXPECT_EQ(written_cell(column, 1), long_text.substr(0, 40) + "...");
  column.type = ColumnType::real;
  column.real = {0.5};
  EXPECT_EQ(written_cell(column, 0), "0.5");
  column.type = ColumnType::time;
  column.integer = {-7};
  EXPECT_EQ(written_cell(column, 0), "-7");
}

}  // namespace
}  // namespace tamis::data
