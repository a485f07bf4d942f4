#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tamis/stats/tests.h"

namespace tamis::metrics {

/// The variance of an AUC over rows drawn independently, without a model of the scores.
struct DeLong {
  double auc = 0;
  std::optional<double> standard_error;  ///< nullopt with fewer than two rows of a class
};

/// DeLong, DeLong & Clarke-Pearson (1988): S10 / P + S01 / N with S10 and S01 the sample variances
/// (denominators P - 1, N - 1) of what each positive and each negative adds to the AUC; from the sorted scores as in
/// Sun & Xu (2014), in O(n log n). nullopt unless there is a positive and a negative. Throws invalid_argument as auc().
/// A standard error of 0 (perfect order) says nothing about other rows.
std::optional<DeLong> delong(std::span<const double> scores, std::span<const std::uint8_t> labels);

/// auc ± z_(1 - alpha/2) standard errors, cut to [0, 1]; nullopt without a standard error. Throws invalid_argument
/// unless alpha is in (0, 1).
std::optional<stats::Interval> interval(const DeLong& result, double alpha);

/// AUCs of several scores of the same rows with their covariances.
struct DeLongTogether {
  std::vector<double> auc;         ///< [m]
  std::vector<double> covariance;  ///< [m, m]
};
/// DeLong et al. (1988) by midranks (Sun & Xu 2014). nullopt with fewer than two rows
/// of a class. Throws invalid_argument as auc(), or where a row of scores is of another length.
std::optional<DeLongTogether> delong_together(std::span<const std::span<const double>> scores,
                                              std::span<const std::uint8_t> labels);

/// Two-sided p-value of AUC(a) = AUC(b) on the same rows: the difference over its standard error is normal. 1 where
/// both are 0, 0 where only the standard error is. a, b < m.
double delong_p(const DeLongTogether& together, std::size_t a, std::size_t b);

}  // namespace tamis::metrics
