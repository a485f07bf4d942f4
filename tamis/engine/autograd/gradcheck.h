#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "tamis/engine/autograd/variable.h"

namespace tamis::engine {

struct GradcheckOptions {
  double step = 1e-5;  ///< relative to max(1, |x|)
  /// Inputs with more elements than this are checked along random directions instead of element by element.
  std::int64_t all_up_to = 512;
  int directions = 8;
  std::uint64_t seed = 0;
};

struct GradcheckResult {
  /// max over what was compared of |tape - numeric| / max(1, |tape|, |numeric|).
  double largest = 0;
  std::size_t input = 0;      ///< where it was
  std::int64_t element = -1;  ///< -1: along a direction
  double tape = 0, numeric = 0;
  std::int64_t compared = 0;
};

/// Compares the tape's gradient of `function` with central differences, (f(x + h) - f(x - h)) / 2h. A result that is no
/// scalar is contracted with fixed random weights. Inputs are f64 (throws invalid_argument else); integer tensors
/// belong into the closure. The function must be smooth between x - h and x + h: keep inputs away from kinks.
GradcheckResult gradcheck(const std::function<Variable(const std::vector<Variable>&)>& function,
                          const std::vector<Tensor>& inputs, const GradcheckOptions& options = {});

}  // namespace tamis::engine
