#include "tamis/engine/tensor/elementwise.h"

#include <utility>

#include "tamis/engine/autograd/saved.h"

namespace tamis::engine {

namespace {

Tensor zero(DType dtype) {
  return Tensor::scalar(0, dtype);
}

/// minimum and maximum: b is taken where `take_b` holds, a elsewhere.
Variable choose(const char* op, Tensor value, const Tensor& take_b, const Variable& a, const Variable& b) {
  return record(op, std::move(value), {a, b},
                [take_b, a_shape = a.shape(), b_shape = b.shape()](const Tensor& g, Sink& sink) {
                  if (sink.wants(0)) sink.add(0, sum_to(where(take_b, zero(g.dtype()), g), a_shape));
                  if (sink.wants(1)) sink.add(1, sum_to(where(take_b, g, zero(g.dtype())), b_shape));
                });
}

/// An op whose gradient is g times a factor computed from one saved tensor.
template <typename Rule>
Variable unary(const char* op, const Variable& x, Tensor value, Tensor kept, Rule rule) {
  return record(op, std::move(value), {x},
                [kept = std::move(kept), rule](const Tensor& g, Sink& sink) { sink.add(0, rule(g, kept)); });
}

}  // namespace

Variable add(const Variable& a, const Variable& b) {
  return record("add", add(a.value(), b.value()), {a, b},
                [a_shape = a.shape(), b_shape = b.shape()](const Tensor& g, Sink& sink) {
                  if (sink.wants(0)) sink.add(0, sum_to(g, a_shape));
                  if (sink.wants(1)) sink.add(1, sum_to(g, b_shape));
                });
}

Variable sub(const Variable& a, const Variable& b) {
  return record("sub", sub(a.value(), b.value()), {a, b},
                [a_shape = a.shape(), b_shape = b.shape()](const Tensor& g, Sink& sink) {
                  if (sink.wants(0)) sink.add(0, sum_to(g, a_shape));
                  if (sink.wants(1)) sink.add(1, neg(sum_to(g, b_shape)));
                });
}

Variable mul(const Variable& a, const Variable& b) {
  return record("mul", mul(a.value(), b.value()), {a, b},
                [a_shape = a.shape(), b_shape = b.shape(), a_value = saved(a, b.needs_gradient()),
                 b_value = saved(b, a.needs_gradient())](const Tensor& g, Sink& sink) {
                  if (sink.wants(0)) sink.add(0, sum_to(mul(g, b_value), a_shape));
                  if (sink.wants(1)) sink.add(1, sum_to(mul(g, a_value), b_shape));
                });
}

Variable div(const Variable& a, const Variable& b) {
  Tensor y = div(a.value(), b.value());
  // d(a/b)/db = -y/b: the quotient serves as well as a, and is likely kept by what follows.
  Tensor kept = b.needs_gradient() ? y : Tensor();
  return record("div", std::move(y), {a, b},
                [a_shape = a.shape(), b_shape = b.shape(), b_value = b.value(), y = std::move(kept)](const Tensor& g,
                                                                                                     Sink& sink) {
                  const Tensor over_b = div(g, b_value);
                  if (sink.wants(1)) sink.add(1, neg(sum_to(mul(over_b, y), b_shape)));
                  if (sink.wants(0)) sink.add(0, sum_to(over_b, a_shape));
                });
}

Variable pow(const Variable& a, const Variable& b) {
  Tensor y = pow(a.value(), b.value());
  Tensor kept = b.needs_gradient() ? y : Tensor();
  return record("pow", std::move(y), {a, b},
                [a_value = a.value(), b_value = b.value(), y = std::move(kept)](const Tensor& g, Sink& sink) {
                  // 0^b and a^0 are constant in the one or the other; their formulas would say 0 times infinity.
                  const Tensor none = zero(g.dtype());
                  if (sink.wants(0)) {
                    const Tensor slope = mul(b_value, pow(a_value, add(b_value, -1)));
                    sink.add(0, sum_to(mul(g, where(equal(b_value, none), none, slope)), a_value.shape()));
                  }
                  if (sink.wants(1)) {
                    const Tensor slope = mul(y, where(equal(a_value, none), none, log(a_value)));
                    sink.add(1, sum_to(mul(g, slope), b_value.shape()));
                  }
                });
}

Variable minimum(const Variable& a, const Variable& b) {
  return choose("minimum", minimum(a.value(), b.value()), less(b.value(), a.value()), a, b);
}

Variable maximum(const Variable& a, const Variable& b) {
  return choose("maximum", maximum(a.value(), b.value()), greater(b.value(), a.value()), a, b);
}

Variable add(const Variable& a, double b) {
  return record("add", add(a.value(), b), {a}, [](const Tensor& g, Sink& sink) { sink.add(0, g); });
}

Variable mul(const Variable& a, double b) {
  return record("mul", mul(a.value(), b), {a}, [b](const Tensor& g, Sink& sink) { sink.add(0, mul(g, b)); });
}

Variable pow(const Variable& a, double exponent) {
  return unary("pow", a, pow(a.value(), exponent), a.value(), [exponent](const Tensor& g, const Tensor& x) {
    if (exponent == 0) return Tensor::zeros(g.shape(), g.dtype());
    Tensor slope = pow(x, exponent - 1);
    scale_into(slope, exponent);
    return mul(g, slope);
  });
}

Variable where(const Tensor& condition, const Variable& a, const Variable& b) {
  return record("where", where(condition, a.value(), b.value()), {a, b},
                [condition, a_shape = a.shape(), b_shape = b.shape()](const Tensor& g, Sink& sink) {
                  if (sink.wants(0)) sink.add(0, sum_to(where(condition, g, zero(g.dtype())), a_shape));
                  if (sink.wants(1)) sink.add(1, sum_to(where(condition, zero(g.dtype()), g), b_shape));
                });
}

Variable neg(const Variable& x) {
  return record("neg", neg(x.value()), {x}, [](const Tensor& g, Sink& sink) { sink.add(0, neg(g)); });
}

Variable abs(const Variable& x) {
  return unary("abs", x, abs(x.value()), x.value(),
               [](const Tensor& g, const Tensor& x_value) { return mul(g, sign(x_value)); });
}

Variable square(const Variable& x) {
  return unary("square", x, square(x.value()), x.value(), [](const Tensor& g, const Tensor& x_value) {
    Tensor dx = mul(g, x_value);
    scale_into(dx, 2);
    return dx;
  });
}

Variable exp(const Variable& x) {
  Tensor y = exp(x.value());
  return unary("exp", x, y, y, [](const Tensor& g, const Tensor& y_value) { return mul(g, y_value); });
}

Variable log(const Variable& x) {
  return unary("log", x, log(x.value()), x.value(),
               [](const Tensor& g, const Tensor& x_value) { return div(g, x_value); });
}

Variable sqrt(const Variable& x) {
  Tensor y = sqrt(x.value());
  return unary("sqrt", x, y, y, [](const Tensor& g, const Tensor& y_value) {
    Tensor dx = div(g, y_value);
    scale_into(dx, 0.5);
    return dx;
  });
}

Variable tanh(const Variable& x) {
  Tensor y = tanh(x.value());
  return unary("tanh", x, y, y, [](const Tensor& g, const Tensor& y_value) { return tanh_backward(g, y_value); });
}

Variable sigmoid(const Variable& x) {
  Tensor y = sigmoid(x.value());
  return unary("sigmoid", x, y, y, [](const Tensor& g, const Tensor& y_value) { return sigmoid_backward(g, y_value); });
}

Variable softplus(const Variable& x) {
  return unary("softplus", x, softplus(x.value()), x.value(),
               [](const Tensor& g, const Tensor& x_value) { return mul(g, sigmoid(x_value)); });
}

Variable relu(const Variable& x) {
  // The output, which the next layer keeps as its input anyway, has the sign of the input.
  Tensor y = relu(x.value());
  return unary("relu", x, y, y, [](const Tensor& g, const Tensor& y_value) { return relu_backward(g, y_value); });
}

Variable leaky_relu(const Variable& x, double slope) {
  Tensor y = leaky_relu(x.value(), slope);
  Tensor kept = slope > 0 ? y : x.value();
  return unary("leaky_relu", x, std::move(y), std::move(kept),
               [slope](const Tensor& g, const Tensor& signs) { return leaky_relu_backward(g, signs, slope); });
}

Variable gelu(const Variable& x, Gelu form) {
  return unary("gelu", x, gelu(x.value(), form), x.value(),
               [form](const Tensor& g, const Tensor& x_value) { return gelu_backward(g, x_value, form); });
}

Variable clip(const Variable& x, double low, double high) {
  return unary("clip", x, clip(x.value(), low, high), x.value(),
               [low, high](const Tensor& g, const Tensor& x_value) { return clip_backward(g, x_value, low, high); });
}

}  // namespace tamis::engine
