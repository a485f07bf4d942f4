#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace tamis::engine {

/// The sizes of a tensor, outermost first; [] is a scalar. At most 8 axes, each of size 1 or more: a tensor without
/// elements has no meaning here and is refused where it would arise.
class Shape {
 public:
  static constexpr int kMaxRank = 8;

  Shape() = default;
  /// Throws invalid_argument for a size below 1 or more than kMaxRank axes.
  Shape(std::initializer_list<std::int64_t> sizes);
  explicit Shape(std::span<const std::int64_t> sizes);

  int rank() const { return rank_; }
  /// axis in [-rank, rank); not checked: use `axis()` for what a caller gave.
  std::int64_t operator[](int axis) const { return sizes_[static_cast<std::size_t>(axis < 0 ? axis + rank_ : axis)]; }
  std::int64_t elements() const;
  /// The axis counted from 0. Throws invalid_argument("[op] axis 3 is out of range for [2, 3] …").
  int axis(int axis, const char* op) const;

  const std::int64_t* begin() const { return sizes_.data(); }
  const std::int64_t* end() const { return sizes_.data() + rank_; }
  std::span<const std::int64_t> sizes() const { return {begin(), end()}; }
  friend bool operator==(const Shape& a, const Shape& b);

  /// The shape with one axis replaced, removed, inserted or put at the end.
  Shape with(int axis, std::int64_t size) const;
  Shape without(int axis) const;
  Shape appended(std::int64_t size) const;

  /// "[2, 3]".
  std::string text() const;

 private:
  std::array<std::int64_t, kMaxRank> sizes_{};
  int rank_ = 0;
};

/// The shape that both broadcast to: sizes are compared from the last axis; equal, or one of them 1 or missing.
/// Throws invalid_argument("[op] lhs [2, 3], rhs [4]: sizes 3 and 4 at axis -1 do not broadcast").
Shape broadcast(const Shape& a, const Shape& b, const char* op);

}  // namespace tamis::engine
