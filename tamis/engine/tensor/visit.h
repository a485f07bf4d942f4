#pragma once

#include <type_traits>

#include "tamis/engine/tensor/tensor.h"

namespace tamis::engine {

/// Calls f(std::type_identity<T>{}) with the C++ type T of a dtype: `[&](auto tag) { using T = typename decltype(tag)
/// ::type; … }`.
template <typename F>
decltype(auto) visit(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f64:
      return f(std::type_identity<double>{});
    case DType::i32:
      return f(std::type_identity<std::int32_t>{});
    case DType::i64:
      return f(std::type_identity<std::int64_t>{});
    case DType::boolean:
      return f(std::type_identity<bool>{});
    case DType::f32:
      break;
  }
  return f(std::type_identity<float>{});
}

/// The same for f32 and f64 alone: after require_real().
template <typename F>
decltype(auto) visit_real(DType dtype, F&& f) {
  if (dtype == DType::f64) return f(std::type_identity<double>{});
  return f(std::type_identity<float>{});
}

/// The same for all but boolean.
template <typename F>
decltype(auto) visit_number(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f64:
      return f(std::type_identity<double>{});
    case DType::i32:
      return f(std::type_identity<std::int32_t>{});
    case DType::i64:
      return f(std::type_identity<std::int64_t>{});
    case DType::f32:
    case DType::boolean:
      break;
  }
  return f(std::type_identity<float>{});
}

/// The same for i32 and i64 alone: indices, once they have been checked to be integers.
template <typename F>
decltype(auto) visit_index(DType dtype, F&& f) {
  if (dtype == DType::i32) return f(std::type_identity<std::int32_t>{});
  return f(std::type_identity<std::int64_t>{});
}

}  // namespace tamis::engine
