#include "tamis/evidence/metrics/beyond_accuracy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tamis/base/error.h"

namespace tamis::metrics {

namespace {

std::optional<double> mean_of(const stats::Summary& summary) {
  return summary.count > 0 ? std::optional(summary.mean) : std::nullopt;
}

std::optional<double> gini(std::vector<std::uint64_t> listed) {
  std::sort(listed.begin(), listed.end());
  const auto n = static_cast<double>(listed.size());
  double total = 0;
  double weighted = 0;
  for (std::size_t j = 0; j < listed.size(); ++j) {
    const auto count = static_cast<double>(listed[j]);
    total += count;
    weighted += (2 * static_cast<double>(j + 1) - n - 1) * count;
  }
  if (listed.size() < 2 || total == 0) return std::nullopt;
  return weighted / ((n - 1) * total);
}

}  // namespace

BeyondAccuracy::BeyondAccuracy(std::vector<std::uint64_t> popularity, std::uint64_t population, std::size_t k,
                               Distance distance)
    : popularity_(std::move(popularity)),
      population_(population),
      k_(k),
      distance_(std::move(distance)),
      listed_(popularity_.size()) {
  if (k_ == 0) fail_caller("metrics", "a list of 0 items has no measure; the cutoff is from 1");
  if (popularity_.empty()) fail_caller("metrics", "the catalogue is empty");
  for (std::size_t i = 0; i < popularity_.size(); ++i)
    if (popularity_[i] > population_)
      fail_caller("metrics", fmt::format("item {} was had by {} of {}", i, popularity_[i], population_));
}

void BeyondAccuracy::update(std::span<const std::uint32_t> ranked) {
  const std::span<const std::uint32_t> first = ranked.first(std::min(k_, ranked.size()));
  std::vector<std::uint32_t> sorted(first.begin(), first.end());
  std::sort(sorted.begin(), sorted.end());
  if (!sorted.empty() && sorted.back() >= popularity_.size())
    fail_caller("metrics", fmt::format("item {} is beyond the catalogue of {}", sorted.back(), popularity_.size()));
  if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end())
    fail_caller("metrics", fmt::format("item {} stands twice in a list", *twice));
  ++lists_;
  if (first.empty()) return;
  stats::Summary novelty;
  stats::Summary popular;
  stats::Summary diversity;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const std::uint64_t had = popularity_[first[i]];
    ++listed_[first[i]];
    unseen_ += had == 0;
    popular.update(static_cast<double>(had));
    const auto population = static_cast<double>(std::max<std::uint64_t>(1, population_));
    novelty.update(std::log2(population / static_cast<double>(std::max<std::uint64_t>(1, had))));
    for (std::size_t j = i + 1; distance_ && j < first.size(); ++j) diversity.update(distance_(first[i], first[j]));
  }
  novelty_.update(novelty.mean);
  popular_.update(popular.mean);
  if (diversity.count > 0) diversity_.update(diversity.mean);
}

void BeyondAccuracy::merge(const BeyondAccuracy& other) {
  if (popularity_ != other.popularity_ || population_ != other.population_ || k_ != other.k_)
    fail_caller("metrics", "lists of another catalogue, population or cutoff cannot be merged");
  for (std::size_t i = 0; i < listed_.size(); ++i) listed_[i] += other.listed_[i];
  lists_ += other.lists_;
  unseen_ += other.unseen_;
  novelty_.merge(other.novelty_);
  popular_.merge(other.popular_);
  diversity_.merge(other.diversity_);
}

BeyondAccuracyValue BeyondAccuracy::value() const {
  BeyondAccuracyValue value;
  value.lists = lists_;
  const auto met = listed_.size() - static_cast<std::size_t>(std::count(listed_.begin(), listed_.end(), 0U));
  value.coverage = static_cast<double>(met) / static_cast<double>(listed_.size());
  value.gini = gini(listed_);
  value.novelty = mean_of(novelty_);
  value.popularity = mean_of(popular_);
  value.diversity = mean_of(diversity_);
  value.unseen = unseen_;
  return value;
}

}  // namespace tamis::metrics
