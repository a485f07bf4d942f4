#include "tamis/data/folds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tamis/base/error.h"
#include "tamis/base/random.h"

namespace tamis::data {

namespace {

constexpr std::string_view kWhere = "split";

void need_rows(std::size_t rows) {
  if (rows == 0) fail_caller(kWhere, "there are no rows to split");
  if (rows >= kNone) fail_caller(kWhere, fmt::format("{} rows; at most 4294967294 can be numbered", rows));
}

/// `what`: "rows", "groups".
std::size_t test_count(std::size_t units, double share, std::string_view what) {
  if (!(share > 0 && share < 1))
    fail_caller(kWhere, fmt::format("the test side's share is {}; above 0 and below 1 is needed", share));
  const auto count = static_cast<std::size_t>(std::llround(share * static_cast<double>(units)));
  if (count == 0 || count >= units) {
    fail_caller(kWhere, fmt::format("a share of {} of {} {} leaves the {} side empty", share, units, what,
                                    count == 0 ? "test" : "train"));
  }
  return count;
}

void need_folds(std::size_t k, std::size_t units, std::string_view what) {
  if (k < 2 || k > units)
    fail_caller(kWhere,
                fmt::format("{} folds of {} {}; from 2 to as many as there are {} are needed", k, units, what, what));
}

/// Fisher & Yates.
template <typename T>
void shuffle(std::vector<T>& values, Stream& stream) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[stream.below(i)]);
}

std::vector<Index> shuffled(std::size_t n, Stream& stream) {
  std::vector<Index> order(n);
  std::iota(order.begin(), order.end(), Index{0});
  shuffle(order, stream);
  return order;
}

/// The rows of each code, ascending.
std::vector<std::vector<Index>> rows_by_code(std::span<const Index> codes) {
  need_rows(codes.size());
  std::vector<std::vector<Index>> rows(std::size_t{*std::max_element(codes.begin(), codes.end())} + 1);
  for (std::size_t i = 0; i < codes.size(); ++i) rows[codes[i]].push_back(static_cast<Index>(i));
  return rows;
}

/// The same without codes that no row has, so that groups can be counted.
std::vector<std::vector<Index>> rows_by_group(std::span<const Index> groups) {
  auto rows = rows_by_code(groups);
  std::erase_if(rows, [](const std::vector<Index>& of) { return of.empty(); });
  return rows;
}

/// Rows marked true are the test side.
Fold fold_of(const std::vector<bool>& test) {
  Fold fold;
  for (std::size_t i = 0; i < test.size(); ++i) (test[i] ? fold.test : fold.train).push_back(static_cast<Index>(i));
  return fold;
}

/// place[i] < k is the fold in which row i is tested.
std::vector<Fold> folds_of(const std::vector<Index>& place, std::size_t k) {
  std::vector<std::size_t> sizes(k);
  for (const Index fold : place) ++sizes[fold];
  std::vector<Fold> folds(k);
  for (std::size_t f = 0; f < k; ++f) {
    folds[f].test.reserve(sizes[f]);
    folds[f].train.reserve(place.size() - sizes[f]);
    for (std::size_t i = 0; i < place.size(); ++i)
      (place[i] == f ? folds[f].test : folds[f].train).push_back(static_cast<Index>(i));
  }
  return folds;
}

void need_class_rows(const std::vector<std::vector<Index>>& classes, std::size_t least, std::string_view wanted,
                     const Names* names) {
  for (Index c = 0; c < classes.size(); ++c) {
    if (classes[c].empty() || classes[c].size() >= least) continue;
    const std::string name = names != nullptr ? names->at(c) : std::to_string(c);
    fail_caller(kWhere, fmt::format("class \"{}\" has {} row{}; {} at least {} of each class", name, classes[c].size(),
                                    classes[c].size() == 1 ? "" : "s", wanted, least));
  }
}

/// How often each unit was drawn; drawn again until one was not.
std::vector<Index> draw(std::size_t units, std::uint64_t seed, std::uint64_t resample) {
  Stream stream(seed, "split/bootstrap", resample);
  std::vector<Index> times(units);
  do {
    std::fill(times.begin(), times.end(), Index{0});
    for (std::size_t i = 0; i < units; ++i) ++times[stream.below(units)];
  } while (std::find(times.begin(), times.end(), Index{0}) == times.end());
  return times;
}

void need_resamples(std::size_t units, std::size_t resamples, std::string_view what) {
  if (resamples == 0) fail_caller(kWhere, "0 resamples; at least 1 is needed");
  if (units < 2) fail_caller(kWhere, fmt::format("a bootstrap needs at least 2 {}, there is {}", what, units));
}

}  // namespace

Fold holdout(std::size_t rows, double share, std::uint64_t seed) {
  need_rows(rows);
  const std::size_t count = test_count(rows, share, "rows");
  Stream stream(seed, "split/holdout");
  const auto order = shuffled(rows, stream);
  std::vector<bool> test(rows);
  for (std::size_t i = 0; i < count; ++i) test[order[i]] = true;
  return fold_of(test);
}

Fold stratified_holdout(std::span<const Index> labels, double share, std::uint64_t seed, const Names* names) {
  auto classes = rows_by_code(labels);
  const std::size_t count = test_count(labels.size(), share, "rows");
  need_class_rows(classes, 2, "a stratified holdout needs", names);
  std::vector<std::size_t> take(classes.size());
  std::vector<std::pair<double, std::size_t>> remainders;  // largest first, equal ones by class
  std::size_t taken = 0;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const double exact = share * static_cast<double>(classes[c].size());
    take[c] = static_cast<std::size_t>(std::floor(exact));
    taken += take[c];
    remainders.emplace_back(static_cast<double>(take[c]) - exact, c);
  }
  std::sort(remainders.begin(), remainders.end());
  for (std::size_t i = 0; taken < count && i < remainders.size(); ++i) {
    if (remainders[i].first >= 0) break;
    ++take[remainders[i].second];
    ++taken;
  }
  std::vector<bool> test(labels.size());
  for (std::size_t c = 0; c < classes.size(); ++c) {
    Stream stream(seed, "split/stratified holdout", c);
    shuffle(classes[c], stream);
    for (std::size_t i = 0; i < take[c]; ++i) test[classes[c][i]] = true;
  }
  return fold_of(test);
}

Fold group_holdout(std::span<const Index> groups, double share, std::uint64_t seed) {
  const auto rows = rows_by_group(groups);
  const std::size_t count = test_count(rows.size(), share, "groups");
  Stream stream(seed, "split/group holdout");
  const auto order = shuffled(rows.size(), stream);
  std::vector<bool> test(groups.size());
  for (std::size_t i = 0; i < count; ++i) {
    for (const Index row : rows[order[i]]) test[row] = true;
  }
  return fold_of(test);
}

std::vector<Fold> kfold(std::size_t rows, std::size_t k, std::uint64_t seed) {
  need_rows(rows);
  need_folds(k, rows, "rows");
  Stream stream(seed, "split/kfold");
  const auto order = shuffled(rows, stream);
  std::vector<Index> place(rows);
  for (std::size_t i = 0; i < rows; ++i) place[order[i]] = static_cast<Index>(i % k);
  return folds_of(place, k);
}

std::vector<Fold> stratified_kfold(std::span<const Index> labels, std::size_t k, std::uint64_t seed,
                                   const Names* names) {
  auto classes = rows_by_code(labels);
  need_folds(k, labels.size(), "rows");
  need_class_rows(classes, k, fmt::format("{} stratified folds need", k), names);
  std::vector<Index> place(labels.size());
  std::size_t next = 0;  // goes on from class to class, so that the folds' sizes, too, differ by 1 at the most
  for (std::size_t c = 0; c < classes.size(); ++c) {
    Stream stream(seed, "split/stratified kfold", c);
    shuffle(classes[c], stream);
    for (const Index row : classes[c]) place[row] = static_cast<Index>(next++ % k);
  }
  return folds_of(place, k);
}

std::vector<Fold> group_kfold(std::span<const Index> groups, std::size_t k, std::uint64_t seed) {
  const auto rows = rows_by_group(groups);
  need_folds(k, rows.size(), "groups");
  Stream stream(seed, "split/group kfold");
  auto order = shuffled(rows.size(), stream);
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return rows[a].size() > rows[b].size(); });
  std::vector<std::size_t> sizes(k);
  std::vector<Index> place(groups.size());
  for (const Index group : order) {
    const auto least = std::min_element(sizes.begin(), sizes.end());
    *least += rows[group].size();
    for (const Index row : rows[group]) place[row] = static_cast<Index>(least - sizes.begin());
  }
  return folds_of(place, k);
}

std::vector<Fold> bootstrap_folds(std::size_t rows, std::size_t resamples, std::uint64_t seed) {
  need_rows(rows);
  need_resamples(rows, resamples, "rows");
  std::vector<Fold> folds(resamples);
  for (std::size_t r = 0; r < resamples; ++r) {
    const auto times = draw(rows, seed, r);
    for (std::size_t i = 0; i < rows; ++i) {
      if (times[i] == 0) folds[r].test.push_back(static_cast<Index>(i));
      folds[r].train.insert(folds[r].train.end(), times[i], static_cast<Index>(i));
    }
  }
  return folds;
}

std::vector<Fold> group_bootstrap_folds(std::span<const Index> groups, std::size_t resamples, std::uint64_t seed) {
  const auto rows = rows_by_group(groups);
  need_resamples(rows.size(), resamples, "groups");
  std::vector<Fold> folds(resamples);
  for (std::size_t r = 0; r < resamples; ++r) {
    const auto times = draw(rows.size(), seed, r);
    std::vector<Index> of_row(groups.size());
    for (std::size_t g = 0; g < rows.size(); ++g) {
      for (const Index row : rows[g]) of_row[row] = times[g];
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (of_row[i] == 0) folds[r].test.push_back(static_cast<Index>(i));
      folds[r].train.insert(folds[r].train.end(), of_row[i], static_cast<Index>(i));
    }
  }
  return folds;
}

}  // namespace tamis::data
