#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tamis::reference {

/// 1 where the positive scores higher, 1/2 where they tie.
inline double right(double positive, double negative) {
  return positive > negative ? 1 : positive == negative ? 0.5 : 0;
}

/// AUC as the weighted share of pairs in the right order, pair by pair.
inline double auc(std::span<const double> scores, std::span<const std::uint8_t> labels,
                  std::span<const double> weights = {}) {
  double sum = 0;
  double all = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    for (std::size_t j = 0; j < scores.size(); ++j) {
      if (labels[i] == 0 || labels[j] != 0) continue;
      const double weight = weights.empty() ? 1 : weights[i] * weights[j];
      sum += weight * right(scores[i], scores[j]);
      all += weight;
    }
  }
  return sum / all;
}

/// The covariance of the AUCs of two scores of the same rows: DeLong et al. (1988), pair by pair.
inline double delong_covariance(std::span<const double> a, std::span<const double> b,
                                std::span<const std::uint8_t> labels) {
  const double of_a = auc(a, labels);
  const double of_b = auc(b, labels);
  double total = 0;
  for (const bool positive : {true, false}) {
    double sum = 0;
    double own = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if ((labels[i] != 0) != positive) continue;
      ++own;
      double added_a = 0;
      double added_b = 0;
      double others = 0;
      for (std::size_t j = 0; j < labels.size(); ++j) {
        if ((labels[j] != 0) == positive) continue;
        ++others;
        added_a += positive ? right(a[i], a[j]) : right(a[j], a[i]);
        added_b += positive ? right(b[i], b[j]) : right(b[j], b[i]);
      }
      sum += (added_a / others - of_a) * (added_b / others - of_b);
    }
    total += sum / (own - 1) / own;
  }
  return total;
}

}  // namespace tamis::reference
