#include "tamis/engine/tensor/shape.h"

#include <fmt/format.h>

#include <algorithm>

#include "tamis/base/error.h"

namespace tamis::engine {

Shape::Shape(std::initializer_list<std::int64_t> sizes) : Shape(std::span(sizes.begin(), sizes.size())) {}

Shape::Shape(std::span<const std::int64_t> sizes) {
  if (sizes.size() > kMaxRank) {
    fail_caller("shape", fmt::format("[{}]: at most {} axes", fmt::join(sizes, ", "), kMaxRank));
  }
  std::int64_t bytes = sizeof(double);  // of the widest dtype: what can be counted can then be allocated or refused
  for (const std::int64_t size : sizes) {
    if (size < 1) {
      fail_caller("shape", fmt::format("[{}]: every size must be at least 1, not {}", fmt::join(sizes, ", "), size));
    }
    if (__builtin_mul_overflow(bytes, size, &bytes)) {
      fail_caller("shape", fmt::format("[{}]: too many elements", fmt::join(sizes, ", ")));
    }
  }
  std::copy(sizes.begin(), sizes.end(), sizes_.begin());
  rank_ = static_cast<int>(sizes.size());
}

std::int64_t Shape::elements() const {
  std::int64_t count = 1;
  for (const std::int64_t size : *this) count *= size;
  return count;
}

int Shape::axis(int axis, const char* op) const {
  if (axis < -rank_ || axis >= rank_) {
    if (rank_ == 0) fail_caller(op, fmt::format("axis {} is out of range: a scalar has no axes", axis));
    fail_caller(op, fmt::format("axis {} is out of range for {}: give {} to {}", axis, text(), -rank_, rank_ - 1));
  }
  return axis < 0 ? axis + rank_ : axis;
}

bool operator==(const Shape& a, const Shape& b) {
  return std::ranges::equal(a.sizes(), b.sizes());
}

Shape Shape::with(int axis, std::int64_t size) const {
  std::array<std::int64_t, kMaxRank> sizes = sizes_;
  sizes[static_cast<std::size_t>(this->axis(axis, "shape"))] = size;
  return Shape(std::span<const std::int64_t>(sizes.data(), static_cast<std::size_t>(rank_)));
}

Shape Shape::without(int axis) const {
  Shape result = *this;
  const int dropped = this->axis(axis, "shape");
  std::copy(begin() + dropped + 1, end(), result.sizes_.begin() + dropped);
  --result.rank_;
  result.sizes_[static_cast<std::size_t>(result.rank_)] = 0;
  return result;
}

Shape Shape::appended(std::int64_t size) const {
  std::array<std::int64_t, kMaxRank + 1> sizes{};
  std::copy(begin(), end(), sizes.begin());
  sizes[static_cast<std::size_t>(rank_)] = size;
  return Shape(std::span<const std::int64_t>(sizes.data(), static_cast<std::size_t>(rank_) + 1));
}

std::string Shape::text() const {
  return fmt::format("[{}]", fmt::join(begin(), end(), ", "));
}

Shape broadcast(const Shape& a, const Shape& b, const char* op) {
  std::array<std::int64_t, Shape::kMaxRank> sizes{};
  const int rank = std::max(a.rank(), b.rank());
  for (int axis = -1; axis >= -rank; --axis) {
    const std::int64_t of_a = -axis <= a.rank() ? a[axis] : 1;
    const std::int64_t of_b = -axis <= b.rank() ? b[axis] : 1;
    if (of_a != of_b && of_a != 1 && of_b != 1) {
      fail_caller(op, fmt::format("lhs {}, rhs {}: sizes {} and {} at axis {} do not broadcast", a.text(), b.text(),
                                  of_a, of_b, axis));
    }
    sizes[static_cast<std::size_t>(rank + axis)] = std::max(of_a, of_b);
  }
  return Shape(std::span<const std::int64_t>(sizes.data(), static_cast<std::size_t>(rank)));
}

}  // namespace tamis::engine
