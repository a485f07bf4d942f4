#pragma once

#include "tamis/engine/nn/module.h"

namespace tamis::nn {

struct BatchNormOptions {
  double epsilon = 1e-5;
  double momentum = 0.1;  ///< running <- (1 - momentum) running + momentum now
};

/// y = weight (x - mean) / sqrt(var + epsilon) + bias per channel, the last axis. In training the moments are those of
/// the whole batch, whatever the shards, with the biased variance; otherwise the running ones, to which each batch adds
/// its mean and unbiased variance (shard 0 does, once). Parameters: weight [C], bias [C]; buffers: running_mean [C],
/// running_var [C]. Throws invalid_argument in training for a batch of one row. Source: Ioffe and Szegedy,
/// arXiv:1502.03167, algorithms 1 and 2.
class BatchNorm : public Layer {
 public:
  explicit BatchNorm(std::int64_t channels, const BatchNormOptions& options = {});
  std::string_view kind() const override { return "batch_norm"; }
  engine::Shape output_shape(const engine::Shape& x) const override;
  Memory memory(const Extent& x, bool training) const override;
  bool meets() const override { return true; }

 protected:
  Variable compute(const Variable& x, Pass& pass) override;

 private:
  void follow(const Tensor& mean, const Tensor& var, double rows);

  BatchNormOptions options_;
  Variable weight_, bias_;
  Tensor& running_mean_;
  Tensor& running_var_;
};

/// y = weight (x - mean) / sqrt(var + epsilon) + bias over the last axis. Parameters: weight [C], bias [C]. BERT's
/// epsilon is 1e-12.
class LayerNorm : public Layer {
 public:
  explicit LayerNorm(std::int64_t channels, double epsilon = 1e-5);
  std::string_view kind() const override { return "layer_norm"; }
  engine::Shape output_shape(const engine::Shape& x) const override;
  Memory memory(const Extent& x, bool training) const override;

 protected:
  Variable compute(const Variable& x, Pass& pass) override;

 private:
  double epsilon_;
  Variable weight_, bias_;
};

}  // namespace tamis::nn
