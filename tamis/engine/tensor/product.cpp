#include "tamis/engine/tensor/product.h"

#include <oneapi/dnnl/dnnl.h>

#include <cassert>

#include "tamis/base/error.h"
#include "tamis/engine/tensor/matmul.h"
#include "tamis/engine/tensor/onednn.h"

namespace tamis::engine {

namespace {

thread_local Precision current_precision = Precision::f32;

/// How a BLAS is told of an operand.
struct BlasOperand {
  char transposed;
  std::int64_t leading;
};

BlasOperand blas_operand(const MatrixView<float>& matrix) {
  if (matrix.row_major()) return {'N', matrix.leading()};
  assert(matrix.transposed().row_major());
  return {'T', matrix.transposed().leading()};
}

}  // namespace

bool has_bf16() {
  return cpu_multiplies_bf16();
}

PrecisionScope::PrecisionScope(Precision precision) : before_(current_precision) {
  if (precision == Precision::bf16 && !has_bf16()) {
    fail_caller("precision", "bf16 products need a CPU with AVX-512 BF16; use f32");
  }
  current_precision = precision;
}

PrecisionScope::~PrecisionScope() {
  current_precision = before_;
}

void product(const MatrixView<float>& a, const MatrixView<float>& b, float* out, std::int64_t out_step, bool accumulate,
             float factor) {
  if (current_precision == Precision::bf16) {
    assert(factor == 1);  // attention, which has factors, stays with f32
    product_bf16(a, b, out, out_step, accumulate);
    return;
  }
  const BlasOperand lhs = blas_operand(a);
  const BlasOperand rhs = blas_operand(b);
  const KernelThreads alone(1);
  // Not the matmul primitive: for f32 it calls this very kernel, takes longer to start, and wants scratch memory.
  [[maybe_unused]] const dnnl_status_t status =
      dnnl_sgemm(lhs.transposed, rhs.transposed, a.rows, b.columns, a.columns, factor, a.data, lhs.leading, b.data,
                 rhs.leading, accumulate ? 1.0F : 0.0F, out, out_step);
  assert(status == dnnl_success);
}

void product(const MatrixView<double>& a, const MatrixView<double>& b, double* out, std::int64_t out_step,
             bool accumulate, double factor) {
  for (std::int64_t i = 0; i < a.rows; ++i) {
    double* const row = out + i * out_step;
    if (!accumulate) std::fill(row, row + b.columns, 0.0);
    if (b.column_step == 1) {  // along rows of b, which lie in memory as they are read
      for (std::int64_t k = 0; k < a.columns; ++k) {
        const double left = factor * a.data[i * a.row_step + k * a.column_step];
        const double* const right = b.data + k * b.row_step;
        for (std::int64_t j = 0; j < b.columns; ++j) row[j] += left * right[j];
      }
    } else {  // along its columns; either way every element is summed in the order of k
      for (std::int64_t j = 0; j < b.columns; ++j) {
        const double* const right = b.data + j * b.column_step;
        double sum = row[j];
        for (std::int64_t k = 0; k < a.columns; ++k) {
          sum += factor * a.data[i * a.row_step + k * a.column_step] * right[k * b.row_step];
        }
        row[j] = sum;
      }
    }
  }
}

}  // namespace tamis::engine
