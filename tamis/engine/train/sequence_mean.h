#pragma once

#include "tamis/engine/nn/module.h"

namespace tamis::train {

/// The mean of each packed sequence's rows: [T, C] -> [B, C], by pass.offsets [B + 1]. Throws invalid_argument unless
/// they are there and end at T.
class SequenceMean : public nn::Layer {
 public:
  std::string_view kind() const override { return "sequence_mean"; }
  /// [1, C]: how many sequences there are the shape alone does not tell.
  engine::Shape output_shape(const engine::Shape& x) const override;
  Memory memory(const nn::Extent& x, bool training) const override;

 protected:
  nn::Variable compute(const nn::Variable& x, nn::Pass& pass) override;
};

}  // namespace tamis::train
