#include "tamis/sift/evaluate_estimates.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tamis/base/error.h"

namespace tamis::sift {

stats::Summary overlapping_folds(std::span<const double> values, double test_over_train) {
  if (!(test_over_train >= 0) || std::isinf(test_over_train))
    fail_caller("folds",
                fmt::format("test over train is {}; a finite number of at least 0 is needed", test_over_train));
  stats::Summary summary = stats::summarize(values);
  summary.m2 *= 1 + static_cast<double>(summary.count) * test_over_train;
  return summary;
}

BootstrapValue bootstrap_value(double apparent, double out_of_bag, double no_information) {
  BootstrapValue made{apparent, out_of_bag, no_information, 0, 0, 0};
  const double err = 1 - apparent, err1 = 1 - out_of_bag, gamma = 1 - no_information;
  const double capped = std::min(err1, gamma);
  if (capped > err && gamma > err) made.overfitting = (capped - err) / (gamma - err);
  made.value_632 = 0.368 * apparent + 0.632 * out_of_bag;
  const double more = (capped - err) * 0.368 * 0.632 * made.overfitting / (1 - 0.368 * made.overfitting);
  made.value_632_plus = made.value_632 - more;
  return made;
}

}  // namespace tamis::sift
