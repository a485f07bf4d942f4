#include "tamis/engine/nn/linear.h"

#include <fmt/format.h>

#include "tamis/base/error.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/memory_chain.h"

namespace tamis::nn {

Linear::Linear(std::int64_t in, std::int64_t out, const LinearOptions& options)
    : weight_(own("weight", {out, in}, options.weight, true)) {
  if (options.bias) bias_ = own("bias", {out}, Init::zeros(), false);
}

engine::Shape Linear::output_shape(const engine::Shape& x) const {
  const engine::Shape& weight = weight_.shape();
  if (x.rank() < 1 || x[-1] != weight[1]) {
    fail_caller("linear",
                fmt::format("x {}, weight {}: the last axis of x must be {}", x.text(), weight.text(), weight[1]));
  }
  return x.with(-1, weight[0]);
}

Layer::Memory Linear::memory(const Extent& x, bool training) const {
  return plain_memory(x.shape, output_shape(x.shape), training, Holds::input);
}

Variable Linear::compute(const Variable& x, Pass&) {
  return engine::linear(x, weight_, bias_);
}

engine::Shape Flatten::output_shape(const engine::Shape& x) const {
  if (x.rank() < 1) fail_caller("flatten", "x []: needs an axis of rows");
  return {x[0], x.elements() / x[0]};
}

Layer::Memory Flatten::memory(const Extent& x, bool training) const {
  return view_memory(x.shape, training);
}

Variable Flatten::compute(const Variable& x, Pass&) {
  return engine::reshape(x, output_shape(x.shape()));
}

}  // namespace tamis::nn
