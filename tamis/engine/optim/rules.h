#pragma once

#include <cstddef>

#include "tamis/engine/optim/optimizer.h"

// One step of a rule over a stretch of elements: what every optimizer is made of. The formulas are in rules-inl.h.
namespace tamis::optim {

/// What is the same for every element of a group in one step.
struct StepConstants {
  double gradient_scale = 1;
  double l2 = 0;
  double keep = 1;      ///< 1 - γ λ of decoupled decay
  double rate = 0;      ///< γ; adam's over 1 - β1^t
  double momentum = 0;  ///< μ
  double fresh = 1;     ///< 1 - dampening
  double beta1 = 0;     ///< decay of the mean gradient
  double beta2 = 0;     ///< decay of the mean square
  double epsilon = 0;
  double unbias = 1;  ///< 1 / sqrt(1 - β2^t), or 1
};

/// `count` elements. The moments a rule does not keep are null.
template <typename T>
struct Stretch {
  T* parameter;
  const T* gradient;
  T* first;
  T* second;
  std::size_t count;
};

/// Plain loop, for float and double: the oracle of the fast one.
template <typename T>
void apply_plain(const Settings& settings, const StepConstants& constants, const Stretch<T>& stretch);
/// The same formulas on Highway's vectors, and to the last bit the same results.
void apply_fast(const Settings& settings, const StepConstants& constants, const Stretch<float>& stretch);

}  // namespace tamis::optim
