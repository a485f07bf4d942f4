#include "tamis/recommend/item_knn.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/recommend/clicks.h"

namespace tamis::recommend {

namespace {

using data::Index;

constexpr std::size_t kMostClicks = 500;

/// A sparse 0/1 matrix by rows.
struct Incidence {
  std::vector<std::size_t> offsets;
  std::vector<Index> columns;

  std::span<const Index> row(std::size_t i) const {
    return std::span(columns).subspan(offsets[i], offsets[i + 1] - offsets[i]);
  }
  std::size_t rows() const { return offsets.size() - 1; }
};

/// The distinct items among each user's latest clicks, ascending.
Incidence baskets(const data::EventLog& log, const data::Items& items, data::Time until) {
  std::size_t users = 0, clicks = 0;
  for_each_click(log, items, until, [&](std::size_t row) {
    users = std::max<std::size_t>(users, log.user(row) + std::size_t{1});
    ++clicks;
  });
  std::vector<std::size_t> begin(users + 1);
  for_each_click(log, items, until, [&](std::size_t row) { ++begin[log.user(row) + 1]; });
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  std::vector<Index> clicked(clicks);
  std::vector<std::size_t> next(begin.begin(), begin.end() - 1);
  for_each_click(log, items, until, [&](std::size_t row) { clicked[next[log.user(row)]++] = log.item(row); });

  Incidence result;
  result.offsets.push_back(0);
  for (std::size_t user = 0; user < users; ++user) {
    const std::size_t first = std::max(begin[user], begin[user + 1] - std::min(begin[user + 1], kMostClicks));
    const auto from = clicked.begin() + static_cast<std::ptrdiff_t>(first);
    const auto to = clicked.begin() + static_cast<std::ptrdiff_t>(begin[user + 1]);
    std::sort(from, to);
    result.columns.insert(result.columns.end(), from, std::unique(from, to));
    result.offsets.push_back(result.columns.size());
  }
  return result;
}

Incidence transpose(const Incidence& matrix, std::size_t columns) {
  Incidence result;
  result.offsets.assign(columns + 1, 0);
  result.columns.resize(matrix.columns.size());
  for (const Index column : matrix.columns) ++result.offsets[column + 1];
  std::partial_sum(result.offsets.begin(), result.offsets.end(), result.offsets.begin());
  std::vector<std::size_t> next(result.offsets.begin(), result.offsets.end() - 1);
  for (std::size_t row = 0; row < matrix.rows(); ++row) {
    for (const Index column : matrix.row(row)) result.columns[next[column]++] = static_cast<Index>(row);
  }
  return result;
}

struct Neighbour {
  Index item;
  float similarity;
};

/// The items most similar to one, best first.
std::vector<Neighbour> nearest(const Incidence& of_user, const Incidence& of_item, Index item, std::size_t most,
                               double shrinkage) {
  thread_local std::vector<std::uint32_t> counts;  // all zero between calls
  thread_local std::vector<Index> kept;
  if (counts.size() < of_item.rows()) counts.resize(of_item.rows());
  std::uint32_t* const together = counts.data();
  std::vector<Index>& met = kept;
  met.clear();
  for (const Index user : of_item.row(item)) {
    for (const Index other : of_user.row(user)) {
      if (together[other]++ == 0) met.push_back(other);
    }
  }
  std::vector<Neighbour> found;
  found.reserve(met.size());
  const auto own = static_cast<double>(of_item.row(item).size());
  for (const Index other : met) {
    if (other != item) {
      const double cosine_below = std::sqrt(own * static_cast<double>(of_item.row(other).size()));
      found.push_back({other, static_cast<float>(together[other] / (cosine_below + shrinkage))});
    }
    together[other] = 0;
  }
  const auto better = [](const Neighbour& a, const Neighbour& b) {
    return a.similarity != b.similarity ? a.similarity > b.similarity : a.item < b.item;
  };
  if (found.size() > most) {
    std::nth_element(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(most), found.end(), better);
    found.resize(most);
  }
  std::sort(found.begin(), found.end(), better);
  return {found.begin(), found.end()};
}

}  // namespace

ItemKnn::ItemKnn(int neighbours, double shrinkage, int profile, data::Time half_life)
    : neighbours_(neighbours), shrinkage_(shrinkage), profile_(profile), half_life_(half_life), popularity_(0) {
  if (neighbours < 1) fail_caller("item_knn", "neighbours must be >= 1, not " + std::to_string(neighbours));
  if (!(shrinkage >= 0) || !std::isfinite(shrinkage)) {
    fail_caller("item_knn", "shrinkage must be >= 0 and finite, not " + std::to_string(shrinkage));
  }
  if (profile < 1) fail_caller("item_knn", "profile must be >= 1, not " + std::to_string(profile));
  if (half_life < 0) fail_caller("item_knn", "half_life must be >= 0, not " + std::to_string(half_life));
}

void ItemKnn::fit(const data::EventLog& log, const data::Items& items, data::Time until) {
  popularity_.fit(log, items, until);
  const Incidence of_user = baskets(log, items, until);
  const Incidence of_item = transpose(of_user, items.size());
  std::vector<std::vector<Neighbour>> lists(items.size());
  parallel_for(
      items.size(),
      [&](std::size_t item) {
        lists[item] =
            nearest(of_user, of_item, static_cast<Index>(item), static_cast<std::size_t>(neighbours_), shrinkage_);
      },
      0);

  offsets_.assign(1, 0);
  neighbour_.clear();
  similarity_.clear();
  float smallest = std::numeric_limits<float>::max(), most = 0;
  for (std::size_t item = 0; item < items.size(); ++item) {
    for (const Neighbour& near : lists[item]) {
      neighbour_.push_back(near.item);
      similarity_.push_back(near.similarity);
      smallest = std::min(smallest, near.similarity);
    }
    offsets_.push_back(neighbour_.size());
    most = std::max(most, popularity_.weight(static_cast<Index>(item)));
  }
  tie_.assign(items.size(), 0.0F);
  if (neighbour_.empty()) return;
  for (std::size_t item = 0; item < items.size(); ++item) {
    tie_[item] = 0.5F * smallest * (popularity_.weight(static_cast<Index>(item)) / most);
  }
}

bool ItemKnn::score(const data::Request& request, std::span<float> scores) const {
  thread_local std::vector<float> scratch;  // all zero between calls
  if (scratch.size() < tie_.size()) scratch.resize(tie_.size());
  float* const sums = scratch.data();
  const auto history = latest(request, profile_);
  float least = std::numeric_limits<float>::max();  // weight of a click that had neighbours
  for (const data::Interaction& click : history) {
    if (click.item >= tie_.size() || offsets_[click.item] == offsets_[click.item + 1]) continue;
    const float weight = decay(request, click, half_life_);
    if (weight < 1e-30F) continue;  // so old that its share would vanish in rounding, and with it the tie's
    least = std::min(least, weight);
    for (std::size_t k = offsets_[click.item]; k < offsets_[click.item + 1]; ++k) {
      sums[neighbour_[k]] += weight * similarity_[k];
    }
  }
  if (least == std::numeric_limits<float>::max()) {
    popularity_.score(request, scores);
    return false;
  }
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const Index item = request.candidates[i];
    scores[i] = item < tie_.size() ? sums[item] + least * tie_[item] : 0.0F;
  }
  for (const data::Interaction& click : history) {
    if (click.item >= tie_.size()) continue;
    for (std::size_t k = offsets_[click.item]; k < offsets_[click.item + 1]; ++k) sums[neighbour_[k]] = 0;
  }
  return true;
}

}  // namespace tamis::recommend
