#pragma once

#include "tamis/engine/tensor/tensor.h"

namespace tamis::reference {

/// The matrix product by its definition, element by element.
inline engine::Tensor naive_product(const engine::Tensor& a, const engine::Tensor& b) {
  const std::int64_t rows = a.size(0);
  const std::int64_t inner = a.size(1);
  const std::int64_t columns = b.size(1);
  std::vector<double> out;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) {
      double sum = 0;
      for (std::int64_t k = 0; k < inner; ++k) sum += a.at(i * inner + k) * b.at(k * columns + j);
      out.push_back(sum);
    }
  }
  return engine::Tensor::from(out, {rows, columns});
}

}  // namespace tamis::reference
