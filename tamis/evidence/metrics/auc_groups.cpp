#include "tamis/evidence/metrics/auc_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"

namespace tamis::metrics {

namespace {

struct OneGroup {
  std::uint64_t positives = 0;
  std::uint64_t negatives = 0;
  double auc = 0;  // where there are both
};

// `rows` of one group; sorts them.
OneGroup measure(std::span<std::size_t> rows, const std::vector<double>& scores,
                 const std::vector<std::uint8_t>& labels) {
  OneGroup group;
  for (const std::size_t row : rows) ++(labels[row] != 0 ? group.positives : group.negatives);
  if (group.positives == 0 || group.negatives == 0) return group;
  std::sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  std::uint64_t twice = 0;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < rows.size();) {
    std::uint64_t positives = 0;
    std::uint64_t negatives = 0;
    const double score = scores[rows[i]];
    for (; i < rows.size() && scores[rows[i]] == score; ++i) ++(labels[rows[i]] != 0 ? positives : negatives);
    twice += positives * (2 * below + negatives);
    below += negatives;
  }
  group.auc = static_cast<double>(twice) / static_cast<double>(2 * group.positives * group.negatives);
  return group;
}

}  // namespace

void GroupAuc::update(std::uint32_t group, double score, bool positive) {
  if (!std::isfinite(score)) fail_caller("metrics", fmt::format("the score is {}; a finite number is needed", score));
  groups_.push_back(group);
  scores_.push_back(score);
  labels_.push_back(positive ? 1 : 0);
}

void GroupAuc::merge(const GroupAuc& other) {
  groups_.insert(groups_.end(), other.groups_.begin(), other.groups_.end());
  scores_.insert(scores_.end(), other.scores_.begin(), other.scores_.end());
  labels_.insert(labels_.end(), other.labels_.begin(), other.labels_.end());
}

GroupAucValue GroupAuc::value(GroupWeights weights) const {
  std::vector<std::size_t> rows(groups_.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  std::stable_sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) { return groups_[a] < groups_[b]; });
  std::vector<std::size_t> begins;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (i == 0 || groups_[rows[i]] != groups_[rows[i - 1]]) begins.push_back(i);
  begins.push_back(rows.size());
  std::vector<OneGroup> groups(begins.size() - 1);
  parallel_for(
      groups.size(),
      [&](std::size_t g) {
        groups[g] = measure(std::span(rows).subspan(begins[g], begins[g + 1] - begins[g]), scores_, labels_);
      },
      0);
  GroupAucValue result;
  CompensatedSum sum;
  for (const OneGroup& group : groups) {
    if (group.positives == 0 || group.negatives == 0) {
      ++(group.positives == 0 ? result.only_negative : result.only_positive);
      continue;
    }
    const std::uint64_t size = group.positives + group.negatives;
    ++result.groups;
    result.rows += size;
    sum.add(group.auc * (weights == GroupWeights::equal ? 1 : static_cast<double>(size)));
  }
  const auto weight = static_cast<double>(weights == GroupWeights::equal ? result.groups : result.rows);
  result.value = result.groups > 0 ? MetricValue{sum.value() / weight, {}}
                                   : undefined(groups_.empty() ? "there are no rows" : "no group has both labels");
  return result;
}

}  // namespace tamis::metrics
