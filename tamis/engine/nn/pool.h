#pragma once

#include "tamis/engine/nn/module.h"
#include "tamis/engine/tensor/pool.h"

// Pooling of images [B, H, W, C]; see tamis/engine/tensor/pool.h for ties and padding.
namespace tamis::nn {

class MaxPool2d : public Layer {
 public:
  explicit MaxPool2d(const engine::PoolOptions& options = {}) : options_(options) {}
  std::string_view kind() const override { return "max_pool2d"; }
  engine::Shape output_shape(const engine::Shape& x) const override;
  Memory memory(const Extent& x, bool training) const override;
  const engine::PoolOptions& options() const { return options_; }

 protected:
  Variable compute(const Variable& x, Pass& pass) override;

 private:
  engine::PoolOptions options_;
};

class AvgPool2d : public Layer {
 public:
  explicit AvgPool2d(const engine::PoolOptions& options = {}) : options_(options) {}
  std::string_view kind() const override { return "avg_pool2d"; }
  engine::Shape output_shape(const engine::Shape& x) const override;
  Memory memory(const Extent& x, bool training) const override;

 protected:
  Variable compute(const Variable& x, Pass& pass) override;

 private:
  engine::PoolOptions options_;
};

/// The mean over the pixels: [B, H, W, C] -> [B, C].
class GlobalAvgPool : public Layer {
 public:
  std::string_view kind() const override { return "global_avg_pool"; }
  engine::Shape output_shape(const engine::Shape& x) const override;
  Memory memory(const Extent& x, bool training) const override;

 protected:
  Variable compute(const Variable& x, Pass& pass) override;
};

}  // namespace tamis::nn
