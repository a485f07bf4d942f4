#include "tamis/evidence/metrics/auc_streaming.h"

#include <fmt/format.h>

#include <cmath>

#include "tamis/base/error.h"
#include "tamis/evidence/metrics/auc_sort.h"

namespace tamis::metrics {

StreamingAuc::StreamingAuc(int bits) : bits_(bits) {
  if (bits < 10 || bits > 26) fail_caller("streaming AUC", fmt::format("{} bits; 10 to 26 are accepted", bits));
  bins_.resize(std::size_t{1} << bits);
}

void StreamingAuc::update(double score, bool positive) {
  if (!std::isfinite(score)) fail_caller("metrics", fmt::format("the score is {}; a finite number is needed", score));
  // Rounding to a float keeps the order, if not every difference; doubles beyond its range become infinite ones.
  Bin& bin = bins_[key_of(static_cast<float>(score)) >> (32 - bits_)];
  ++(positive ? bin.positives : bin.negatives);
}

void StreamingAuc::merge(const StreamingAuc& other) {
  if (bits_ != other.bits_)
    fail_caller("streaming AUC", fmt::format("states of {} and {} bits cannot be merged", bits_, other.bits_));
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    bins_[i].positives += other.bins_[i].positives;
    bins_[i].negatives += other.bins_[i].negatives;
  }
}

std::uint64_t StreamingAuc::rows() const {
  std::uint64_t rows = 0;
  for (const Bin& bin : bins_) rows += bin.positives + bin.negatives;
  return rows;
}

MetricValue StreamingAuc::value() const {
  std::uint64_t twice = 0;
  std::uint64_t positives = 0;
  std::uint64_t below = 0;
  for (const Bin& bin : bins_) {
    twice += bin.positives * (2 * below + bin.negatives);
    positives += bin.positives;
    below += bin.negatives;
  }
  if (positives == 0 && below == 0) return undefined("there are no rows");
  if (positives == 0 || below == 0)
    return undefined(positives == 0 ? "all labels are negative" : "all labels are positive");
  return {static_cast<double>(twice) / (2 * static_cast<double>(positives) * static_cast<double>(below)), {}};
}

double StreamingAuc::error() const {
  double tied = 0;
  double positives = 0;
  double negatives = 0;
  for (const Bin& bin : bins_) {
    tied += static_cast<double>(bin.positives) * static_cast<double>(bin.negatives);
    positives += static_cast<double>(bin.positives);
    negatives += static_cast<double>(bin.negatives);
  }
  return positives > 0 && negatives > 0 ? tied / 2 / (positives * negatives) : 0;
}

}  // namespace tamis::metrics
