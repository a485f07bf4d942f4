#include <fmt/format.h>

#include <cmath>

#include "tamis/base/error.h"
#include "tamis/engine/tensor/accumulate_f32.h"
#include "tamis/engine/tensor/elementwise.h"
#include "tamis/engine/tensor/elementwise_f32.h"
#include "tamis/engine/tensor/reduce.h"
#include "tamis/engine/tensor/visit.h"

namespace tamis::engine {

namespace {

void require_target(const Tensor& target, const char* op) {
  require_real(target, op);
  if (!target.contiguous()) fail_caller(op, target.text() + ": the target is a view that is not contiguous");
}

/// target += factor * x.
void add_scaled(const char* op, Tensor& target, const Tensor& x, double factor) {
  require_target(target, op);
  require_same_dtype(target, x, op);
  if (target.shape() != x.shape()) {
    fail_caller(op, fmt::format("target {}, x {}: shapes differ", target.text(), x.text()));
  }
  const Tensor packed = x.packed();
  if (target.dtype() == DType::f32) {
    accumulate_loops().add_scaled(target.data<float>(), packed.data<float>(), static_cast<float>(factor),
                                  target.elements());
    return;
  }
  double* const to = target.data<double>();
  const double* const from = packed.data<double>();
  for (std::int64_t i = 0; i < target.elements(); ++i) to[i] += factor * from[i];
}

}  // namespace

void add_into(Tensor& target, const Tensor& x) {
  add_scaled("add_into", target, x, 1);
}

void add_scaled_into(Tensor& target, const Tensor& x, double factor) {
  add_scaled("add_scaled_into", target, x, factor);
}

void scale_into(Tensor& target, double factor) {
  require_target(target, "scale_into");
  if (target.dtype() == DType::f32) {
    float* const values = target.data<float>();
    unary_loop(Unary::times)(values, values, target.elements(), {static_cast<float>(factor), 0});
    return;
  }
  for (double& value : target.span<double>()) value *= factor;
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  require_real(x, "sum_to");
  if (broadcast(x.shape(), shape, "sum_to") != x.shape()) {
    fail_caller("sum_to", fmt::format("{} does not stretch to {}", shape.text(), x.shape().text()));
  }
  // Neighbouring stretched axes are one: [B, T, C] to [C] is a sum over B T rows.
  Tensor y = x;
  const int missing = x.rank() - shape.rank();
  for (int axis = 0; axis < x.rank();) {
    const auto stretched = [&](int a) { return x.size(a) != (a < missing ? 1 : shape[a - missing]); };
    if (!stretched(axis)) {
      ++axis;
      continue;
    }
    int end = axis;
    std::int64_t joined = 1;
    for (; end < x.rank() && (stretched(end) || x.size(end) == 1); ++end) joined *= x.size(end);
    std::int64_t before = 1;
    for (int a = 0; a < axis; ++a) before *= a < missing ? 1 : shape[a - missing];
    y = sum(y.reshape({before, joined, -1}), 1);
    axis = end;
  }
  return y.reshape(shape);
}

std::int64_t first_not_finite(const Tensor& x) {
  if (!x.defined()) fail_caller("first_not_finite", "the tensor is undefined");
  if (all_finite(x)) return -1;
  const Tensor packed = x.packed();
  return visit_real(x.dtype(), [&](auto tag) {
    const auto values = packed.span<typename decltype(tag)::type>();
    std::size_t i = 0;
    while (std::isfinite(values[i])) ++i;
    return static_cast<std::int64_t>(i);
  });
}

bool all_finite(const Tensor& x) {
  if (!x.defined()) fail_caller("all_finite", "the tensor is undefined");
  if (x.dtype() != DType::f32 && x.dtype() != DType::f64) return true;
  const Tensor packed = x.packed();
  if (x.dtype() == DType::f32) return accumulate_loops().all_finite(packed.data<float>(), x.elements());
  for (const double value : packed.span<double>()) {
    if (!std::isfinite(value)) return false;
  }
  return true;
}

}  // namespace tamis::engine
