#pragma once

#include <algorithm>
#include <cstdint>

// The product of two matrices that lie anywhere in memory: what matmul, linear and attention are made of.
namespace tamis::engine {

/// Element (i, j) is data[i * row_step + j * column_step].
template <typename T>
struct MatrixView {
  const T* data;
  std::int64_t rows, columns;
  std::int64_t row_step, column_step;

  MatrixView transposed() const { return {data, columns, rows, column_step, row_step}; }
  /// True if the rows are each contiguous and do not overlap: what a BLAS reads.
  bool row_major() const { return (column_step == 1 || columns == 1) && (row_step >= columns || rows == 1); }
  /// Elements from one row to the next, at least `columns`; only for a row_major() view.
  std::int64_t leading() const { return std::max(row_step, columns); }
};

/// out(i, j) = factor * sum over k of a(i, k) b(k, j), plus what was there if `accumulate`; rows of out are `out_step`
/// apart. Every operand or its transpose is row_major().
void product(const MatrixView<float>& a, const MatrixView<float>& b, float* out, std::int64_t out_step, bool accumulate,
             float factor = 1);
/// The same with any steps, the sum in the order of k.
void product(const MatrixView<double>& a, const MatrixView<double>& b, double* out, std::int64_t out_step,
             bool accumulate, double factor = 1);

/// product() with both operands rounded to bf16 and the sum in f32; cpu_multiplies_bf16() must hold.
void product_bf16(const MatrixView<float>& a, const MatrixView<float>& b, float* out, std::int64_t out_step,
                  bool accumulate);

}  // namespace tamis::engine
