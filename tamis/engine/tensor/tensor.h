#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/engine/tensor/shape.h"

namespace tamis::engine {

enum class DType : std::uint8_t { f32, f64, i32, i64, boolean };

std::string_view name(DType dtype);
std::size_t bytes_of(DType dtype);

/// The dtype of a C++ type: float, double, int32_t, int64_t, bool (one byte each).
template <typename T>
inline constexpr DType dtype_of = DType::f32;
template <>
inline constexpr DType dtype_of<double> = DType::f64;
template <>
inline constexpr DType dtype_of<std::int32_t> = DType::i32;
template <>
inline constexpr DType dtype_of<std::int64_t> = DType::i64;
template <>
inline constexpr DType dtype_of<bool> = DType::boolean;

/// An n-dimensional array, row-major. Copies share memory, as views do (reshape, slice, transpose); clone() does not.
/// A default-made tensor is undefined: it holds nothing and stands for "none". Reading from many threads is safe;
/// writing while others read is not.
class Tensor {
 public:
  Tensor() = default;
  /// Uninitialised.
  explicit Tensor(Shape shape, DType dtype = DType::f32);
  static Tensor zeros(const Shape& shape, DType dtype = DType::f32);
  static Tensor full(const Shape& shape, double value, DType dtype = DType::f32);
  /// 0, 1, …, n - 1.
  static Tensor range(std::int64_t n, DType dtype);
  /// Copies the values; throws invalid_argument unless there are shape.elements() of them.
  template <typename T>
  static Tensor from(std::span<const T> values, const Shape& shape);
  template <typename T>
  static Tensor from(const std::vector<T>& values, const Shape& shape) {
    return from(std::span<const T>(values), shape);
  }
  static Tensor scalar(double value, DType dtype = DType::f32) { return full({}, value, dtype); }

  bool defined() const { return storage_ != nullptr; }
  const Shape& shape() const { return shape_; }
  int rank() const { return shape_.rank(); }
  std::int64_t size(int axis) const { return shape_[axis]; }
  std::int64_t elements() const { return elements_; }
  DType dtype() const { return dtype_; }
  std::size_t bytes() const { return static_cast<std::size_t>(elements_) * bytes_of(dtype_); }
  /// Elements between neighbours along each axis.
  std::int64_t stride(int axis) const { return strides_[static_cast<std::size_t>(axis < 0 ? axis + rank() : axis)]; }
  /// True if the elements lie end to end in row-major order.
  bool contiguous() const { return contiguous_; }
  /// True if no other tensor shares the memory: what may be written in place without being seen elsewhere.
  bool sole_owner() const { return storage_.use_count() == 1; }

  /// The first element. T must be the dtype's (assert). Rows of a view that is not contiguous are stride() apart.
  template <typename T>
  const T* data() const;
  template <typename T>
  T* data();
  /// The elements of a contiguous tensor.
  template <typename T>
  std::span<const T> span() const;
  template <typename T>
  std::span<T> span();
  /// The only element as a number. Throws invalid_argument unless there is exactly one.
  double item() const;
  /// Element i in row-major order, of any dtype, as a number; slow, for messages and tests.
  double at(std::int64_t i) const;
  /// All elements as numbers; slow.
  std::vector<double> numbers() const;

  /// The same elements under another shape; one size may be -1. A view if contiguous, else a copy. Throws
  /// invalid_argument("[reshape] …") unless the element counts agree.
  Tensor reshape(std::initializer_list<std::int64_t> sizes) const;
  Tensor reshape(const Shape& shape) const;
  /// Elements begin .. end - 1 along an axis; a view. Throws invalid_argument if out of range or empty.
  Tensor slice(int axis, std::int64_t begin, std::int64_t end) const;
  /// Row i of axis 0, that axis dropped; a view.
  Tensor row(std::int64_t i) const;
  /// Two axes swapped; a view.
  Tensor transpose(int a, int b) const;
  /// Axes in the given order; a view. Throws unless `order` is a permutation of 0 .. rank - 1.
  Tensor permute(std::span<const int> order) const;
  /// The same view stretched to a shape it broadcasts to (stride 0); not writable.
  Tensor broadcast_to(const Shape& shape) const;
  /// *this if contiguous, else a copy that is.
  Tensor packed() const;
  Tensor clone() const;
  /// Converted values; *this if the dtype is the same. Reals are cut toward zero to integers; boolean is != 0.
  Tensor to(DType dtype) const;
  /// Writes all elements of `from` (same shape, any dtype or strides) into this tensor's memory.
  void assign(const Tensor& from);
  void fill(double value);

  /// "f32[2, 3]", for messages.
  std::string text() const;

 private:
  void set_shape(const Shape& shape);
  void set_contiguous();

  std::shared_ptr<void> storage_;
  std::byte* first_ = nullptr;
  Shape shape_;
  std::array<std::int64_t, Shape::kMaxRank> strides_{};
  std::int64_t elements_ = 0;
  DType dtype_ = DType::f32;
  bool contiguous_ = true;
};

/// Throws invalid_argument("[op] lhs f32[2], rhs f64[2]: dtypes differ; convert one with to()").
void require_same_dtype(const Tensor& a, const Tensor& b, const char* op);
/// Throws invalid_argument unless the tensor is defined and f32 or f64.
void require_real(const Tensor& x, const char* op);

}  // namespace tamis::engine
