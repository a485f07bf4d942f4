#include "tamis/engine/tensor/conv.h"

#include "tamis/engine/autograd/saved.h"
#include "tamis/engine/tensor/reduce.h"

namespace tamis::engine {

namespace {

void send_bias(Sink& sink, const Tensor& g) {
  if (sink.wants(2)) sink.add(2, sum(g.reshape({-1, g.size(-1)}), 0));
}

}  // namespace

Variable conv2d(const Variable& x, const Variable& weight, const Variable& bias, const Conv2dOptions& options) {
  const Tensor bias_value = bias.defined() ? bias.value() : Tensor();
  return record("conv2d", conv2d(x.value(), weight.value(), bias_value, options), {x, weight, bias},
                [x_shape = x.shape(), weight_shape = weight.shape(), x_value = saved(x, weight.needs_gradient()),
                 weight_value = saved(weight, x.needs_gradient()), options](const Tensor& g, Sink& sink) {
                  send_bias(sink, g);
                  if (sink.wants(1)) sink.add(1, conv2d_backward_weight(g, x_value, weight_shape, options));
                  if (sink.wants(0)) sink.add(0, conv2d_backward_input(g, weight_value, x_shape, options));
                });
}

Variable conv2d_transpose(const Variable& x, const Variable& weight, const Variable& bias, const Conv2dOptions& options,
                          std::int64_t out_pad_h, std::int64_t out_pad_w) {
  const Tensor bias_value = bias.defined() ? bias.value() : Tensor();
  return record("conv2d_transpose",
                conv2d_transpose(x.value(), weight.value(), bias_value, options, out_pad_h, out_pad_w),
                {x, weight, bias},
                [x_shape = x.shape(), weight_shape = weight.shape(), x_value = saved(x, weight.needs_gradient()),
                 weight_value = saved(weight, x.needs_gradient()), options](const Tensor& g, Sink& sink) {
                  send_bias(sink, g);
                  if (sink.wants(1)) sink.add(1, conv2d_transpose_backward_weight(g, x_value, weight_shape, options));
                  if (sink.wants(0)) sink.add(0, conv2d_transpose_backward_input(g, weight_value, x_shape, options));
                });
}

}  // namespace tamis::engine
