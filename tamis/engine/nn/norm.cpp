#include "tamis/engine/nn/norm.h"

#include <fmt/format.h>

#include "tamis/base/error.h"
#include "tamis/engine/autograd/meeting.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/memory_chain.h"

namespace tamis::nn {

namespace {

engine::Shape with_channels(const engine::Shape& x, std::int64_t channels, const char* op) {
  if (x.rank() < 1 || x[-1] != channels) {
    fail_caller(op, fmt::format("x {}: the last axis must be {}, the layer's channels", x.text(), channels));
  }
  return x;
}

void require_epsilon(double epsilon, const char* op) {
  if (!(epsilon > 0)) fail_caller(op, fmt::format("epsilon {}: must be above 0", epsilon));
}

double rows_of_batch(const engine::Shape& x, const Pass& pass) {
  const auto rows = static_cast<double>(x.elements() / x[-1]);
  if (pass.meeting == nullptr) return rows;
  double all = 0;
  for (const auto& theirs : pass.meeting->meet(pass.shard, {Tensor::scalar(rows, engine::DType::f64)})) {
    all += theirs[0].item();
  }
  return all;
}

}  // namespace

BatchNorm::BatchNorm(std::int64_t channels, const BatchNormOptions& options)
    : options_(options),
      weight_(own("weight", {channels}, Init::ones(), false)),
      bias_(own("bias", {channels}, Init::zeros(), false)),
      running_mean_(own_buffer("running_mean", Tensor::zeros({channels}))),
      running_var_(own_buffer("running_var", Tensor::full({channels}, 1))) {
  require_epsilon(options.epsilon, "batch_norm");
  if (!(options.momentum > 0 && options.momentum <= 1)) {
    fail_caller("batch_norm", fmt::format("momentum {}: must be in (0, 1]", options.momentum));
  }
}

engine::Shape BatchNorm::output_shape(const engine::Shape& x) const {
  return with_channels(x, weight_.shape()[0], "batch_norm");
}

Layer::Memory BatchNorm::memory(const Extent& x, bool training) const {
  Memory memory = plain_memory(x.shape, output_shape(x.shape), training, Holds::input);
  if (training) memory.kept += 3 * bytes_of(weight_.shape());  // mean, sum of squared deviations, inverse deviation
  return memory;
}

Variable BatchNorm::compute(const Variable& x, Pass& pass) {
  output_shape(x.shape());
  if (!pass.training) {
    return engine::normalize_channels(x, running_mean_, running_var_, weight_, bias_, options_.epsilon);
  }
  const double rows = rows_of_batch(x.shape(), pass);
  if (rows < 2) fail_caller("batch_norm", fmt::format("x {}: a batch of one row has no variance", x.shape().text()));
  Tensor mean, var;
  Variable y = engine::batch_norm(x, weight_, bias_, options_.epsilon, pass.meeting, pass.shard, &mean, &var);
  if (pass.shard == 0) follow(mean, var, rows);
  return y;
}

void BatchNorm::follow(const Tensor& mean, const Tensor& var, double rows) {
  const auto mix = [&](Tensor& running, const Tensor& now, double factor) {
    engine::scale_into(running, 1 - options_.momentum);
    engine::add_scaled_into(running, now.to(running.dtype()), options_.momentum * factor);
  };
  mix(running_mean_, mean, 1);
  mix(running_var_, var, rows / (rows - 1));
}

LayerNorm::LayerNorm(std::int64_t channels, double epsilon)
    : epsilon_(epsilon),
      weight_(own("weight", {channels}, Init::ones(), false)),
      bias_(own("bias", {channels}, Init::zeros(), false)) {
  require_epsilon(epsilon, "layer_norm");
}

engine::Shape LayerNorm::output_shape(const engine::Shape& x) const {
  return with_channels(x, weight_.shape()[0], "layer_norm");
}

Layer::Memory LayerNorm::memory(const Extent& x, bool training) const {
  Memory memory = plain_memory(x.shape, output_shape(x.shape), training, Holds::input);
  const std::int64_t moments = 2 * bytes_of(x.shape) / x.shape[-1];
  (training ? memory.kept : memory.transient) += moments;
  return memory;
}

Variable LayerNorm::compute(const Variable& x, Pass&) {
  output_shape(x.shape());
  return engine::layer_norm(x, weight_, bias_, epsilon_);
}

}  // namespace tamis::nn
