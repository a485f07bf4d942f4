#include "tamis/engine/tensor/matmul.h"

#include <fmt/format.h>

#include <string_view>
#include <type_traits>

#include "tamis/base/error.h"
#include "tamis/engine/tensor/product.h"
#include "tamis/engine/tensor/visit.h"

namespace tamis::engine {

namespace {

/// The last two axes of a tensor of rank 2 or more as a matrix; `transposed` swaps them.
template <typename T>
MatrixView<T> last_axes(const Tensor& x, bool transposed, std::int64_t offset = 0) {
  const MatrixView<T> matrix{x.data<T>() + offset, x.size(-2), x.size(-1), x.stride(-2), x.stride(-1)};
  return transposed ? matrix.transposed() : matrix;
}

/// Where matrix `index`, counted over the axes before the last two, begins.
std::int64_t offset_of(const Tensor& x, std::int64_t index) {
  std::int64_t offset = 0;
  for (int axis = x.rank() - 3; axis >= 0; --axis) {
    offset += index % x.size(axis) * x.stride(axis);
    index /= x.size(axis);
  }
  return offset;
}

/// True if the rows of all matrices lie evenly apart, so that they are the rows of one long matrix.
bool even_rows(const Tensor& x) {
  for (int axis = x.rank() - 3; axis >= 0; --axis) {
    if (x.size(axis) > 1 && x.stride(axis) != x.stride(axis + 1) * x.size(axis + 1)) return false;
  }
  return true;
}

/// The tensor itself if its matrices can be read where they lie, else a copy. Only transposes and row strides can.
Tensor readable(const Tensor& x) {
  const MatrixView<float> matrix{nullptr, x.size(-2), x.size(-1), x.stride(-2), x.stride(-1)};
  return matrix.row_major() || matrix.transposed().row_major() ? x : x.packed();
}

/// Rows, inner size and columns of a product.
struct Sizes {
  std::int64_t rows, inner, columns;
};

Sizes checked_sizes(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b, const char* op) {
  require_real(a, op);
  require_real(b, op);
  require_same_dtype(a, b, op);
  const auto operands = [&] {
    return fmt::format("lhs {}{}, rhs {}{}", a.shape().text(), transpose_a ? " transposed" : "", b.shape().text(),
                       transpose_b ? " transposed" : "");
  };
  if (a.rank() < 2 || b.rank() < 2) fail_caller(op, operands() + ": both need 2 axes or more");
  const Sizes sizes{a.size(transpose_a ? -1 : -2), a.size(transpose_a ? -2 : -1), b.size(transpose_b ? -2 : -1)};
  const std::int64_t inner = b.size(transpose_b ? -1 : -2);
  if (sizes.inner != inner) {
    fail_caller(op, fmt::format("{}: inner sizes {} and {} differ", operands(), sizes.inner, inner));
  }
  if (b.rank() == 2) return sizes;
  bool equal = a.rank() == b.rank();
  for (int axis = 0; axis < a.rank() - 2 && equal; ++axis) equal = a.size(axis) == b.size(axis);
  if (!equal) fail_caller(op, operands() + ": the axes before the last two differ");
  return sizes;
}

/// y += bias on every row.
template <typename T>
void add_to_rows(const Tensor& bias, std::int64_t rows, T* y) {
  const std::int64_t columns = bias.size(0);
  const T* const addend = bias.data<T>();
  for (std::int64_t i = 0; i < rows; ++i) {
    T* const row = y + i * columns;
    for (std::int64_t j = 0; j < columns; ++j) row[j] += addend[j];
  }
}

}  // namespace

Tensor matmul(const Tensor& lhs, const Tensor& rhs, bool transpose_a, bool transpose_b) {
  const Sizes sizes = checked_sizes(lhs, rhs, transpose_a, transpose_b, "matmul");
  const Tensor a = readable(lhs);
  const Tensor b = readable(rhs);
  Tensor out(a.shape().with(-2, sizes.rows).with(-1, sizes.columns), a.dtype());
  visit_real(a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::int64_t block = sizes.rows * sizes.columns;
    MatrixView<T> rows = last_axes<T>(a, transpose_a);
    rows.rows = out.elements() / sizes.columns;
    if (b.rank() == 2 && !transpose_a && even_rows(a) && rows.row_major()) {
      product(rows, last_axes<T>(b, transpose_b), out.data<T>(), sizes.columns, false);
      return;
    }
    for (std::int64_t i = 0; i < out.elements() / block; ++i) {
      product(last_axes<T>(a, transpose_a, offset_of(a, i)), last_axes<T>(b, transpose_b, offset_of(b, i)),
              out.data<T>() + i * block, sizes.columns, false);
    }
  });
  return out;
}

void matmul_into(Tensor& out, const Tensor& lhs, const Tensor& rhs, bool transpose_a, bool transpose_b,
                 bool accumulate) {
  const Sizes sizes = checked_sizes(lhs, rhs, transpose_a, transpose_b, "matmul_into");
  if (lhs.rank() != 2 || rhs.rank() != 2) {
    fail_caller("matmul_into", fmt::format("lhs {}, rhs {}: both need exactly 2 axes", lhs.text(), rhs.text()));
  }
  require_same_dtype(out, lhs, "matmul_into");
  if (out.shape() != Shape{sizes.rows, sizes.columns} || !out.contiguous()) {
    fail_caller("matmul_into",
                fmt::format("out {} is not a contiguous [{}, {}]", out.text(), sizes.rows, sizes.columns));
  }
  const Tensor a = readable(lhs);
  const Tensor b = readable(rhs);
  visit_real(a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    product(last_axes<T>(a, transpose_a), last_axes<T>(b, transpose_b), out.data<T>(), sizes.columns, accumulate);
  });
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  require_real(x, "linear");
  require_same_dtype(x, weight, "linear");
  if (x.rank() < 1 || weight.rank() != 2 || x.size(-1) != weight.size(1)) {
    fail_caller("linear", fmt::format("x {}, weight {}: the last axis of x must be the weight's second of two",
                                      x.shape().text(), weight.shape().text()));
  }
  if (bias.defined()) {
    require_same_dtype(x, bias, "linear");
    if (bias.shape() != Shape{weight.size(0)}) {
      fail_caller("linear", fmt::format("weight {}, bias {}: the bias must be [{}]", weight.shape().text(),
                                        bias.shape().text(), weight.size(0)));
    }
  }
  Tensor y =
      x.rank() == 1 ? matmul(x.reshape({1, -1}), weight, false, true).reshape({-1}) : matmul(x, weight, false, true);
  if (bias.defined()) {
    // A pass of its own: letting the product add to rows filled with the bias measured the same.
    visit_real(y.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      add_to_rows(bias.packed(), y.elements() / bias.size(0), y.data<T>());
    });
  }
  return y;
}

}  // namespace tamis::engine
