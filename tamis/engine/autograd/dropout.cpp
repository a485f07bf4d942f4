#include "tamis/engine/tensor/dropout.h"

#include "tamis/engine/autograd/saved.h"

namespace tamis::engine {

Variable dropout(const Variable& x, const Dropout& mask) {
  if (mask.rate == 0) return x;
  // The mask is named by its address and made again, not kept.
  return record("dropout", dropout(x.value(), mask), {x},
                [mask](const Tensor& g, Sink& sink) { sink.add(0, dropout(g, mask)); });
}

}  // namespace tamis::engine
