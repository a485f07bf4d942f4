#include "tamis/evidence/replay/bandit_model.h"

#include <limits>
#include <map>

#include "tamis/base/random.h"

namespace tamis::replay {

// Mean rewards [folds, cells, arms], each fitted without its fold (without anything, if there is one fold only).
struct ModelEstimator::Means {
  std::vector<double> values;
};

ModelEstimator::ModelEstimator(const BanditLog& log, const ActionProbabilities& policy, RewardCells cells, int folds,
                               std::uint64_t seed, std::span<const data::Index> unit, std::span<const double> weight)
    : log_(log),
      policy_(policy),
      unit_(unit),
      weight_(weight),
      arms_(log.arms.size()),
      folds_(weight.empty() ? 1 : static_cast<std::size_t>(folds)) {
  std::map<std::uint16_t, std::size_t> position;
  for (std::size_t s = 0; s < log.situations.size(); ++s) {
    if (cells == RewardCells::situation)
      cell_.push_back(s);
    else if (cells == RewardCells::position)
      cell_.push_back(position.try_emplace(log.situations[s].position, position.size()).first->second);
    else
      cell_.push_back(0);
    cells_ = std::max(cells_, cell_.back() + 1);
  }
  const Luck luck(seed, "bandit folds");
  for (const data::Index u : unit)
    fold_.push_back(static_cast<std::uint8_t>(luck.uniform(u) * static_cast<double>(folds_)));
}

ModelEstimator::Means ModelEstimator::fit(std::span<const std::uint32_t> times) const {
  const std::size_t size = cells_ * arms_;
  std::vector<double> sum(folds_ * size), count(folds_ * size);
  std::vector<double> fold_sum(folds_), fold_count(folds_);
  for (std::size_t e = 0; e < log_.size(); ++e) {
    const double n = times[unit_[e]];
    if (n == 0) continue;
    const std::size_t at = fold_[e] * size + cell_[log_.situation[e]] * arms_ + log_.arm[e];
    sum[at] += n * log_.reward[e];
    count[at] += n;
    fold_sum[fold_[e]] += n * log_.reward[e];
    fold_count[fold_[e]] += n;
  }
  // Added up over the other folds, and not taken off the whole: no digits are lost.
  Means means{std::vector<double>(folds_ * size)};
  for (std::size_t f = 0; f < folds_; ++f) {
    double all_sum = 0, all_count = 0;
    std::vector<double> s(size), c(size);
    for (std::size_t g = 0; g < folds_; ++g) {
      if (folds_ > 1 && g == f) continue;
      all_sum += fold_sum[g];
      all_count += fold_count[g];
      for (std::size_t i = 0; i < size; ++i) {
        s[i] += sum[g * size + i];
        c[i] += count[g * size + i];
      }
    }
    const double overall = all_count > 0 ? all_sum / all_count : 0;
    for (std::size_t i = 0; i < size; ++i) means.values[f * size + i] = c[i] > 0 ? s[i] / c[i] : overall;
  }
  return means;
}

std::vector<double> ModelEstimator::baselines(const Means& means) const {
  const std::size_t situations = cell_.size();
  std::vector<double> expected(folds_ * situations);
  for (std::size_t f = 0; f < folds_; ++f) {
    for (std::size_t s = 0; s < situations; ++s) {
      const double* row = means.values.data() + (f * cells_ + cell_[s]) * arms_;
      const auto chances = policy_.at(static_cast<data::Index>(s));
      double total = 0;
      for (std::size_t a = 0; a < arms_; ++a) total += chances[a] * row[a];
      expected[f * situations + s] = total;
    }
  }
  return expected;
}

double ModelEstimator::value(std::span<const std::uint32_t> times) const {
  const Means means = fit(times);
  const std::vector<double> expected = baselines(means);
  double total = 0, count = 0;
  for (std::size_t e = 0; e < log_.size(); ++e) {
    const double n = times[unit_[e]];
    if (n == 0) continue;
    const data::Index s = log_.situation[e];
    double term = expected[fold_[e] * cell_.size() + s];
    if (!weight_.empty()) {
      const double mean = means.values[(fold_[e] * cells_ + cell_[s]) * arms_ + log_.arm[e]];
      term += weight_[e] * (log_.reward[e] - mean);
    }
    total += n * term;
    count += n;
  }
  return count > 0 ? total / count : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace tamis::replay
