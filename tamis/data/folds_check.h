#pragma once

#include <span>
#include <vector>

#include "tamis/data/folds.h"

namespace tamis::data {

/// A row of which a feature became known only after the label.
struct LateRow {
  std::size_t row = 0;     ///< its place among the rows given
  std::size_t column = 0;  ///< the latest of its features
  Time label = 0;
  Time known = 0;
};

struct KnownLate {
  std::size_t rows = 0;                ///< looked at
  std::size_t late = 0;                ///< of these, with a feature known later than the label
  std::vector<std::size_t> by_column;  ///< rows in which this one was late; [known.size()]
  std::vector<std::size_t> unknown;    ///< rows that do not say when it was known; [known.size()]
  std::vector<LateRow> first;          ///< the first few, by row
  double share() const { return rows == 0 ? 0 : static_cast<double>(late) / static_cast<double>(rows); }
};

/// Rows that a model could not have had in time: with a feature whose known time is later than the label's (the same
/// microsecond is in time). `known`: a column of times a feature; kNoTime (folds_table.h): not told. `show`: how many
/// rows to name. Throws invalid_argument if lengths differ.
KnownLate known_after_label(std::span<const Time> label, std::span<const std::vector<Time>> known, std::size_t show);

/// What is wrong with one fold.
struct FoldFindings {
  std::size_t train = 0, test = 0;             ///< rows listed
  std::size_t both_sides = 0;                  ///< rows on both sides
  std::size_t repeated_train = 0;              ///< listings of a row again; what a bootstrap does
  std::size_t repeated_test = 0;               ///< the same on the test side
  std::size_t outside = 0;                     ///< listings of a row that the table lacks or that cannot be read
  std::size_t groups_on_both = 0;              ///< users on both sides
  std::size_t later_train = 0;                 ///< train rows as late as the earliest test row, or later
  std::vector<Index> first_both, first_later;  ///< the first few rows of both_sides, of later_train
  std::vector<Index> first_groups;             ///< the first few groups on both sides
  /// Anything but repeated train rows.
  bool leaks() const { return both_sides + repeated_test + outside + groups_on_both + later_train > 0; }
};

/// The table that folds are checked against. `rows`: the numbers of the rows that can be read, ascending; the other two
/// go by place among them and may be empty: then nothing is said of them.
struct CheckedTable {
  std::span<const Index> rows;
  std::span<const Index> groups;
  std::span<const Time> times;
};

FoldFindings check_fold(const Fold& fold, const CheckedTable& table, std::size_t show);

}  // namespace tamis::data
