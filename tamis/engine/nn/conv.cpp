#include "tamis/engine/nn/conv.h"

#include <fmt/format.h>

#include "tamis/base/error.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/memory_chain.h"

namespace tamis::nn {

namespace {

/// [first, kernel_h, kernel_w, last / groups].
engine::Shape weight_shape(std::int64_t first, std::int64_t last, const ConvOptions& options, const char* op) {
  const std::int64_t groups = options.geometry.groups;
  if (groups < 1 || first % groups != 0 || last % groups != 0) {
    fail_caller(op, fmt::format("groups {}: must divide the channels {} and {}", groups, first, last));
  }
  return {first, options.kernel_h, options.kernel_w, last / groups};
}

}  // namespace

Conv2d::Conv2d(std::int64_t in, std::int64_t out, const ConvOptions& options)
    : geometry_(options.geometry),
      weight_(own("weight", weight_shape(out, in, options, "conv2d"), options.weight, true)) {
  if (options.bias) bias_ = own("bias", {out}, Init::zeros(), false);
}

engine::Shape Conv2d::output_shape(const engine::Shape& x) const {
  const auto geometry = engine::conv2d_geometry(x, weight_.shape(), geometry_, "conv2d");
  return {x[0], geometry.out_h, geometry.out_w, weight_.shape()[0]};
}

Layer::Memory Conv2d::memory(const Extent& x, bool training) const {
  return plain_memory(x.shape, output_shape(x.shape), training, Holds::input);
}

Variable Conv2d::compute(const Variable& x, Pass&) {
  return engine::conv2d(x, weight_, bias_, geometry_);
}

ConvTranspose2d::ConvTranspose2d(std::int64_t in, std::int64_t out, const ConvOptions& options, std::int64_t out_pad_h,
                                 std::int64_t out_pad_w)
    : geometry_(options.geometry),
      out_pad_h_(out_pad_h),
      out_pad_w_(out_pad_w),
      weight_(own("weight", weight_shape(in, out, options, "conv2d_transpose"), options.weight, true)) {
  if (options.bias) bias_ = own("bias", {out}, Init::zeros(), false);
}

engine::Shape ConvTranspose2d::output_shape(const engine::Shape& x) const {
  return engine::conv2d_transpose_shape(x, weight_.shape(), geometry_, out_pad_h_, out_pad_w_);
}

Layer::Memory ConvTranspose2d::memory(const Extent& x, bool training) const {
  return plain_memory(x.shape, output_shape(x.shape), training, Holds::input);
}

Variable ConvTranspose2d::compute(const Variable& x, Pass&) {
  return engine::conv2d_transpose(x, weight_, bias_, geometry_, out_pad_h_, out_pad_w_);
}

}  // namespace tamis::nn
