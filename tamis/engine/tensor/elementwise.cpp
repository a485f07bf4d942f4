#include "tamis/engine/tensor/elementwise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "tamis/base/error.h"
#include "tamis/engine/tensor/elementwise_loops.h"

namespace tamis::engine {

namespace {

/// Integers wrap around, as unsigned ones do: overflow of signed ones is undefined.
template <typename T, typename F>
T wrapping(T a, T b, const F& f) {
  if constexpr (std::is_integral_v<T>) {
    using Bits = std::make_unsigned_t<T>;
    return static_cast<T>(f(static_cast<Bits>(a), static_cast<Bits>(b)));
  } else {
    return f(a, b);
  }
}

/// f32 by `op`; f64 and integers by f(a, b) of two numbers of one type.
template <typename F>
Tensor binary(const char* name, const Tensor& a, const Tensor& b, Binary op, const F& f) {
  require_same_dtype(a, b, name);
  require_number(a, name);
  const Shape shape = broadcast(a.shape(), b.shape(), name);
  if (a.dtype() == DType::f32) return binary_f32(a, b, shape, op);
  return visit_number(a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    return zip<T, T>(a, b, shape, f);
  });
}

/// f32 by `op`, f64 and integers by f.
template <typename F>
Tensor unary(const char* name, const Tensor& x, Unary op, Numbers numbers, const F& f) {
  require_number(x, name);
  if (x.dtype() == DType::f32) return unary_f32(x, op, numbers);
  return visit_number(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    return map<T, T>(x, f);
  });
}

/// f32 by `op`, f64 by f; nothing else.
template <typename F>
Tensor real_unary(const char* name, const Tensor& x, Unary op, Numbers numbers, const F& f) {
  require_real(x, name);
  return x.dtype() == DType::f32 ? unary_f32(x, op, numbers) : map<double, double>(x, f);
}

Numbers numbers_of(double first, double second = 0) {
  return {static_cast<float>(first), static_cast<float>(second)};
}

}  // namespace

Tensor add(const Tensor& a, const Tensor& b) {
  return binary("add", a, b, Binary::add, [](auto x, auto y) { return wrapping(x, y, std::plus<>()); });
}

Tensor sub(const Tensor& a, const Tensor& b) {
  return binary("sub", a, b, Binary::sub, [](auto x, auto y) { return wrapping(x, y, std::minus<>()); });
}

Tensor mul(const Tensor& a, const Tensor& b) {
  return binary("mul", a, b, Binary::mul, [](auto x, auto y) { return wrapping(x, y, std::multiplies<>()); });
}

Tensor div(const Tensor& a, const Tensor& b) {
  return binary("div", a, b, Binary::div, [](auto x, auto y) {
    using T = decltype(x);
    if constexpr (std::is_integral_v<T>) {
      if (y == 0) fail_caller("div", "an integer divisor is 0");
      if (y == -1) return wrapping(T{0}, x, std::minus<>());  // the least integer has no opposite
    }
    return x / y;
  });
}

Tensor pow(const Tensor& a, const Tensor& b) {
  require_real(a, "pow");
  require_same_dtype(a, b, "pow");
  const Shape shape = broadcast(a.shape(), b.shape(), "pow");
  return visit_real(a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    return zip<T, T>(a, b, shape, [](T x, T y) { return std::pow(x, y); });
  });
}

Tensor minimum(const Tensor& a, const Tensor& b) {
  return binary("minimum", a, b, Binary::minimum, [](auto x, auto y) { return x <= y || x != x ? x : y; });
}

Tensor maximum(const Tensor& a, const Tensor& b) {
  return binary("maximum", a, b, Binary::maximum, [](auto x, auto y) { return x >= y || x != x ? x : y; });
}

Tensor add(const Tensor& a, double b) {
  if (a.defined() && a.dtype() != DType::f32) return add(a, Tensor::scalar(b, a.dtype()));
  return real_unary("add", a, Unary::plus, numbers_of(b), [b](double x) { return x + b; });
}

Tensor mul(const Tensor& a, double b) {
  if (a.defined() && a.dtype() != DType::f32) return mul(a, Tensor::scalar(b, a.dtype()));
  return real_unary("mul", a, Unary::times, numbers_of(b), [b](double x) { return x * b; });
}

Tensor pow(const Tensor& a, double exponent) {
  require_real(a, "pow");
  if (exponent == 2) return square(a);
  return pow(a, Tensor::scalar(exponent, a.dtype()));
}

Tensor neg(const Tensor& x) {
  return unary("neg", x, Unary::neg, {}, [](auto v) {
    if constexpr (std::is_integral_v<decltype(v)>) return wrapping(decltype(v){0}, v, std::minus<>());
    return static_cast<decltype(v)>(-v);  // 0 becomes -0
  });
}

Tensor abs(const Tensor& x) {
  return unary("abs", x, Unary::abs, {}, [](auto v) {
    if constexpr (std::is_integral_v<decltype(v)>) return v < 0 ? wrapping(decltype(v){0}, v, std::minus<>()) : v;
    return static_cast<decltype(v)>(std::abs(v));
  });
}

Tensor square(const Tensor& x) {
  return unary("square", x, Unary::square, {}, [](auto v) { return wrapping(v, v, std::multiplies<>()); });
}

Tensor exp(const Tensor& x) {
  return real_unary("exp", x, Unary::exp, {}, [](double v) { return std::exp(v); });
}

Tensor log(const Tensor& x) {
  return real_unary("log", x, Unary::log, {}, [](double v) { return std::log(v); });
}

Tensor sqrt(const Tensor& x) {
  return real_unary("sqrt", x, Unary::sqrt, {}, [](double v) { return std::sqrt(v); });
}

Tensor tanh(const Tensor& x) {
  return real_unary("tanh", x, Unary::tanh, {}, [](double v) { return std::tanh(v); });
}

Tensor sigmoid(const Tensor& x) {
  return real_unary("sigmoid", x, Unary::sigmoid, {}, [](double v) {
    const double e = std::exp(-std::abs(v));
    return (v < 0 ? e : 1) / (1 + e);
  });
}

Tensor softplus(const Tensor& x) {
  return real_unary("softplus", x, Unary::softplus, {},
                    [](double v) { return (v < 0 ? 0 : v) + std::log1p(std::exp(-std::abs(v))); });
}

Tensor relu(const Tensor& x) {
  return unary("relu", x, Unary::relu, {}, [](auto v) { return v < 0 ? decltype(v){0} : v; });
}

Tensor leaky_relu(const Tensor& x, double slope) {
  return real_unary("leaky_relu", x, Unary::leaky_relu, numbers_of(slope),
                    [slope](double v) { return v > 0 ? v : slope * v; });
}

Tensor gelu(const Tensor& x, Gelu form) {
  if (form == Gelu::tanh_form) {
    return real_unary("gelu", x, Unary::gelu_tanh, {}, [](double v) {
      return 0.5 * v * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (v + 0.044715 * v * v * v)));
    });
  }
  return real_unary("gelu", x, Unary::gelu, {}, [](double v) { return v * 0.5 * std::erfc(-v / std::numbers::sqrt2); });
}

Tensor clip(const Tensor& x, double low, double high) {
  if (!(low <= high)) fail_caller("clip", fmt::format("low {} must be at most high {}", low, high));
  if (x.defined() && x.dtype() != DType::f32 && x.dtype() != DType::f64) {
    return minimum(maximum(x, Tensor::scalar(std::ceil(low), x.dtype())), Tensor::scalar(std::floor(high), x.dtype()));
  }
  return real_unary("clip", x, Unary::clip, numbers_of(low, high), [low, high](double v) {
    return v < low ? low : v > high ? high : v;
  });
}

Tensor sign(const Tensor& x) {
  return unary("sign", x, Unary::sign, {}, [](auto v) {
    using T = decltype(v);
    return v > 0 ? T{1} : v < 0 ? static_cast<T>(-1) : v;  // NaN stays
  });
}

}  // namespace tamis::engine
