#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "tamis/engine/tensor/tensor.h"

namespace tamis::engine {

/// Which elements a dropout keeps: element i of the whole batch is dropped if the Philox number addressed by
/// (key, step, first + i) is below `rate`. The mask depends on nothing else, so it can be made again instead of stored,
/// and the cut of a batch into shards does not change it.
struct Dropout {
  double rate = 0;  ///< in [0, 1); 0 drops nothing
  std::array<std::uint32_t, 2> key{};
  std::uint64_t step = 0;
  std::uint64_t first = 0;  ///< position of this shard's first element within the batch
};

/// y = x / (1 - rate) where kept, 0 where dropped. The same call on g is the gradient. Throws invalid_argument unless
/// 0 <= rate < 1. Source: Srivastava et al., JMLR 15 (2014), in its inverted form.
Tensor dropout(const Tensor& x, const Dropout& mask);
/// The mask as factors: 0 or 1 / (1 - rate).
Tensor dropout_mask(const Shape& shape, const Dropout& mask, DType dtype = DType::f32);

}  // namespace tamis::engine
