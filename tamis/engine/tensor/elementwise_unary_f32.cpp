#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tamis/engine/tensor/elementwise_unary_f32.cpp"
#include "tamis/engine/tensor/simd_targets.h"
// The targets must be known before Highway's headers.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "hwy/contrib/math/math-inl.h"
#include "tamis/engine/tensor/elementwise_f32.h"
#include "tamis/engine/tensor/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tamis::engine::HWY_NAMESPACE {
namespace {

struct Neg {
  HWY_INLINE Vector operator()(Vector x, Numbers) const { return hn::Neg(x); }
};
struct Abs {
  HWY_INLINE Vector operator()(Vector x, Numbers) const { return hn::Abs(x); }
};
struct Square {
  HWY_INLINE Vector operator()(Vector x, Numbers) const { return hn::Mul(x, x); }
};
struct Exp {
  HWY_INLINE Vector operator()(Vector x, Numbers) const { return exp_of(x); }
};
struct Log {
  HWY_INLINE Vector operator()(Vector x, Numbers) const {
    const Vector infinity = hn::Inf(kLanes);
    // Highway's Log is made for finite positive numbers: the others are put in place afterwards.
    Vector y = hn::Log(kLanes, x);
    y = hn::IfThenElse(hn::Eq(x, infinity), infinity, y);
    y = hn::IfThenElse(hn::Eq(x, hn::Zero(kLanes)), hn::Neg(infinity), y);
    return hn::IfThenElse(hn::Ge(x, hn::Zero(kLanes)), y, hn::NaN(kLanes));
  }
};
struct Sqrt {
  HWY_INLINE Vector operator()(Vector x, Numbers) const { return hn::Sqrt(x); }
};
struct Tanh {
  HWY_INLINE Vector operator()(Vector x, Numbers) const { return tanh_of(x); }
};
struct Sigmoid {
  HWY_INLINE Vector operator()(Vector x, Numbers) const { return logistic_of(x).value; }
};
struct Softplus {
  HWY_INLINE Vector operator()(Vector x, Numbers) const {
    const Vector above = hn::IfThenZeroElse(hn::Lt(x, hn::Zero(kLanes)), x);  // NaN stays
    return hn::Add(above, hn::Log1p(kLanes, exp_of_negative(hn::Neg(hn::Abs(x)))));
  }
};
struct Relu {
  HWY_INLINE Vector operator()(Vector x, Numbers) const { return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(kLanes)), x); }
};
struct LeakyRelu {
  HWY_INLINE Vector operator()(Vector x, Numbers numbers) const {
    return hn::IfThenElse(hn::Gt(x, hn::Zero(kLanes)), x, hn::Mul(x, hn::Set(kLanes, numbers.first)));
  }
};
struct Gelu {
  HWY_INLINE Vector operator()(Vector x, Numbers) const { return hn::Mul(x, normal_of(x).distribution); }
};
struct GeluTanh {
  // 0.5 (1 + tanh(z)) = sigmoid(2z), which keeps the digits of the far left tail.
  HWY_INLINE Vector operator()(Vector x, Numbers) const {
    const Vector cubic =
        hn::MulAdd(hn::Mul(x, x), constant(1.5957691216057308 * 0.044715), constant(1.5957691216057308));
    return hn::Mul(x, logistic_of(hn::Mul(x, cubic)).value);
  }
};
struct Clip {
  HWY_INLINE Vector operator()(Vector x, Numbers numbers) const {
    const Vector low = hn::Set(kLanes, numbers.first);
    const Vector high = hn::Set(kLanes, numbers.second);
    const Vector y = hn::IfThenElse(hn::Lt(x, low), low, x);
    return hn::IfThenElse(hn::Gt(y, high), high, y);
  }
};
struct Sign {
  HWY_INLINE Vector operator()(Vector x, Numbers) const {
    const Vector zero = hn::Zero(kLanes);
    const Vector ones = hn::CopySign(constant(1), x);
    return hn::IfThenElse(hn::Or(hn::Gt(x, zero), hn::Lt(x, zero)), ones, x);  // NaN stays
  }
};
struct Plus {
  HWY_INLINE Vector operator()(Vector x, Numbers numbers) const { return hn::Add(x, hn::Set(kLanes, numbers.first)); }
};
struct Times {
  HWY_INLINE Vector operator()(Vector x, Numbers numbers) const { return hn::Mul(x, hn::Set(kLanes, numbers.first)); }
};

template <typename Op>
void run(const float* x, float* y, std::int64_t n, Numbers numbers) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(kLanes));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(Op{}(hn::LoadU(kLanes, x + i), numbers), kLanes, y + i);
  if (i < n) store_rest(Op{}(load_rest(x + i, n - i), numbers), y + i, n - i);
}

UnaryLoop unary_of_target(Unary op) {
  switch (op) {
    case Unary::neg:
      return run<Neg>;
    case Unary::abs:
      return run<Abs>;
    case Unary::square:
      return run<Square>;
    case Unary::exp:
      return run<Exp>;
    case Unary::log:
      return run<Log>;
    case Unary::sqrt:
      return run<Sqrt>;
    case Unary::tanh:
      return run<Tanh>;
    case Unary::sigmoid:
      return run<Sigmoid>;
    case Unary::softplus:
      return run<Softplus>;
    case Unary::relu:
      return run<Relu>;
    case Unary::leaky_relu:
      return run<LeakyRelu>;
    case Unary::gelu:
      return run<Gelu>;
    case Unary::gelu_tanh:
      return run<GeluTanh>;
    case Unary::clip:
      return run<Clip>;
    case Unary::sign:
      return run<Sign>;
    case Unary::plus:
      return run<Plus>;
    case Unary::times:
      break;
  }
  return run<Times>;
}

}  // namespace
}  // namespace tamis::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tamis::engine {

HWY_EXPORT(unary_of_target);

UnaryLoop unary_loop(Unary op) {
  return HWY_DYNAMIC_DISPATCH(unary_of_target)(op);
}

}  // namespace tamis::engine
#endif
