#include "tamis/engine/tensor/norm.h"

#include <utility>

#include "tamis/engine/autograd/meeting.h"
#include "tamis/engine/autograd/saved.h"
#include "tamis/engine/tensor/index.h"

namespace tamis::engine {

namespace {

Tensor inverse_deviation(const Tensor& var, double epsilon) {
  return pow(add(var, epsilon), -0.5);
}

/// Of the whole batch, merged in shard order.
Moments batch_moments(const Tensor& x, Meeting* meeting, int shard) {
  Moments own = channel_moments(x);
  if (meeting == nullptr) return own;
  const auto all = meeting->meet(shard, {Tensor::scalar(own.count, DType::f64), own.mean, own.deviations});
  Moments merged{all[0][0].item(), all[0][1], all[0][2]};
  for (std::size_t i = 1; i < all.size(); ++i) merged = merge(merged, {all[i][0].item(), all[i][1], all[i][2]});
  return merged;
}

/// The sum of all shards' tensors, in shard order.
Tensor sum_of_shards(Tensor own, Meeting* meeting, int shard) {
  if (meeting == nullptr) return own;
  const auto all = meeting->meet(shard, {std::move(own)});
  Tensor sum = all[0][0].clone();
  for (std::size_t i = 1; i < all.size(); ++i) add_into(sum, all[i][0]);
  return sum;
}

/// The gradients of gamma and beta from batch_norm_sums.
void send_scale_and_shift(Sink& sink, const Tensor& sums) {
  sink.add(1, sums.row(1));
  sink.add(2, sums.row(0));
}

}  // namespace

Variable layer_norm(const Variable& x, const Variable& gamma, const Variable& beta, double epsilon) {
  const LayerNormed normed = layer_norm(x.value(), gamma.value(), beta.value(), epsilon);
  return record("layer_norm", normed.y, {x, gamma, beta},
                [x_value = x.value(), mean = normed.mean, invstd = normed.invstd, gamma_value = gamma.value()](
                    const Tensor& g, Sink& sink) {
                  LayerNormGradients d = layer_norm_backward(g, x_value, mean, invstd, gamma_value);
                  sink.add(0, std::move(d.x));
                  sink.add(1, std::move(d.gamma));
                  sink.add(2, std::move(d.beta));
                });
}

Variable batch_norm(const Variable& x, const Variable& gamma, const Variable& beta, double epsilon, Meeting* meeting,
                    int shard, Tensor* mean, Tensor* var) {
  const Moments moments = batch_moments(x.value(), meeting, shard);
  const Tensor variance = mul(moments.deviations, 1 / moments.count);
  const Tensor invstd = inverse_deviation(variance, epsilon);
  if (mean != nullptr) *mean = moments.mean;
  if (var != nullptr) *var = variance;
  Tensor y = normalize_channels(x.value(), moments.mean, invstd, gamma.value(), beta.value());
  return record(
      "batch_norm", std::move(y), {x, gamma, beta},
      [x_value = x.value(), moments, invstd, gamma_value = gamma.value(), meeting, shard](const Tensor& g, Sink& sink) {
        const Tensor sums = batch_norm_sums(g, x_value, moments.mean, invstd);
        send_scale_and_shift(sink, sums);
        if (!sink.wants(0)) return;
        const Tensor total = sum_of_shards(sums, meeting, shard);
        sink.add(0, batch_norm_backward(g, x_value, moments.mean, invstd, gamma_value, total, moments.count));
      });
}

Variable gather_shards(const Variable& x, Meeting* meeting, int shard) {
  if (meeting == nullptr) return x;
  std::vector<Tensor> rows;
  std::int64_t begin = 0;
  for (auto& given : meeting->meet(shard, {x.value()})) {
    if (rows.size() < static_cast<std::size_t>(shard)) begin += given[0].size(0);
    rows.push_back(std::move(given[0]));
  }
  const std::int64_t end = begin + x.value().size(0);
  return record("gather_shards", concat(rows, 0), {x}, [meeting, shard, begin, end](const Tensor& g, Sink& sink) {
    // A copy goes out: g may lie in a sum that this shard still adds to while others read.
    const auto all = meeting->meet(shard, {g.clone()});
    Tensor sum = all[0][0].slice(0, begin, end).clone();
    for (std::size_t i = 1; i < all.size(); ++i) add_into(sum, all[i][0].slice(0, begin, end));
    sink.add(0, std::move(sum));
  });
}

Variable normalize_channels(const Variable& x, const Tensor& mean, const Tensor& var, const Variable& gamma,
                            const Variable& beta, double epsilon) {
  const Tensor invstd = inverse_deviation(var, epsilon);
  Tensor y = normalize_channels(x.value(), mean, invstd, gamma.value(), beta.value());
  const bool scaled = gamma.needs_gradient() || beta.needs_gradient();
  return record("normalize_channels", std::move(y), {x, gamma, beta},
                [x_value = saved(x, scaled), gamma_value = gamma.value(), mean, invstd](const Tensor& g, Sink& sink) {
                  if (sink.wants(1) || sink.wants(2)) {
                    send_scale_and_shift(sink, batch_norm_sums(g, x_value, mean, invstd));
                  }
                  if (sink.wants(0)) sink.add(0, mul(g, mul(gamma_value, invstd)));
                });
}

}  // namespace tamis::engine
