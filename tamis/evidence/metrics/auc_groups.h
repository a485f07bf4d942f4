#pragma once

#include <cstdint>
#include <vector>

#include "tamis/evidence/metrics/metric_value.h"

namespace tamis::metrics {

/// How groups count in the mean of their AUCs: by their rows (Zhou et al. 2018, "Deep Interest Network for
/// Click-Through Rate Prediction", section 6.3), or each the same.
enum class GroupWeights : std::uint8_t { impressions, equal };

/// GAUC with what it rests on.
struct GroupAucValue {
  MetricValue value;
  std::uint64_t groups = 0;         ///< with both labels: those the value is of
  std::uint64_t rows = 0;           ///< in these groups
  std::uint64_t only_positive = 0;  ///< groups left out, having no negative row
  std::uint64_t only_negative = 0;  ///< groups left out, having no positive row
};

/// Per-group AUC: the mean over groups (users) of the AUC within the group, so that scores are compared only where they
/// compete. Groups without both labels have no AUC and are left out and counted. Holds 13 bytes a row.
class GroupAuc {
 public:
  /// score: finite (invalid_argument else). group: any number; states that are merged must number groups alike.
  void update(std::uint32_t group, double score, bool positive);
  void merge(const GroupAuc& other);
  /// O(n log n), parallel over groups; the same at any number of threads.
  GroupAucValue value(GroupWeights weights) const;

 private:
  std::vector<std::uint32_t> groups_;
  std::vector<double> scores_;
  std::vector<std::uint8_t> labels_;
};

}  // namespace tamis::metrics
