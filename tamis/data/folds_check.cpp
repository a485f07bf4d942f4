#include "tamis/data/folds_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "tamis/base/error.h"
#include "tamis/data/folds_table.h"

namespace tamis::data {

KnownLate known_after_label(std::span<const Time> label, std::span<const std::vector<Time>> known, std::size_t show) {
  KnownLate found;
  found.rows = label.size();
  found.by_column.resize(known.size());
  found.unknown.resize(known.size());
  for (const std::vector<Time>& column : known) {
    if (column.size() != label.size())
      fail_caller("check", fmt::format("{} known times for {} labels", column.size(), label.size()));
  }
  for (std::size_t i = 0; i < label.size(); ++i) {
    LateRow worst{i, 0, label[i], kNoTime};
    for (std::size_t c = 0; c < known.size(); ++c) {
      const Time time = known[c][i];
      if (time == kNoTime) {
        ++found.unknown[c];
      } else if (time > label[i]) {
        ++found.by_column[c];
        if (worst.known == kNoTime || time > worst.known) {
          worst.column = c;
          worst.known = time;
        }
      }
    }
    if (worst.known == kNoTime) continue;
    ++found.late;
    if (found.first.size() < show) found.first.push_back(worst);
  }
  return found;
}

namespace {

/// The distinct rows of one side, ascending, and how many listings they leave over.
std::vector<Index> distinct(const std::vector<Index>& side, std::size_t& repeated) {
  std::vector<Index> rows = side;
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  repeated = side.size() - rows.size();
  return rows;
}

std::vector<Index> first_few(const std::vector<Index>& rows, std::size_t show) {
  return {rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(std::min(show, rows.size()))};
}

/// Places of rows among those of the table; a row that it lacks has none.
std::vector<Index> places(const std::vector<Index>& rows, std::span<const Index> table) {
  std::vector<Index> found;
  std::size_t at = 0;
  for (const Index row : rows) {
    while (at < table.size() && table[at] < row) ++at;
    if (at < table.size() && table[at] == row) found.push_back(static_cast<Index>(at));
  }
  return found;
}

std::vector<Index> groups_of(const std::vector<Index>& rows, std::span<const Index> groups) {
  std::vector<Index> found;
  for (const Index place : rows) found.push_back(groups[place]);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace

FoldFindings check_fold(const Fold& fold, const CheckedTable& table, std::size_t show) {
  FoldFindings found;
  found.train = fold.train.size();
  found.test = fold.test.size();
  const auto train = distinct(fold.train, found.repeated_train);
  const auto test = distinct(fold.test, found.repeated_test);
  std::vector<Index> both;
  std::set_intersection(train.begin(), train.end(), test.begin(), test.end(), std::back_inserter(both));
  found.both_sides = both.size();
  found.first_both = first_few(both, show);
  const auto train_places = places(train, table.rows);
  const auto test_places = places(test, table.rows);
  found.outside = train.size() - train_places.size() + test.size() - test_places.size();
  if (!table.groups.empty()) {
    const auto a = groups_of(train_places, table.groups);
    const auto b = groups_of(test_places, table.groups);
    std::vector<Index> shared;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(shared));
    found.groups_on_both = shared.size();
    found.first_groups = first_few(shared, show);
  }
  if (!table.times.empty() && !test_places.empty()) {
    Time first = std::numeric_limits<Time>::max();
    for (const Index place : test_places) first = std::min(first, table.times[place]);
    for (const Index place : train_places) {
      if (table.times[place] < first) continue;
      ++found.later_train;
      if (found.first_later.size() < show) found.first_later.push_back(table.rows[place]);
    }
  }
  return found;
}

}  // namespace tamis::data
