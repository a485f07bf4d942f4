#pragma once

#include <cstdint>

namespace tamis::engine {

/// The gradient of `rows` rows of n scores, in place of `slopes`, which holds that of the weights. weights: the
/// probabilities after dropout, mask * p. The gradient of p is slopes * mask, so softmax's rule p (s - sum(s p))
/// becomes e - p sum(e) with e = weights * slopes: the mask need not be made again. For this machine's instruction set.
void score_slopes_f32(const float* weights, const float* probabilities, float* slopes, std::int64_t rows,
                      std::int64_t n);

}  // namespace tamis::engine
