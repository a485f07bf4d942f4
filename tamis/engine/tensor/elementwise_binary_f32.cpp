#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tamis/engine/tensor/elementwise_binary_f32.cpp"
#include "tamis/engine/tensor/simd_targets.h"
// The targets must be known before Highway's headers.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "tamis/engine/tensor/elementwise_f32.h"
#include "tamis/engine/tensor/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tamis::engine::HWY_NAMESPACE {
namespace {

struct Add {
  HWY_INLINE Vector operator()(Vector a, Vector b, Numbers) const { return hn::Add(a, b); }
};
struct Sub {
  HWY_INLINE Vector operator()(Vector a, Vector b, Numbers) const { return hn::Sub(a, b); }
};
struct Mul {
  HWY_INLINE Vector operator()(Vector a, Vector b, Numbers) const { return hn::Mul(a, b); }
};
struct Div {
  HWY_INLINE Vector operator()(Vector a, Vector b, Numbers) const { return hn::Div(a, b); }
};
struct Minimum {  // a NaN on either side is the result
  HWY_INLINE Vector operator()(Vector a, Vector b, Numbers) const {
    return hn::IfThenElse(hn::Or(hn::Le(a, b), hn::IsNaN(a)), a, b);
  }
};
struct Maximum {
  HWY_INLINE Vector operator()(Vector a, Vector b, Numbers) const {
    return hn::IfThenElse(hn::Or(hn::Ge(a, b), hn::IsNaN(a)), a, b);
  }
};
struct TanhBackward {
  HWY_INLINE Vector operator()(Vector g, Vector y, Numbers) const {
    return hn::Mul(g, hn::NegMulAdd(y, y, constant(1)));
  }
};
struct SigmoidBackward {
  HWY_INLINE Vector operator()(Vector g, Vector y, Numbers) const {
    return hn::Mul(g, hn::Mul(y, hn::Sub(constant(1), y)));
  }
};
struct ReluBackward {
  HWY_INLINE Vector operator()(Vector g, Vector y, Numbers) const {
    return hn::IfThenElseZero(hn::Gt(y, hn::Zero(kLanes)), g);
  }
};
struct LeakyReluBackward {
  HWY_INLINE Vector operator()(Vector g, Vector x, Numbers numbers) const {
    return hn::IfThenElse(hn::Gt(x, hn::Zero(kLanes)), g, hn::Mul(g, hn::Set(kLanes, numbers.first)));
  }
};
struct GeluBackward {  // Phi(x) + x phi(x)
  HWY_INLINE Vector operator()(Vector g, Vector x, Numbers) const {
    const Normal normal = normal_of(x);
    const Vector density = hn::Mul(normal.exponential, constant(0.3989422804014327));
    return hn::Mul(g, hn::MulAdd(x, density, normal.distribution));
  }
};
struct GeluTanhBackward {  // with y = x s(z), s the sigmoid, z = 2 sqrt(2/pi) (x + 0.044715 x^3): s + x s (1 - s) z'
  HWY_INLINE Vector operator()(Vector g, Vector x, Numbers) const {
    const Vector square = hn::Mul(x, x);
    const Vector slope = hn::MulAdd(square, constant(3 * 1.5957691216057308 * 0.044715), constant(1.5957691216057308));
    const Logistic s = logistic_of(
        hn::Mul(x, hn::MulAdd(square, constant(1.5957691216057308 * 0.044715), constant(1.5957691216057308))));
    const Vector bent = hn::Mul(hn::Mul(x, slope), s.rest);
    return hn::Mul(g, hn::MulAdd(s.value, bent, s.value));
  }
};
struct ClipBackward {
  HWY_INLINE Vector operator()(Vector g, Vector x, Numbers numbers) const {
    const auto inside = hn::And(hn::Ge(x, hn::Set(kLanes, numbers.first)), hn::Le(x, hn::Set(kLanes, numbers.second)));
    return hn::IfThenElseZero(inside, g);
  }
};

/// Consecutive elements, or one element again and again.
template <bool kMoves>
HWY_INLINE Vector operand(const float* at, std::int64_t i) {
  if constexpr (kMoves) return hn::LoadU(kLanes, at + i);
  return hn::Set(kLanes, *at);
}

template <typename Op, bool kAMoves, bool kBMoves>
HWY_INLINE void run_moving(const float* a, const float* b, float* y, std::int64_t n, Numbers numbers) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(kLanes));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(Op{}(operand<kAMoves>(a, i), operand<kBMoves>(b, i), numbers), kLanes, y + i);
  }
  if (i == n) return;
  const Vector rest_a = kAMoves ? load_rest(a + i, n - i) : hn::Set(kLanes, *a);
  const Vector rest_b = kBMoves ? load_rest(b + i, n - i) : hn::Set(kLanes, *b);
  store_rest(Op{}(rest_a, rest_b, numbers), y + i, n - i);
}

template <typename Op>
void run(const float* a, std::int64_t a_step, const float* b, std::int64_t b_step, float* y, std::int64_t n,
         Numbers numbers) {
  if (a_step != 0 && b_step != 0) {
    run_moving<Op, true, true>(a, b, y, n, numbers);
  } else if (a_step != 0) {
    run_moving<Op, true, false>(a, b, y, n, numbers);
  } else {
    run_moving<Op, false, true>(a, b, y, b_step != 0 ? n : 0, numbers);
    if (b_step == 0) {
      for (std::int64_t i = 0; i < n; ++i) run_moving<Op, true, true>(a, b, y + i, 1, numbers);
    }
  }
}

BinaryLoop binary_of_target(Binary op) {
  switch (op) {
    case Binary::add:
      return run<Add>;
    case Binary::sub:
      return run<Sub>;
    case Binary::mul:
      return run<Mul>;
    case Binary::div:
      return run<Div>;
    case Binary::minimum:
      return run<Minimum>;
    case Binary::maximum:
      return run<Maximum>;
    case Binary::tanh_backward:
      return run<TanhBackward>;
    case Binary::sigmoid_backward:
      return run<SigmoidBackward>;
    case Binary::relu_backward:
      return run<ReluBackward>;
    case Binary::leaky_relu_backward:
      return run<LeakyReluBackward>;
    case Binary::gelu_backward:
      return run<GeluBackward>;
    case Binary::gelu_tanh_backward:
      return run<GeluTanhBackward>;
    case Binary::clip_backward:
      break;
  }
  return run<ClipBackward>;
}

}  // namespace
}  // namespace tamis::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tamis::engine {

HWY_EXPORT(binary_of_target);

BinaryLoop binary_loop(Binary op) {
  return HWY_DYNAMIC_DISPATCH(binary_of_target)(op);
}

}  // namespace tamis::engine
#endif
