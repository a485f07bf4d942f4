#pragma once

#include <span>

#include "tamis/stats/summary.h"

namespace tamis::sift {

/// Values of J folds whose training sets overlap, as a summary whose standard error is sqrt((1/J + r) variance), r
/// being `test_over_train`, the size of a test side over that of a training side. The plain variance / J takes folds
/// for independent and is too small. stats::one_sample of it is the corrected resampled t-test, J - 1 degrees of
/// freedom. Nadeau & Bengio, "Inference for the Generalization Error" (Machine Learning 52, 2003), the corrected
/// resampled t-test with (1/J + n2/n1) S^2; derived for random resampling, an approximation for folds and windows.
/// Throws invalid_argument unless r >= 0 and finite.
stats::Summary overlapping_folds(std::span<const double> values, double test_over_train);

/// What a bootstrap says a value (in [0, 1], higher is better) will be on new data.
struct BootstrapValue {
  double apparent = 0;        ///< fitted and scored on the same data: too high
  double out_of_bag = 0;      ///< mean over units of the unit's mean over the resamples it was not drawn in: too low
  double no_information = 0;  ///< of a ranking that knows nothing
  double overfitting = 0;     ///< relative overfitting rate R', in [0, 1]
  double value_632 = 0;       ///< .368 apparent + .632 out_of_bag
  double value_632_plus = 0;  ///< moves towards out_of_bag as R' grows
};

/// The .632 and .632+ estimators, with error = 1 - value. Efron & Tibshirani, "Improvements on Cross-Validation: The
/// .632+ Bootstrap Method" (JASA 92, 1997), the .632+ rule with its primed quantities: R' = (err1' - err) / (gamma -
/// err) where err1' = min(err1, gamma) and gamma are above err, else 0; err.632+ = err.632 + (err1' - err) .368 .632 R'
/// / (1 - .368 R').
BootstrapValue bootstrap_value(double apparent, double out_of_bag, double no_information);

}  // namespace tamis::sift
