#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tamis/data/schema.h"

namespace tamis::data {

/// The rows of a table to fit on and the rows to score, numbered from 0, ascending. A split never copies the table. The
/// train side of a bootstrap holds a row as often as it was drawn.
struct Fold {
  std::vector<Index> train;
  std::vector<Index> test;
};

// All splits below draw from streams named (seed, "split/KIND", index), on one thread: the same seed gives the same
// rows on any machine. Labels and groups are codes, one a row, dense from 0 in any order (see Names). All throw
// invalid_argument for no rows or more than 2^32 - 2.

/// One fold: round(share * rows) rows drawn at random for the test side. Throws invalid_argument unless 0 < share < 1,
/// or if a side would be empty.
Fold holdout(std::size_t rows, double share, std::uint64_t seed);

/// The same, each class's part of the test side being share * its rows, rounded down or up so that the sum is
/// round(share * rows) (largest remainders first). Throws as holdout does, and for a class of fewer than 2 rows, by its
/// name where `names` are given.
Fold stratified_holdout(std::span<const Index> labels, double share, std::uint64_t seed, const Names* names = nullptr);

/// The same over groups (users), none of which is on both sides: round(share * groups) of them are the test side. Its
/// share of the rows is as it comes.
Fold group_holdout(std::span<const Index> groups, double share, std::uint64_t seed);

/// k folds whose test sides are disjoint and together all rows; their sizes differ by 1 at the most. Throws
/// invalid_argument unless 2 <= k <= rows.
std::vector<Fold> kfold(std::size_t rows, std::size_t k, std::uint64_t seed);

/// The same, the rows of each class being dealt out in turn: the folds' counts of a class, too, differ by 1 at the
/// most. Throws as kfold does, and for a class of fewer than k rows, by its name where `names` are given.
std::vector<Fold> stratified_kfold(std::span<const Index> labels, std::size_t k, std::uint64_t seed,
                                   const Names* names = nullptr);

/// The same over groups (users): a group's rows are the test side of one fold together. Groups go, the largest first
/// and equal ones in random order, to the fold with the fewest rows. Throws invalid_argument unless 2 <= k <= groups.
std::vector<Fold> group_kfold(std::span<const Index> groups, std::size_t k, std::uint64_t seed);

/// `resamples` folds: `rows` rows drawn with replacement to fit on, and those never drawn ("out of bag", about
/// (1 - 1/rows)^rows = 0.368 of all) to score. Throws invalid_argument for resamples == 0 or fewer than 2 rows. A
/// resample that leaves nothing out of the bag (only where rows are very few) is drawn again.
/// Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 17.
std::vector<Fold> bootstrap_folds(std::size_t rows, std::size_t resamples, std::uint64_t seed);

/// The same over groups (users): a group is drawn with all of its rows.
std::vector<Fold> group_bootstrap_folds(std::span<const Index> groups, std::size_t resamples, std::uint64_t seed);

}  // namespace tamis::data
