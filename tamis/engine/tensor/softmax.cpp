#include "tamis/engine/tensor/softmax.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tamis/base/error.h"
#include "tamis/engine/tensor/softmax_f32.h"

namespace tamis::engine {

namespace {

void require_rows(const Tensor& x, const char* op) {
  require_real(x, op);
  if (x.rank() == 0) fail_caller(op, x.text() + ": a scalar has no last axis");
}

/// Each row of x to a row of the result: by `f32`, or in f64 by f(x, y, n).
template <typename F>
Tensor by_rows(const char* op, const Tensor& x, void (*f32)(const float*, float*, std::int64_t), const F& f64) {
  require_rows(x, op);
  const Tensor packed = x.packed();
  Tensor y(x.shape(), x.dtype());
  const std::int64_t n = x.size(-1);
  for (std::int64_t at = 0; at < x.elements(); at += n) {
    if (x.dtype() == DType::f32) {
      f32(packed.data<float>() + at, y.data<float>() + at, n);
    } else {
      f64(packed.data<double>() + at, y.data<double>() + at, n);
    }
  }
  return y;
}

/// The same from rows of g and y.
template <typename F>
Tensor by_rows_backward(const char* op, const Tensor& g, const Tensor& y,
                        void (*f32)(const float*, const float*, float*, std::int64_t), const F& f64) {
  require_rows(g, op);
  require_same_dtype(g, y, op);
  if (g.shape() != y.shape()) fail_caller(op, fmt::format("g {}, y {}: shapes differ", g.text(), y.text()));
  const Tensor slopes = g.packed();
  const Tensor values = y.packed();
  Tensor dx(y.shape(), y.dtype());
  const std::int64_t n = y.size(-1);
  for (std::int64_t at = 0; at < y.elements(); at += n) {
    if (y.dtype() == DType::f32) {
      f32(slopes.data<float>() + at, values.data<float>() + at, dx.data<float>() + at, n);
    } else {
      f64(slopes.data<double>() + at, values.data<double>() + at, dx.data<double>() + at, n);
    }
  }
  return dx;
}

double sum_of_exponentials(const double* x, std::int64_t n, double shift) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += std::exp(x[i] - shift);
  return sum;
}

}  // namespace

Tensor softmax(const Tensor& x) {
  return by_rows("softmax", x, softmax_rows().softmax, [](const double* row, double* y, std::int64_t n) {
    const double most = *std::max_element(row, row + n);
    const double sum = sum_of_exponentials(row, n, most);
    for (std::int64_t i = 0; i < n; ++i) y[i] = std::exp(row[i] - most) / sum;
  });
}

Tensor log_softmax(const Tensor& x) {
  return by_rows("log_softmax", x, softmax_rows().log_softmax, [](const double* row, double* y, std::int64_t n) {
    const double most = *std::max_element(row, row + n);
    const double log_sum = std::log(sum_of_exponentials(row, n, most));
    for (std::int64_t i = 0; i < n; ++i) y[i] = (row[i] - most) - log_sum;
  });
}

Tensor softmax_backward(const Tensor& g, const Tensor& y) {
  return by_rows_backward("softmax_backward", g, y, softmax_rows().softmax_backward,
                          [](const double* slope, const double* value, double* dx, std::int64_t n) {
                            double dot = 0;
                            for (std::int64_t i = 0; i < n; ++i) dot += slope[i] * value[i];
                            for (std::int64_t i = 0; i < n; ++i) dx[i] = value[i] * (slope[i] - dot);
                          });
}

Tensor log_softmax_backward(const Tensor& g, const Tensor& y) {
  return by_rows_backward("log_softmax_backward", g, y, softmax_rows().log_softmax_backward,
                          [](const double* slope, const double* value, double* dx, std::int64_t n) {
                            double sum = 0;
                            for (std::int64_t i = 0; i < n; ++i) sum += slope[i];
                            for (std::int64_t i = 0; i < n; ++i) dx[i] = slope[i] - std::exp(value[i]) * sum;
                          });
}

}  // namespace tamis::engine
