#include "tamis/engine/tensor/softmax.h"

#include "tamis/engine/autograd/saved.h"

namespace tamis::engine {

Variable softmax(const Variable& x) {
  const Tensor y = softmax(x.value());
  return record("softmax", y, {x}, [y](const Tensor& g, Sink& sink) { sink.add(0, softmax_backward(g, y)); });
}

Variable log_softmax(const Variable& x) {
  const Tensor y = log_softmax(x.value());
  return record("log_softmax", y, {x}, [y](const Tensor& g, Sink& sink) { sink.add(0, log_softmax_backward(g, y)); });
}

}  // namespace tamis::engine
