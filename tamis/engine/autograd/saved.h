#pragma once

#include "tamis/engine/autograd/ops.h"

// For the ops of this folder only.
namespace tamis::engine {

/// The value if a gradient will be computed from it, else nothing: what is not needed is not kept alive.
inline Tensor saved(const Variable& x, bool needed) {
  return needed ? x.value() : Tensor();
}

}  // namespace tamis::engine
