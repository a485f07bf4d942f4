#include "tamis/engine/nn/pool.h"

#include <fmt/format.h>

#include "tamis/base/error.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/memory_chain.h"

namespace tamis::nn {

namespace {

void require_images(const engine::Shape& x, std::string_view op) {
  if (x.rank() != 4) fail_caller(op, fmt::format("x {}: images are [B, H, W, C]", x.text()));
}

engine::Shape pooled(const engine::Shape& x, const engine::PoolOptions& options, const char* op) {
  const auto geometry = engine::pool2d_geometry(x, options, op);
  return {x[0], geometry.out_h, geometry.out_w, x[3]};
}

}  // namespace

engine::Shape MaxPool2d::output_shape(const engine::Shape& x) const {
  return pooled(x, options_, "max_pool2d");
}

Layer::Memory MaxPool2d::memory(const Extent& x, bool training) const {
  Memory memory = plain_memory(x.shape, output_shape(x.shape), training, Holds::nothing);
  (training ? memory.kept : memory.transient) += bytes_of(output_shape(x.shape));  // where the maxima are
  return memory;
}

Variable MaxPool2d::compute(const Variable& x, Pass&) {
  return engine::max_pool2d(x, options_);
}

engine::Shape AvgPool2d::output_shape(const engine::Shape& x) const {
  return pooled(x, options_, "avg_pool2d");
}

Layer::Memory AvgPool2d::memory(const Extent& x, bool training) const {
  return plain_memory(x.shape, output_shape(x.shape), training, Holds::nothing);
}

Variable AvgPool2d::compute(const Variable& x, Pass&) {
  return engine::avg_pool2d(x, options_);
}

engine::Shape GlobalAvgPool::output_shape(const engine::Shape& x) const {
  require_images(x, kind());
  return {x[0], x[3]};
}

Layer::Memory GlobalAvgPool::memory(const Extent& x, bool training) const {
  return plain_memory(x.shape, output_shape(x.shape), training, Holds::nothing);
}

Variable GlobalAvgPool::compute(const Variable& x, Pass&) {
  require_images(x.shape(), kind());
  return engine::mean(engine::reshape(x, {x.shape()[0], x.shape()[1] * x.shape()[2], x.shape()[3]}), 1);
}

}  // namespace tamis::nn
