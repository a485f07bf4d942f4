#include "tamis/engine/nn/activation.h"

#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/memory_chain.h"

namespace tamis::nn {

Layer::Memory Activation::memory(const Extent& x, bool training) const {
  return plain_memory(x.shape, x.shape, training, slope_from_output() ? Holds::output : Holds::input);
}

Variable Relu::compute(const Variable& x, Pass&) {
  return engine::relu(x);
}
Variable LeakyRelu::compute(const Variable& x, Pass&) {
  return engine::leaky_relu(x, slope_);
}
Variable Gelu::compute(const Variable& x, Pass&) {
  return engine::gelu(x, form_);
}
Variable Tanh::compute(const Variable& x, Pass&) {
  return engine::tanh(x);
}
Variable Sigmoid::compute(const Variable& x, Pass&) {
  return engine::sigmoid(x);
}

}  // namespace tamis::nn
