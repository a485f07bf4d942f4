#pragma once

#include "tamis/engine/tensor/elementwise_f32.h"
#include "tamis/engine/tensor/strided.h"
#include "tamis/engine/tensor/visit.h"

// The loops that the operations of elementwise.h share: shapes and strides here, arithmetic in a function of numbers.
namespace tamis::engine {

void require_number(const Tensor& x, const char* op);

/// x, or a packed copy if its elements along the innermost axis of a walk over `shape` are not neighbours (or one).
Tensor in_rows(const Tensor& x, const Shape& shape);

/// y[i] = f(x[i]).
template <typename T, typename R, typename F>
Tensor map(const Tensor& x, const F& f) {
  const Tensor packed = x.packed();
  Tensor y(x.shape(), dtype_of<R>);
  const T* const from = packed.data<T>();
  R* const to = y.data<R>();
  for (std::int64_t i = 0; i < y.elements(); ++i) to[i] = f(from[i]);
  return y;
}

/// Calls row(a, a_step, b, b_step, y, n) for every innermost row of a and b stretched to `shape`.
template <typename T, typename R, typename Row>
Tensor zip_rows(const Tensor& a, const Tensor& b, const Shape& shape, const Row& row) {
  const Tensor left = in_rows(a, shape);
  const Tensor right = in_rows(b, shape);
  Tensor y(shape, dtype_of<R>);
  const auto walk = walk_over<2>(shape, {&left, &right});
  const T* const of_a = left.data<T>();
  const T* const of_b = right.data<T>();
  R* to = y.data<R>();
  for_rows(walk, [&](const auto& at) {
    row(of_a + at[0], walk.inner_stride(0), of_b + at[1], walk.inner_stride(1), to, walk.inner_size());
    to += walk.inner_size();
  });
  return y;
}

/// y[i] = f(a[i], b[i]), a and b stretched to `shape`.
template <typename T, typename R, typename F>
Tensor zip(const Tensor& a, const Tensor& b, const Shape& shape, const F& f) {
  return zip_rows<T, R>(
      a, b, shape, [&](const T* a_row, std::int64_t a_step, const T* b_row, std::int64_t b_step, R* y, std::int64_t n) {
        for (std::int64_t i = 0; i < n; ++i) y[i] = f(a_row[i * a_step], b_row[i * b_step]);
      });
}

Tensor unary_f32(const Tensor& x, Unary op, Numbers numbers = {});
Tensor binary_f32(const Tensor& a, const Tensor& b, const Shape& shape, Binary op, Numbers numbers = {});

/// A gradient of f32 or f64 tensors, g and x of one shape: the f32 loop `op`, or f in f64.
template <typename F>
Tensor gradient_of(const char* name, const Tensor& g, const Tensor& x, Binary op, Numbers numbers, const F& f) {
  require_real(g, name);
  require_same_dtype(g, x, name);
  const Shape shape = broadcast(g.shape(), x.shape(), name);
  if (g.dtype() == DType::f32) return binary_f32(g, x, shape, op, numbers);
  return zip<double, double>(g, x, shape, f);
}

}  // namespace tamis::engine
