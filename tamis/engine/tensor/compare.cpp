#include <functional>

#include "tamis/base/error.h"
#include "tamis/engine/tensor/elementwise.h"
#include "tamis/engine/tensor/elementwise_loops.h"

namespace tamis::engine {

namespace {

template <typename F>
Tensor compare(const char* name, const Tensor& a, const Tensor& b, const F& f) {
  require_same_dtype(a, b, name);
  const Shape shape = broadcast(a.shape(), b.shape(), name);
  return visit(a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    return zip<T, bool>(a, b, shape, f);
  });
}

}  // namespace

Tensor equal(const Tensor& a, const Tensor& b) {
  return compare("equal", a, b, std::equal_to<>());
}

Tensor less(const Tensor& a, const Tensor& b) {
  return compare("less", a, b, std::less<>());
}

Tensor greater(const Tensor& a, const Tensor& b) {
  return compare("greater", a, b, std::greater<>());
}

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  require_same_dtype(a, b, "where");
  if (!condition.defined() || condition.dtype() != DType::boolean) {
    fail_caller("where", "condition " + condition.text() + ": must be boolean");
  }
  const Shape shape = broadcast(condition.shape(), broadcast(a.shape(), b.shape(), "where"), "where");
  Tensor y(shape, a.dtype());
  const auto walk = walk_over<3>(shape, {&condition, &a, &b});
  visit(a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = y.data<T>();
    for_rows(walk, [&](const auto& at) {
      const bool* const holds = condition.data<bool>() + at[0];
      const T* const of_a = a.data<T>() + at[1];
      const T* const of_b = b.data<T>() + at[2];
      for (std::int64_t i = 0; i < walk.inner_size(); ++i) {
        const T* const chosen =
            holds[i * walk.inner_stride(0)] ? of_a + i * walk.inner_stride(1) : of_b + i * walk.inner_stride(2);
        *to++ = *chosen;
      }
    });
  });
  return y;
}

}  // namespace tamis::engine
