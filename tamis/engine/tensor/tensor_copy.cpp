#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "tamis/base/error.h"
#include "tamis/engine/tensor/strided.h"
#include "tamis/engine/tensor/visit.h"

namespace tamis::engine {

namespace {

/// One number as another type. What an integer cannot hold becomes its nearest bound, NaN becomes 0: no cast may be
/// left undefined by the language.
template <typename To, typename From>
To converted(From value) {
  if constexpr (std::is_same_v<To, bool>) {
    return value != From{};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    if (std::isnan(value)) return 0;
    constexpr auto bound = -static_cast<From>(std::numeric_limits<To>::min());  // a power of two, so exact
    if (value >= bound) return std::numeric_limits<To>::max();
    return value < -bound ? std::numeric_limits<To>::min() : static_cast<To>(value);
  } else {
    return static_cast<To>(value);
  }
}

template <typename To, typename From>
void copy_row(To* to, std::int64_t to_step, const From* from, std::int64_t from_step, std::int64_t n) {
  if constexpr (std::is_same_v<To, From>) {
    if (to_step == 1 && from_step == 1) {
      std::memmove(to, from, static_cast<std::size_t>(n) * sizeof(To));
      return;
    }
  }
  for (std::int64_t i = 0; i < n; ++i) to[i * to_step] = converted<To>(from[i * from_step]);
}

/// The last two axes in tiles: where one side's rows are the other's columns, a tile's cache lines are used up whole.
template <typename To, typename From>
void copy_tiles(const StridedWalk<2>& walk, To* to, const From* from) {
  constexpr std::int64_t kTile = 16;
  const auto outer = static_cast<std::size_t>(walk.rank - 2);
  const std::int64_t rows = walk.sizes[outer];
  const std::int64_t columns = walk.sizes[outer + 1];
  for (std::int64_t row = 0; row < rows; row += kTile) {
    for (std::int64_t column = 0; column < columns; column += kTile) {
      const std::int64_t end = std::min(rows, row + kTile);
      for (std::int64_t r = row; r < end; ++r) {
        copy_row(to + r * walk.strides[0][outer] + column * walk.inner_stride(0), walk.inner_stride(0),
                 from + r * walk.strides[1][outer] + column * walk.inner_stride(1), walk.inner_stride(1),
                 std::min(kTile, columns - column));
      }
    }
  }
}

template <typename To, typename From>
void copy(const StridedWalk<2>& walk, To* to, const From* from) {
  if (walk.rank >= 2 && walk.inner_stride(1) > 1) {
    StridedWalk<2> outer = walk;  // all but the last axis, whose place the tiles take
    --outer.rank;
    for_rows(outer, [&](const auto& at) { copy_tiles(walk, to + at[0], from + at[1]); });
    return;
  }
  for_rows(walk, [&](const auto& at) {
    copy_row(to + at[0], walk.inner_stride(0), from + at[1], walk.inner_stride(1), walk.inner_size());
  });
}

}  // namespace

void Tensor::assign(const Tensor& from) {
  if (!defined() || !from.defined()) fail_caller("assign", "a tensor is undefined");
  if (from.shape() != shape_) {
    fail_caller("assign", fmt::format("target {}, source {}: shapes differ", text(), from.text()));
  }
  const auto walk = walk_over<2>(shape_, {this, &from});
  visit(dtype_, [&](auto to_tag) {
    using To = typename decltype(to_tag)::type;
    visit(from.dtype(), [&](auto from_tag) {
      using From = typename decltype(from_tag)::type;
      copy(walk, data<To>(), from.data<From>());
    });
  });
}

void Tensor::fill(double value) {
  if (!defined()) fail_caller("fill", "the tensor is undefined");
  const auto walk = walk_over<1>(shape_, {this});
  visit(dtype_, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T filling = converted<T>(value);
    T* const to = data<T>();
    for_rows(walk, [&](const auto& at) {
      if (walk.inner_stride(0) == 1) {
        std::fill_n(to + at[0], walk.inner_size(), filling);
      } else {
        for (std::int64_t i = 0; i < walk.inner_size(); ++i) to[at[0] + i * walk.inner_stride(0)] = filling;
      }
    });
  });
}

}  // namespace tamis::engine
