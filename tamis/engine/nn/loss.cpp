#include "tamis/engine/nn/loss.h"

#include <fmt/format.h>

#include "tamis/base/error.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/tensor/softmax.h"
#include "tamis/engine/tensor/visit.h"

namespace tamis::nn {

namespace {

using engine::Shape;

void require_same_shape(const Shape& a, const Shape& b, const char* op) {
  if (a != b) fail_caller(op, fmt::format("lhs {}, rhs {}: the shapes must be equal", a.text(), b.text()));
}

/// The labels as i64, checked against logits [.., K].
Tensor checked_labels(const Tensor& logits, const Tensor& labels) {
  const char* op = "cross_entropy";
  const bool integers = labels.dtype() == engine::DType::i32 || labels.dtype() == engine::DType::i64;
  if (logits.rank() < 1 || !integers || labels.shape() != logits.shape().without(-1)) {
    fail_caller(op, fmt::format("logits {}, labels {}: needs one integer label for each row of logits", logits.text(),
                                labels.text()));
  }
  const Tensor checked = labels.to(engine::DType::i64).packed();
  const std::int64_t classes = logits.size(-1);
  const auto values = checked.span<std::int64_t>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] < 0 || values[i] >= classes) {
      fail_caller(op, fmt::format("label {} at position {} is not in 0 .. {}", values[i], i, classes - 1));
    }
  }
  return checked;
}

/// Calls row(T* x, n, i, g_i) for each row i of a fresh exp(log_probabilities), then returns them: dL/dlogits.
template <typename Row>
Tensor gradient_of_rows(const Tensor& log_probabilities, const Tensor& g, Row&& row) {
  Tensor gradient = engine::exp(log_probabilities);
  const Tensor factors = g.packed();
  engine::visit_real(gradient.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::int64_t classes = gradient.size(-1);
    for (std::int64_t i = 0; i < factors.elements(); ++i) {
      row(gradient.data<T>() + i * classes, classes, i, factors.data<T>()[i]);
    }
  });
  return gradient;
}

}  // namespace

Variable reduced(const Variable& losses, Reduction reduction) {
  if (reduction == Reduction::none) return losses;
  return reduction == Reduction::sum ? engine::sum(losses) : engine::mean(losses);
}

Variable cross_entropy(const Variable& logits, const Tensor& labels, double smoothing, Reduction reduction) {
  const char* op = "cross_entropy";
  engine::require_real(logits.value(), op);
  if (!(smoothing >= 0 && smoothing < 1)) fail_caller(op, fmt::format("smoothing {}: must be in [0, 1)", smoothing));
  const Tensor checked = checked_labels(logits.value(), labels);
  const Tensor log_probabilities = engine::log_softmax(logits.value());
  Tensor losses(labels.shape(), logits.dtype());
  const double share = smoothing / static_cast<double>(logits.shape()[-1]);
  engine::visit_real(losses.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::int64_t classes = log_probabilities.size(-1);
    for (std::int64_t i = 0; i < losses.elements(); ++i) {
      const T* row = log_probabilities.data<T>() + i * classes;
      double loss = (1 - smoothing) * row[checked.data<std::int64_t>()[i]];
      for (std::int64_t k = 0; share > 0 && k < classes; ++k) loss += share * row[k];
      losses.data<T>()[i] = static_cast<T>(-loss);
    }
  });
  const auto backward = [=](const Tensor& g, engine::Sink& sink) {
    sink.add(0, gradient_of_rows(log_probabilities, g, [&](auto* x, std::int64_t classes, std::int64_t i, auto factor) {
               using T = decltype(factor);
               x[checked.data<std::int64_t>()[i]] -= static_cast<T>(1 - smoothing);
               for (std::int64_t k = 0; k < classes; ++k) x[k] = (x[k] - static_cast<T>(share)) * factor;
             }));
  };
  return reduced(engine::record(op, losses, {logits}, backward), reduction);
}

Variable soft_cross_entropy(const Variable& logits, const Tensor& labels, Reduction reduction) {
  const char* op = "soft_cross_entropy";
  engine::require_real(logits.value(), op);
  engine::require_same_dtype(logits.value(), labels, op);
  require_same_shape(logits.shape(), labels.shape(), op);
  const Tensor log_probabilities = engine::log_softmax(logits.value()), soft = labels.packed();
  Tensor losses(logits.shape().without(-1), logits.dtype());
  engine::visit_real(losses.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::int64_t classes = log_probabilities.size(-1);
    for (std::int64_t i = 0; i < losses.elements(); ++i) {
      double loss = 0;
      for (std::int64_t k = i * classes; k < (i + 1) * classes; ++k) {
        const T y = soft.data<T>()[k];
        if (y != 0) loss -= y * log_probabilities.data<T>()[k];  // a label of 0 takes nothing, even of log 0
      }
      losses.data<T>()[i] = static_cast<T>(loss);
    }
  });
  const auto backward = [=](const Tensor& g, engine::Sink& sink) {
    sink.add(0, gradient_of_rows(log_probabilities, g, [&](auto* x, std::int64_t classes, std::int64_t i, auto factor) {
               using T = decltype(factor);
               const T* y = soft.data<T>() + i * classes;
               T all = 0;
               for (std::int64_t k = 0; k < classes; ++k) all += y[k];
               for (std::int64_t k = 0; k < classes; ++k) x[k] = (x[k] * all - y[k]) * factor;
             }));
  };
  return reduced(engine::record(op, losses, {logits}, backward), reduction);
}

Variable binary_logistic(const Variable& logits, const Tensor& targets, Reduction reduction) {
  const char* op = "binary_logistic";
  engine::require_same_dtype(logits.value(), targets, op);
  require_same_shape(logits.shape(), targets.shape(), op);
  const Tensor checked = targets.packed();
  engine::visit_real(checked.dtype(), [&](auto tag) {
    const auto values = checked.span<typename decltype(tag)::type>();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!(values[i] >= 0 && values[i] <= 1)) {
        fail_caller(op, fmt::format("target {} at position {} is not in [0, 1]", values[i], i));
      }
    }
  });
  return reduced(engine::sub(engine::softplus(logits), engine::mul(logits, Variable(checked))), reduction);
}

Variable mse(const Variable& x, const Variable& target, Reduction reduction) {
  require_same_shape(x.shape(), target.shape(), "mse");
  return reduced(engine::square(engine::sub(x, target)), reduction);
}

Variable mae(const Variable& x, const Variable& target, Reduction reduction) {
  require_same_shape(x.shape(), target.shape(), "mae");
  return reduced(engine::abs(engine::sub(x, target)), reduction);
}

}  // namespace tamis::nn
