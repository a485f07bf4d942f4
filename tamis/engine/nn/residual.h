#pragma once

#include <memory>

#include "tamis/engine/nn/module.h"

namespace tamis::nn {

/// y = projection(x) + inner(x), the projection being x itself if there is none. Parts: inner, projection. Source: He
/// et al., arXiv:1512.03385, equations 1 and 2.
class Residual : public Layer {
 public:
  explicit Residual(std::unique_ptr<Layer> inner, std::unique_ptr<Layer> projection = nullptr);
  std::string_view kind() const override { return "residual"; }
  /// Throws invalid_argument, with both shapes, if the two ways do not end in one shape.
  engine::Shape output_shape(const engine::Shape& x) const override;
  Memory memory(const Extent& x, bool training) const override;

 protected:
  Variable compute(const Variable& x, Pass& pass) override;

 private:
  std::unique_ptr<Layer> inner_, projection_;
};

/// What makes `to` of `from`: nullptr if they are equal; a 1 x 1 convolution with a stride for images; a linear layer
/// where the last axis alone differs; both without bias. Throws invalid_argument for other pairs.
std::unique_ptr<Layer> projection_between(const engine::Shape& from, const engine::Shape& to);

}  // namespace tamis::nn
