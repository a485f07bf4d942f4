#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>

#include "tamis/engine/tensor/tensor.h"

namespace tamis::reference {

/// The largest |x - y| over the largest |y|: errors are judged by the size of the whole result, because a sum that
/// cancels has an error of the size of its terms.
inline double relative_error(const engine::Tensor& x, const engine::Tensor& y) {
  EXPECT_EQ(x.shape().text(), y.shape().text());
  if (x.shape() != y.shape()) return INFINITY;
  double largest = 1e-30;
  double error = 0;
  const std::vector<double> a = x.numbers();
  const std::vector<double> b = y.numbers();
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i]) || !std::isfinite(b[i])) return INFINITY;
    largest = std::max(largest, std::abs(b[i]));
    error = std::max(error, std::abs(a[i] - b[i]));
  }
  return error / largest;
}

/// True if shape, dtype and every bit are equal.
inline bool same_bits(const engine::Tensor& x, const engine::Tensor& y) {
  if (x.shape() != y.shape() || x.dtype() != y.dtype()) return false;
  const engine::Tensor a = x.packed();
  const engine::Tensor b = y.packed();
  const auto bytes = [](const engine::Tensor& t) -> const void* {
    return t.dtype() == engine::DType::f64 ? static_cast<const void*>(t.data<double>()) : t.data<float>();
  };
  return std::memcmp(bytes(a), bytes(b), a.bytes()) == 0;
}

/// What an invalid_argument says, or what went wrong instead.
inline std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "(accepted)";
}

}  // namespace tamis::reference
