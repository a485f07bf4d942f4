#pragma once

#include <array>
#include <cstdint>

#include "tamis/engine/tensor/tensor.h"

namespace tamis::engine {

/// A walk over one shape through N operands at once, each with its own strides (0 along an axis it is stretched over).
/// Axes of size 1 are gone, and neighbouring axes that every operand steps through evenly are one: equal contiguous
/// operands give a single axis. At least one axis remains.
template <std::size_t N>
struct StridedWalk {
  int rank = 0;
  std::array<std::int64_t, Shape::kMaxRank> sizes{};
  std::array<std::array<std::int64_t, Shape::kMaxRank>, N> strides{};  ///< [operand][axis]

  std::int64_t inner_size() const { return sizes[static_cast<std::size_t>(rank - 1)]; }
  std::int64_t inner_stride(std::size_t operand) const { return strides[operand][static_cast<std::size_t>(rank - 1)]; }
};

/// The walk over `shape` through tensors that broadcast to it.
template <std::size_t N>
StridedWalk<N> walk_over(const Shape& shape, const std::array<const Tensor*, N>& operands) {
  StridedWalk<N> walk;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == 1) continue;
    std::array<std::int64_t, N> steps{};
    for (std::size_t i = 0; i < N; ++i) {
      const int own = axis - shape.rank();
      const bool stretched = -own > operands[i]->rank() || operands[i]->size(own) == 1;
      steps[i] = stretched ? 0 : operands[i]->stride(own);
    }
    const auto last = static_cast<std::size_t>(walk.rank - 1);
    bool joins = walk.rank > 0;
    for (std::size_t i = 0; i < N && joins; ++i) joins = walk.strides[i][last] == steps[i] * shape[axis];
    const std::size_t place = joins ? last : last + 1;
    walk.sizes[place] = joins ? walk.sizes[place] * shape[axis] : shape[axis];
    for (std::size_t i = 0; i < N; ++i) walk.strides[i][place] = steps[i];
    if (!joins) ++walk.rank;
  }
  if (walk.rank == 0) {
    walk.rank = 1;
    walk.sizes[0] = 1;
  }
  return walk;
}

/// Calls body(offsets) at the start of every innermost row, in row-major order; offsets[i] is operand i's, in elements.
template <std::size_t N, typename Body>
void for_rows(const StridedWalk<N>& walk, const Body& body) {
  std::array<std::int64_t, Shape::kMaxRank> at{};
  std::array<std::int64_t, N> offsets{};
  while (true) {
    body(offsets);
    int axis = walk.rank - 2;
    for (; axis >= 0; --axis) {
      const auto a = static_cast<std::size_t>(axis);
      if (++at[a] < walk.sizes[a]) {
        for (std::size_t i = 0; i < N; ++i) offsets[i] += walk.strides[i][a];
        break;
      }
      at[a] = 0;
      for (std::size_t i = 0; i < N; ++i) offsets[i] -= walk.strides[i][a] * (walk.sizes[a] - 1);
    }
    if (axis < 0) return;
  }
}

}  // namespace tamis::engine
