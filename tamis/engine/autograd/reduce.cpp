#include "tamis/engine/tensor/reduce.h"

#include <utility>

#include "tamis/engine/autograd/saved.h"
#include "tamis/engine/tensor/index.h"

namespace tamis::engine {

namespace {

/// The shape of a reduction's result if it kept its axis.
Shape kept_shape(const Shape& x, int axis, const char* op) {
  return x.with(x.axis(axis, op), 1);
}

/// max and min: all of the gradient goes to the element at `at`.
Variable extreme(const char* op, Tensor value, const Variable& x, int axis, const Tensor& at) {
  return record(op, std::move(value), {x}, [x_shape = x.shape(), axis, at](const Tensor& g, Sink& sink) {
    const Shape kept = kept_shape(x_shape, axis, "max");
    sink.add(0, scatter_add(x_shape, axis, at.reshape(kept), g.reshape(kept)));
  });
}

}  // namespace

Variable sum(const Variable& x) {
  return record("sum", sum(x.value()), {x},
                [x_shape = x.shape()](const Tensor& g, Sink& sink) { sink.add(0, g.broadcast_to(x_shape)); });
}

Variable sum(const Variable& x, int axis, bool keep) {
  return record("sum", sum(x.value(), axis, keep), {x}, [x_shape = x.shape(), axis](const Tensor& g, Sink& sink) {
    sink.add(0, g.reshape(kept_shape(x_shape, axis, "sum")).broadcast_to(x_shape));
  });
}

Variable mean(const Variable& x) {
  return record("mean", mean(x.value()), {x}, [x_shape = x.shape()](const Tensor& g, Sink& sink) {
    sink.add(0, mul(g, 1.0 / static_cast<double>(x_shape.elements())).broadcast_to(x_shape));
  });
}

Variable mean(const Variable& x, int axis, bool keep) {
  return record("mean", mean(x.value(), axis, keep), {x}, [x_shape = x.shape(), axis](const Tensor& g, Sink& sink) {
    const Tensor share = mul(g, 1.0 / static_cast<double>(x_shape[axis]));
    sink.add(0, share.reshape(kept_shape(x_shape, axis, "mean")).broadcast_to(x_shape));
  });
}

Variable max(const Variable& x, int axis, bool keep) {
  Tensor value = max(x.value(), axis, keep);
  const Tensor at = x.needs_gradient() && recording() ? argmax(x.value(), axis) : Tensor();
  return extreme("max", std::move(value), x, axis, at);
}

Variable min(const Variable& x, int axis, bool keep) {
  Tensor value = min(x.value(), axis, keep);
  const Tensor at = x.needs_gradient() && recording() ? argmax(neg(x.value()), axis) : Tensor();
  return extreme("min", std::move(value), x, axis, at);
}

Variable var(const Variable& x, int axis, bool keep, int correction) {
  return record("var", var(x.value(), axis, keep, correction), {x},
                [x_value = x.value(), axis, correction](const Tensor& g, Sink& sink) {
                  const double factor = 2.0 / static_cast<double>(x_value.size(axis) - correction);
                  const Tensor scaled = mul(g, factor).reshape(kept_shape(x_value.shape(), axis, "var"));
                  sink.add(0, mul(sub(x_value, mean(x_value, axis, true)), scaled));
                });
}

Variable norm(const Variable& x, int axis, bool keep) {
  Tensor length = norm(x.value(), axis, keep);
  return record("norm", length, {x}, [x_value = x.value(), length, axis](const Tensor& g, Sink& sink) {
    const Tensor none = Tensor::scalar(0, g.dtype());
    const Tensor factor = where(equal(length, none), none, div(g, length));
    sink.add(0, mul(x_value, factor.reshape(kept_shape(x_value.shape(), axis, "norm"))));
  });
}

}  // namespace tamis::engine
