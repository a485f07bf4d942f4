#pragma once

#include "tamis/engine/nn/module.h"

namespace tamis::nn {

struct LinearOptions {
  bool bias = true;
  Init weight = Init::xavier_uniform();
};

/// y = x W^T + b: [.., in] -> [.., out]. Parameters: weight [out, in], bias [out].
class Linear : public Layer {
 public:
  /// Throws invalid_argument for sizes below 1.
  Linear(std::int64_t in, std::int64_t out, const LinearOptions& options = {});
  std::string_view kind() const override { return "linear"; }
  engine::Shape output_shape(const engine::Shape& x) const override;
  Memory memory(const Extent& x, bool training) const override;
  const Variable& weight() const { return weight_; }
  /// Undefined without one.
  const Variable& bias() const { return bias_; }

 protected:
  Variable compute(const Variable& x, Pass& pass) override;

 private:
  Variable weight_, bias_;
};

/// [B, ..] -> [B, the rest end to end]; the same memory.
class Flatten : public Layer {
 public:
  std::string_view kind() const override { return "flatten"; }
  engine::Shape output_shape(const engine::Shape& x) const override;
  Memory memory(const Extent& x, bool training) const override;

 protected:
  Variable compute(const Variable& x, Pass& pass) override;
};

}  // namespace tamis::nn
