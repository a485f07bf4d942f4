#include "tamis/data/folds_check.h"

#include <stdexcept>

#include "tamis/data/folds_table.h"

namespace tamis::data {
namespace {

using Rows = std::vector<Index>;
using Times = std::vector<Time>;

TEST(KnownAfterLabel, CountsRowsAndColumns) {
  const Times label{10, 20, 30, -5, 50};
  const std::vector<Times> known{{10, 21, 31, -5, kNoTime}, {9, 20, 40, -4, 50}};
  const KnownLate found = known_after_label(label, known, 2);
  EXPECT_EQ(found.rows, 5U);
  EXPECT_EQ(found.late, 3U);
  EXPECT_DOUBLE_EQ(found.share(), 0.6);
  EXPECT_EQ(found.by_column, (std::vector<std::size_t>{2, 2}));
  EXPECT_EQ(found.unknown, (std::vector<std::size_t>{1, 0}));
  ASSERT_EQ(found.first.size(), 2U) << "no more than asked for";
  EXPECT_EQ(found.first[0].row, 1U);
  EXPECT_EQ(found.first[0].column, 0U);
  EXPECT_EQ(found.first[1].row, 2U);
  EXPECT_EQ(found.first[1].column, 1U) << "the latest of the row";
  EXPECT_EQ(found.first[1].known, 40);
  EXPECT_EQ(found.first[1].label, 30);
  EXPECT_EQ(known_after_label(label, std::span(known).first(0), 2).late, 0U);
  EXPECT_THROW(known_after_label(Times{1}, known, 2), std::invalid_argument);
}

TEST(CheckFold, FindsEachKindOfLeak) {
  const Rows rows{0, 1, 2, 4, 5};  // row 3 of the table cannot be read
  const Rows groups{7, 7, 8, 9, 9};
  const Times times{1, 2, 3, 4, 5};
  const CheckedTable table{rows, groups, times};
  const FoldFindings clean = check_fold({{0, 0, 1, 2}, {4, 5}}, table, 3);
  EXPECT_FALSE(clean.leaks());
  EXPECT_EQ(clean.repeated_train, 1U) << "a bootstrap's";
  EXPECT_EQ(clean.train, 4U);

  EXPECT_EQ(check_fold({{0, 1, 4}, {4, 5}}, table, 3).both_sides, 1U);
  EXPECT_EQ(check_fold({{0, 1, 4}, {4, 5}}, table, 3).first_both, (Rows{4}));
  EXPECT_EQ(check_fold({{0}, {5, 5}}, table, 3).repeated_test, 1U);
  EXPECT_EQ(check_fold({{0, 3, 99}, {5}}, table, 3).outside, 2U);

  const FoldFindings mixed = check_fold({{0, 5}, {1, 2, 4}}, table, 1);
  EXPECT_EQ(mixed.groups_on_both, 2U);
  EXPECT_EQ(mixed.first_groups, (Rows{7}));
  EXPECT_EQ(mixed.later_train, 1U);
  EXPECT_EQ(mixed.first_later, (Rows{5})) << "by its number in the table";
  EXPECT_TRUE(mixed.leaks());

  const CheckedTable bare{rows, {}, {}};
  EXPECT_FALSE(check_fold({{0, 5}, {1, 2, 4}}, bare, 1).leaks()) << "nothing is said of what is not known";
  EXPECT_TRUE(check_fold({{2}, {1}}, table, 1).leaks());
  EXPECT_EQ(check_fold({{1, 2}, {4}}, {rows, {}, Times{5, 5, 4, 5, 5}}, 1).later_train, 1U) << "as late is too late";
}

}  // namespace
}  // namespace tamis::data
