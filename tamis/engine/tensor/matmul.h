#pragma once

#include "tamis/engine/tensor/tensor.h"

// Matrix products. f32 runs in oneDNN on the calling thread alone (parallelism is over the shards of a batch), f64 in
// plain loops. Both operands real and of one dtype.
namespace tamis::engine {

/// a b over the last two axes, [.., M, K] [.., K, N] -> [.., M, N]; `transpose_a` / `transpose_b` read the last two
/// axes swapped. Leading axes must be equal, or absent in b (then a's rows are one long matrix). Views made by
/// transpose() are read where they lie. Throws invalid_argument("[matmul] lhs [2, 3], rhs [4, 5]: inner sizes 3 and 4
/// differ").
Tensor matmul(const Tensor& a, const Tensor& b, bool transpose_a = false, bool transpose_b = false);

/// out = a b, or out += a b if `accumulate`; 2-D operands, out contiguous and of the result's shape.
void matmul_into(Tensor& out, const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b, bool accumulate);

/// y = x W^T + bias: x [.., I], weight [O, I], bias [O] or undefined -> [.., O].
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias);

/// What f32 products compute with: f32, or bf16 operands summed in f32 (AVX-512 BF16 only). Per thread.
enum class Precision { f32, bf16 };
bool has_bf16();
/// Within its lifetime, on this thread, products use `precision`. Throws invalid_argument if the CPU cannot.
class PrecisionScope {
 public:
  explicit PrecisionScope(Precision precision);
  ~PrecisionScope();
  PrecisionScope(const PrecisionScope&) = delete;
  PrecisionScope& operator=(const PrecisionScope&) = delete;

 private:
  Precision before_;
};

}  // namespace tamis::engine
