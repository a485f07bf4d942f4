#pragma once

#include "tamis/engine/nn/module.h"

namespace tamis::nn {

/// Rows of a table: ids (i32 or i64, any shape, as a leaf) -> ids' shape + [channels]. Parameter: weight [count,
/// channels], whose gradient stays rows until somebody needs it dense. An id out of range throws invalid_argument.
class Embedding : public Layer {
 public:
  Embedding(std::int64_t count, std::int64_t channels, const Init& weight = Init::normal(0.02));
  std::string_view kind() const override { return "embedding"; }
  engine::Shape output_shape(const engine::Shape& ids) const override;
  Memory memory(const Extent& ids, bool training) const override;
  const Variable& weight() const { return weight_; }

 protected:
  Variable compute(const Variable& ids, Pass& pass) override;

 private:
  Variable weight_;
};

}  // namespace tamis::nn
