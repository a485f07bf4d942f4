#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "tamis/base/random.h"
#include "tamis/engine/tensor/tensor.h"

// Tensors to test with, and the plainest way to do what the library does: one element at a time, by its index.
namespace tamis::reference {

using engine::DType;
using engine::Shape;
using engine::Tensor;

/// f64 numbers, uniform on [low, high), that f32 can hold: both dtypes start from the same values.
inline Tensor uniform_tensor(const Shape& shape, std::uint64_t seed, double low = -2, double high = 2) {
  Stream stream(seed, "test");
  std::vector<double> values(static_cast<std::size_t>(shape.elements()));
  for (double& value : values) value = static_cast<float>(low + (high - low) * stream.uniform());
  return Tensor::from(values, shape);
}

/// Sizes that fill no vector, one, or many and a rest.
inline const std::vector<std::int64_t>& awkward_sizes() {
  static const std::vector<std::int64_t> sizes = {1, 2, 3, 7, 8, 13, 16, 17, 31, 32, 33, 61, 64, 127, 257};
  return sizes;
}

/// The index along each axis of element i of a shape, in row-major order.
inline std::vector<std::int64_t> index_of(std::int64_t i, const Shape& shape) {
  std::vector<std::int64_t> index(static_cast<std::size_t>(shape.rank()));
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    index[static_cast<std::size_t>(axis)] = i % shape[axis];
    i /= shape[axis];
  }
  return index;
}

/// The element of x that a broadcast puts at this index.
inline double broadcast_at(const Tensor& x, const std::vector<std::int64_t>& index) {
  std::int64_t at = 0;
  const std::size_t missing = index.size() - static_cast<std::size_t>(x.rank());
  for (int axis = 0; axis < x.rank(); ++axis) {
    const std::int64_t size = x.size(axis);
    at = at * size + (size == 1 ? 0 : index[missing + static_cast<std::size_t>(axis)]);
  }
  return x.at(at);
}

/// max |a - b| / max(1, |b|); infinite if the shapes differ, or if just one of two elements is NaN.
inline double difference(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape()) return INFINITY;
  double largest = 0;
  const std::vector<double> of_a = a.numbers(), of_b = b.numbers();
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    if (of_a[i] == of_b[i] || (std::isnan(of_a[i]) && std::isnan(of_b[i]))) continue;
    const double wrong = std::abs(of_a[i] - of_b[i]) / std::max(1.0, std::abs(of_b[i]));
    largest = std::isnan(wrong) ? INFINITY : std::max(largest, wrong);
  }
  return largest;
}

}  // namespace tamis::reference
