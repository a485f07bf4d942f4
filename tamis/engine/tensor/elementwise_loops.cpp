#include "tamis/engine/tensor/elementwise_loops.h"

#include <fmt/format.h>

#include "tamis/base/error.h"

namespace tamis::engine {

void require_number(const Tensor& x, const char* op) {
  if (!x.defined()) fail_caller(op, "the tensor is undefined");
  if (x.dtype() == DType::boolean) fail_caller(op, fmt::format("{}: only numbers; convert with to()", x.text()));
}

Tensor in_rows(const Tensor& x, const Shape& shape) {
  const auto walk = walk_over<1>(shape, {&x});
  return walk.inner_stride(0) <= 1 ? x : x.packed();
}

Tensor unary_f32(const Tensor& x, Unary op, Numbers numbers) {
  const Tensor packed = x.packed();
  Tensor y(x.shape());
  unary_loop(op)(packed.data<float>(), y.data<float>(), y.elements(), numbers);
  return y;
}

Tensor binary_f32(const Tensor& a, const Tensor& b, const Shape& shape, Binary op, Numbers numbers) {
  const BinaryLoop loop = binary_loop(op);
  return zip_rows<float, float>(a, b, shape,
                                [&](const float* a_row, std::int64_t a_step, const float* b_row, std::int64_t b_step,
                                    float* y, std::int64_t n) { loop(a_row, a_step, b_row, b_step, y, n, numbers); });
}

}  // namespace tamis::engine
