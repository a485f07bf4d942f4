#include "tamis/engine/tensor/tensor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <numeric>

#include "tamis/base/error.h"
#include "tamis/engine/tensor/storage.h"
#include "tamis/engine/tensor/visit.h"

namespace tamis::engine {

namespace {

void require_defined(const Tensor& x, const char* op) {
  if (!x.defined()) fail_caller(op, "the tensor is undefined");
}

/// The shape with its one size of -1, if any, worked out from the number of elements.
Shape completed(std::initializer_list<std::int64_t> sizes, std::int64_t elements) {
  std::vector<std::int64_t> whole(sizes);
  const auto open = std::find(whole.begin(), whole.end(), -1);
  if (open != whole.end()) {
    *open = 1;
    const std::int64_t rest = Shape(whole).elements();
    if (elements % rest != 0) {
      fail_caller("reshape", fmt::format("{} elements do not divide into [{}]", elements, fmt::join(sizes, ", ")));
    }
    *open = elements / rest;
  }
  return Shape(whole);
}

}  // namespace

std::string_view name(DType dtype) {
  constexpr std::array<std::string_view, 5> names = {"f32", "f64", "i32", "i64", "boolean"};
  return names[static_cast<std::size_t>(dtype)];
}

std::size_t bytes_of(DType dtype) {
  return visit(dtype, [](auto tag) { return sizeof(typename decltype(tag)::type); });
}

void Tensor::set_shape(const Shape& shape) {
  shape_ = shape;
  std::int64_t stride = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    strides_[static_cast<std::size_t>(axis)] = stride;
    stride *= shape[axis];
  }
  elements_ = stride;
  contiguous_ = true;
}

void Tensor::set_contiguous() {
  std::int64_t expected = 1;
  contiguous_ = true;
  for (int axis = rank() - 1; axis >= 0 && contiguous_; --axis) {
    contiguous_ = size(axis) == 1 || stride(axis) == expected;
    expected *= size(axis);
  }
}

Tensor::Tensor(Shape shape, DType dtype) : dtype_(dtype) {
  set_shape(shape);
  storage_ = allocate(bytes());
  first_ = static_cast<std::byte*>(storage_.get());
}

Tensor Tensor::zeros(const Shape& shape, DType dtype) {
  return full(shape, 0, dtype);
}

Tensor Tensor::full(const Shape& shape, double value, DType dtype) {
  Tensor result(shape, dtype);
  result.fill(value);
  return result;
}

Tensor Tensor::range(std::int64_t n, DType dtype) {
  Tensor result({n}, dtype);
  visit(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t i = 0; i < n; ++i) result.data<T>()[i] = static_cast<T>(i);
  });
  return result;
}

template <typename T>
Tensor Tensor::from(std::span<const T> values, const Shape& shape) {
  if (static_cast<std::int64_t>(values.size()) != shape.elements()) {
    fail_caller("tensor", fmt::format("{} values do not fill {}", values.size(), shape.text()));
  }
  Tensor result(shape, dtype_of<T>);
  std::copy(values.begin(), values.end(), result.data<T>());
  return result;
}

template <typename T>
const T* Tensor::data() const {
  assert(dtype_ == dtype_of<T>);
  return reinterpret_cast<const T*>(first_);
}

template <typename T>
T* Tensor::data() {
  assert(dtype_ == dtype_of<T>);
  return reinterpret_cast<T*>(first_);
}

template <typename T>
std::span<const T> Tensor::span() const {
  assert(contiguous_);
  return {data<T>(), static_cast<std::size_t>(elements_)};
}

template <typename T>
std::span<T> Tensor::span() {
  assert(contiguous_);
  return {data<T>(), static_cast<std::size_t>(elements_)};
}

double Tensor::item() const {
  require_defined(*this, "item");
  if (elements_ != 1) fail_caller("item", fmt::format("{} has not exactly one element", text()));
  return at(0);
}

double Tensor::at(std::int64_t i) const {
  require_defined(*this, "at");
  if (i < 0 || i >= elements_) fail_caller("at", fmt::format("element {} is out of range for {}", i, text()));
  std::int64_t offset = 0;
  for (int axis = rank() - 1; axis >= 0; --axis) {
    offset += i % size(axis) * stride(axis);
    i /= size(axis);
  }
  return visit(dtype_, [&](auto tag) { return static_cast<double>(data<typename decltype(tag)::type>()[offset]); });
}

std::vector<double> Tensor::numbers() const {
  std::vector<double> result(static_cast<std::size_t>(elements_));
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = at(static_cast<std::int64_t>(i));
  return result;
}

Tensor Tensor::reshape(std::initializer_list<std::int64_t> sizes) const {
  require_defined(*this, "reshape");
  return reshape(completed(sizes, elements_));
}

Tensor Tensor::reshape(const Shape& shape) const {
  require_defined(*this, "reshape");
  if (shape.elements() != elements_) {
    fail_caller("reshape",
                fmt::format("{} has {} elements, {} has {}", text(), elements_, shape.text(), shape.elements()));
  }
  Tensor result = packed();
  result.set_shape(shape);
  return result;
}

Tensor Tensor::slice(int axis, std::int64_t begin, std::int64_t end) const {
  require_defined(*this, "slice");
  axis = shape_.axis(axis, "slice");
  if (begin < 0 || end > size(axis) || begin >= end) {
    fail_caller("slice", fmt::format("{} .. {} is empty or out of range for axis {} of {}", begin, end, axis, text()));
  }
  Tensor result = *this;
  result.first_ += begin * stride(axis) * static_cast<std::int64_t>(bytes_of(dtype_));
  result.shape_ = shape_.with(axis, end - begin);
  result.elements_ = result.shape_.elements();
  result.set_contiguous();
  return result;
}

Tensor Tensor::row(std::int64_t i) const {
  require_defined(*this, "row");
  Tensor result = slice(0, i, i + 1);
  result.shape_ = shape_.without(0);
  std::copy(strides_.begin() + 1, strides_.end(), result.strides_.begin());
  result.set_contiguous();
  return result;
}

Tensor Tensor::transpose(int a, int b) const {
  require_defined(*this, "transpose");
  std::array<int, Shape::kMaxRank> order{};
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[static_cast<std::size_t>(shape_.axis(a, "transpose"))],
            order[static_cast<std::size_t>(shape_.axis(b, "transpose"))]);
  return permute(std::span<const int>(order.data(), static_cast<std::size_t>(rank())));
}

Tensor Tensor::permute(std::span<const int> order) const {
  require_defined(*this, "permute");
  std::vector<bool> seen(static_cast<std::size_t>(rank()));
  bool fits = order.size() == seen.size();
  for (const int axis : order) {
    fits = fits && axis >= 0 && axis < rank() && !seen[static_cast<std::size_t>(axis)];
    if (fits) seen[static_cast<std::size_t>(axis)] = true;
  }
  if (!fits) {
    fail_caller("permute", fmt::format("[{}] is no order of the axes of {}", fmt::join(order, ", "), text()));
  }
  Tensor result = *this;
  std::vector<std::int64_t> sizes;
  for (std::size_t i = 0; i < order.size(); ++i) {
    sizes.push_back(size(order[i]));
    result.strides_[i] = stride(order[i]);
  }
  result.shape_ = Shape(sizes);
  result.set_contiguous();
  return result;
}

Tensor Tensor::broadcast_to(const Shape& shape) const {
  require_defined(*this, "broadcast_to");
  if (broadcast(shape_, shape, "broadcast_to") != shape) {
    fail_caller("broadcast_to", fmt::format("{} does not stretch to {}", text(), shape.text()));
  }
  Tensor result = *this;
  result.set_shape(shape);
  for (int axis = -1; axis >= -shape.rank(); --axis) {
    const bool stretched = -axis > rank() || size(axis) != shape[axis];
    result.strides_[static_cast<std::size_t>(axis + shape.rank())] = stretched ? 0 : stride(axis);
  }
  result.set_contiguous();
  return result;
}

Tensor Tensor::packed() const {
  return contiguous_ ? *this : clone();
}

Tensor Tensor::clone() const {
  require_defined(*this, "clone");
  Tensor result(shape_, dtype_);
  result.assign(*this);
  return result;
}

Tensor Tensor::to(DType dtype) const {
  require_defined(*this, "to");
  if (dtype == dtype_) return *this;
  Tensor result(shape_, dtype);
  result.assign(*this);
  return result;
}

std::string Tensor::text() const {
  return defined() ? fmt::format("{}{}", name(dtype_), shape_.text()) : "undefined";
}

#define TAMIS_INSTANTIATE(T)                                         \
  template Tensor Tensor::from<T>(std::span<const T>, const Shape&); \
  template const T* Tensor::data<T>() const;                         \
  template T* Tensor::data<T>();                                     \
  template std::span<const T> Tensor::span<T>() const;               \
  template std::span<T> Tensor::span<T>();
TAMIS_INSTANTIATE(float)
TAMIS_INSTANTIATE(double)
TAMIS_INSTANTIATE(std::int32_t)
TAMIS_INSTANTIATE(std::int64_t)
TAMIS_INSTANTIATE(bool)
#undef TAMIS_INSTANTIATE

void require_same_dtype(const Tensor& a, const Tensor& b, const char* op) {
  require_defined(a, op);
  require_defined(b, op);
  if (a.dtype() != b.dtype()) {
    fail_caller(op, fmt::format("lhs {}, rhs {}: dtypes differ; convert one with to()", a.text(), b.text()));
  }
}

void require_real(const Tensor& x, const char* op) {
  require_defined(x, op);
  if (x.dtype() != DType::f32 && x.dtype() != DType::f64) {
    fail_caller(op, fmt::format("{}: only f32 and f64; convert with to()", x.text()));
  }
}

}  // namespace tamis::engine
