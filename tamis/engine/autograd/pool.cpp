#include "tamis/engine/tensor/pool.h"

#include "tamis/engine/autograd/saved.h"

namespace tamis::engine {

Variable max_pool2d(const Variable& x, const PoolOptions& options) {
  const MaxPooled pooled = max_pool2d(x.value(), options);
  return record("max_pool2d", pooled.y, {x},
                [at = pooled.at, x_shape = x.shape(), options](const Tensor& g, Sink& sink) {
                  sink.add(0, max_pool2d_backward(g, at, x_shape, options));
                });
}

Variable avg_pool2d(const Variable& x, const PoolOptions& options) {
  return record("avg_pool2d", avg_pool2d(x.value(), options), {x},
                [x_shape = x.shape(), options](const Tensor& g, Sink& sink) {
                  sink.add(0, avg_pool2d_backward(g, x_shape, options));
                });
}

}  // namespace tamis::engine
