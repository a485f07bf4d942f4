#include "tamis/engine/tensor/matmul.h"

#include <utility>

#include "tamis/engine/autograd/saved.h"
#include "tamis/engine/tensor/reduce.h"

namespace tamis::engine {

namespace {

/// All leading axes as one: [.., C] -> [R, C].
Tensor rows_of(const Tensor& x) {
  return x.reshape({-1, x.size(-1)});
}

/// dL/da of y = op(a) op(b): d op(a) = g op(b)^T.
void send_left(Sink& sink, const Tensor& g, const Tensor& b, bool transpose_a, bool transpose_b) {
  if (g.rank() == 2) {
    sink.write(0, [&](Tensor& out, bool accumulate) {
      if (transpose_a) {
        matmul_into(out, b, g, transpose_b, true, accumulate);
      } else {
        matmul_into(out, g, b, false, !transpose_b, accumulate);
      }
    });
  } else {
    const Tensor d = matmul(g, b, false, !transpose_b);
    sink.add(0, transpose_a ? d.transpose(-2, -1) : d);
  }
}

/// dL/db: d op(b) = op(a)^T g, summed over leading axes that b does not have.
void send_right(Sink& sink, const Tensor& g, const Tensor& a, bool b_is_matrix, bool transpose_a, bool transpose_b) {
  if (!b_is_matrix) {
    const Tensor d = matmul(a, g, !transpose_a, false);
    return sink.add(1, transpose_b ? d.transpose(-2, -1) : d);
  }
  const bool batched = g.rank() > 2;
  const Tensor left = !batched ? a : rows_of(transpose_a ? a.transpose(-2, -1) : a);
  const Tensor right = batched ? rows_of(g) : g;
  const bool columns = transpose_a && !batched;
  sink.write(1, [&](Tensor& out, bool accumulate) {
    if (transpose_b) {
      matmul_into(out, right, left, true, columns, accumulate);
    } else {
      matmul_into(out, left, right, !columns, false, accumulate);
    }
  });
}

}  // namespace

Variable matmul(const Variable& a, const Variable& b, bool transpose_a, bool transpose_b) {
  return record("matmul", matmul(a.value(), b.value(), transpose_a, transpose_b), {a, b},
                [a_value = saved(a, b.needs_gradient()), b_value = saved(b, a.needs_gradient()),
                 b_is_matrix = b.value().rank() == 2, transpose_a, transpose_b](const Tensor& g, Sink& sink) {
                  if (sink.wants(0)) send_left(sink, g, b_value, transpose_a, transpose_b);
                  if (sink.wants(1)) send_right(sink, g, a_value, b_is_matrix, transpose_a, transpose_b);
                });
}

Variable linear(const Variable& x, const Variable& weight, const Variable& bias) {
  const Tensor bias_value = bias.defined() ? bias.value() : Tensor();
  return record("linear", linear(x.value(), weight.value(), bias_value), {x, weight, bias},
                [x_shape = x.shape(), x_value = saved(x, weight.needs_gradient()),
                 weight_value = saved(weight, x.needs_gradient())](const Tensor& g, Sink& sink) {
                  const Tensor rows = rows_of(g);
                  if (sink.wants(2)) sink.add(2, sum(rows, 0));
                  if (sink.wants(1)) {
                    sink.write(1, [&](Tensor& out, bool accumulate) {
                      matmul_into(out, rows, rows_of(x_value), true, false, accumulate);
                    });
                  }
                  if (sink.wants(0)) sink.add(0, matmul(rows, weight_value).reshape(x_shape));
                });
}

}  // namespace tamis::engine
