#pragma once

#include "tamis/engine/nn/module.h"
#include "tamis/engine/tensor/conv.h"

namespace tamis::nn {

struct ConvOptions {
  std::int64_t kernel_h = 3, kernel_w = 3;
  engine::Conv2dOptions geometry = {};  ///< stride, dilation, groups, padding
  bool bias = true;
  Init weight = Init::he_normal();
};

/// [B, H, W, in] -> [B, H', W', out]. Parameters: weight [out, kernel_h, kernel_w, in / groups], bias [out].
class Conv2d : public Layer {
 public:
  /// Throws invalid_argument for sizes below 1 and groups that do not divide both channel counts.
  Conv2d(std::int64_t in, std::int64_t out, const ConvOptions& options = {});
  std::string_view kind() const override { return "conv2d"; }
  engine::Shape output_shape(const engine::Shape& x) const override;
  Memory memory(const Extent& x, bool training) const override;
  const engine::Conv2dOptions& geometry() const { return geometry_; }
  const Variable& weight() const { return weight_; }
  const Variable& bias() const { return bias_; }

 protected:
  Variable compute(const Variable& x, Pass& pass) override;

 private:
  engine::Conv2dOptions geometry_;
  Variable weight_, bias_;
};

/// [B, H, W, in] -> [B, H', W', out], the shape that Conv2d would have made [B, H, W, in] from, plus `out_pad` rows and
/// columns. Parameters: weight [in, kernel_h, kernel_w, out / groups], bias [out].
class ConvTranspose2d : public Layer {
 public:
  ConvTranspose2d(std::int64_t in, std::int64_t out, const ConvOptions& options = {}, std::int64_t out_pad_h = 0,
                  std::int64_t out_pad_w = 0);
  std::string_view kind() const override { return "conv_transpose2d"; }
  engine::Shape output_shape(const engine::Shape& x) const override;
  Memory memory(const Extent& x, bool training) const override;

 protected:
  Variable compute(const Variable& x, Pass& pass) override;

 private:
  engine::Conv2dOptions geometry_;
  std::int64_t out_pad_h_, out_pad_w_;
  Variable weight_, bias_;
};

}  // namespace tamis::nn
