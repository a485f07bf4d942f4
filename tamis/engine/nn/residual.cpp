#include "tamis/engine/nn/residual.h"

#include <fmt/format.h>

#include "tamis/base/error.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/conv.h"
#include "tamis/engine/nn/linear.h"
#include "tamis/engine/nn/memory_chain.h"

namespace tamis::nn {

Residual::Residual(std::unique_ptr<Layer> inner, std::unique_ptr<Layer> projection)
    : inner_(std::move(inner)), projection_(std::move(projection)) {
  if (inner_ == nullptr) fail_caller("residual", "the inner layer is null");
  adopt("inner", *inner_);
  if (projection_) adopt("projection", *projection_);
}

engine::Shape Residual::output_shape(const engine::Shape& x) const {
  const engine::Shape inner = inner_->output_shape(x), skip = projection_ ? projection_->output_shape(x) : x;
  if (inner != skip) {
    fail_caller("residual", fmt::format("inner gives {}, {} gives {}: a projection must make them equal", inner.text(),
                                        projection_ ? "the projection" : "x itself", skip.text()));
  }
  return inner;
}

Layer::Memory Residual::memory(const Extent& x, bool training) const {
  const engine::Shape y = output_shape(x.shape);
  const Memory inner = inner_->memory(x, training);
  const Memory skip = projection_ ? projection_->memory(x, training) : view_memory(x.shape, training);
  return sum_memory(inner, skip, x.shape, y, training);
}

Variable Residual::compute(const Variable& x, Pass& pass) {
  output_shape(x.shape());
  const Variable y = inner_->forward(x, pass);
  return engine::add(projection_ ? projection_->forward(x, pass) : x, y);
}

std::unique_ptr<Layer> projection_between(const engine::Shape& from, const engine::Shape& to) {
  if (from == to) return nullptr;
  const bool same_rank = from.rank() == to.rank() && from.rank() > 0;
  if (same_rank && from.with(-1, 1) == to.with(-1, 1)) {
    return std::make_unique<Linear>(from[-1], to[-1], LinearOptions{.bias = false});
  }
  if (same_rank && from.rank() == 4 && from[0] == to[0] && from[1] >= to[1] && from[2] >= to[2]) {
    ConvOptions options{.kernel_h = 1, .kernel_w = 1, .bias = false};
    options.geometry.stride_h = (from[1] + to[1] - 1) / to[1];
    options.geometry.stride_w = (from[2] + to[2] - 1) / to[2];
    auto projection = std::make_unique<Conv2d>(from[3], to[3], options);
    if (projection->output_shape(from) == to) return projection;
  }
  fail_caller("residual", fmt::format("no projection leads from {} to {}", from.text(), to.text()));
}

}  // namespace tamis::nn
