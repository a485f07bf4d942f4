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
