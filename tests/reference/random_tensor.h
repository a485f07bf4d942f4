#pragma once

#include <string_view>

#include "tamis/base/random.h"
#include "tamis/engine/tensor/tensor.h"

namespace tamis::reference {

/// Standard normal numbers, the same for the same name.
inline engine::Tensor random_tensor(const engine::Shape& shape, std::string_view purpose,
                                    engine::DType dtype = engine::DType::f64) {
  Stream stream(7, purpose);
  std::vector<double> values(static_cast<std::size_t>(shape.elements()));
  for (double& value : values) value = stream.normal();
  return engine::Tensor::from(values, shape).to(dtype);
}

}  // namespace tamis::reference
