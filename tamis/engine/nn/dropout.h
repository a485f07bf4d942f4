#pragma once

#include <string>

#include "tamis/engine/nn/module.h"
#include "tamis/engine/tensor/dropout.h"

namespace tamis::nn {

/// Throws invalid_argument("[dropout] …") unless 0 <= rate < 1.
void require_rate(double rate);
/// Where a layer's mask comes from: key (pass.seed, pass.variant, name), step pass.step; rate 0 unless training.
engine::Dropout dropout_of(const Pass& pass, std::string_view name, double rate, std::uint64_t first);

/// In training drops each element with probability `rate` and scales the others by 1 / (1 - rate); otherwise x itself.
/// The mask is named by (pass.seed, pass.variant, path(), pass.step, position in the whole batch): it is the same
/// however the batch is cut, and for a second pass of the same step unless `variant` differs.
class Dropout : public Layer {
 public:
  explicit Dropout(double rate);
  std::string_view kind() const override { return "dropout"; }
  engine::Shape output_shape(const engine::Shape& x) const override { return x; }
  Memory memory(const Extent& x, bool training) const override;
  double rate() const { return rate_; }
  /// The stream's name instead of path(): two layers of one name draw one mask.
  void share_stream(std::string name) { stream_ = std::move(name); }
  /// Factors for the whole batch, [rows of the batch, ..], to multiply with in training instead of drawing; undefined:
  /// draw again. For comparisons with other programs. The caller keeps to one thread.
  void give_mask(Tensor factors) { given_ = std::move(factors); }

 protected:
  Variable compute(const Variable& x, Pass& pass) override;

 private:
  double rate_;
  std::string stream_;
  Tensor given_;
};

}  // namespace tamis::nn
