#include "tamis/engine/nn/embedding.h"

#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/memory_chain.h"

namespace tamis::nn {

Embedding::Embedding(std::int64_t count, std::int64_t channels, const Init& weight)
    : weight_(own("weight", {count, channels}, weight, true)) {}

engine::Shape Embedding::output_shape(const engine::Shape& ids) const {
  return ids.appended(weight_.shape()[1]);
}

Layer::Memory Embedding::memory(const Extent& ids, bool training) const {
  const std::int64_t rows = bytes_of(output_shape(ids.shape));
  return {.kept = rows, .walk = training ? rows : 0, .output = rows};
}

Variable Embedding::compute(const Variable& ids, Pass&) {
  return engine::gather_rows(weight_, ids.value());
}

}  // namespace tamis::nn
