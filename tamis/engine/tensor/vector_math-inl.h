// Functions of f32 vectors, compiled once for every instruction set: included after hwy/highway.h, once a target.
#if defined(TAMIS_VECTOR_MATH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TAMIS_VECTOR_MATH_INL_H
#undef TAMIS_VECTOR_MATH_INL_H
#else
#define TAMIS_VECTOR_MATH_INL_H
#endif

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace tamis::engine::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Lanes = hn::ScalableTag<float>;
using Vector = hn::Vec<Lanes>;

inline constexpr Lanes kLanes;

HWY_INLINE Vector constant(double value) {
  return hn::Set(kLanes, static_cast<float>(value));
}

/// The last n < Lanes() numbers of a row, filled up; and back.
HWY_INLINE Vector load_rest(const float* x, std::int64_t n, float filling = 0) {
  HWY_ALIGN float lanes[hn::MaxLanes(kLanes)];
  hn::Store(hn::Set(kLanes, filling), kLanes, lanes);
  for (std::int64_t i = 0; i < n; ++i) lanes[i] = x[i];
  return hn::Load(kLanes, lanes);
}
HWY_INLINE void store_rest(Vector v, float* y, std::int64_t n) {
  HWY_ALIGN float lanes[hn::MaxLanes(kLanes)];
  hn::Store(v, kLanes, lanes);
  for (std::int64_t i = 0; i < n; ++i) y[i] = lanes[i];
}

/// c0 + x (c1 + x (c2 + …)).
HWY_INLINE Vector polynomial(Vector, double c0) {
  return constant(c0);
}
template <typename... Rest>
HWY_INLINE Vector polynomial(Vector x, double c0, Rest... rest) {
  return hn::MulAdd(x, polynomial(x, rest...), constant(c0));
}

/// 2^n for whole numbers n in [-126, 127].
HWY_INLINE Vector power_of_two(hn::Vec<hn::RebindToSigned<Lanes>> n) {
  const hn::RebindToSigned<Lanes> integers;
  return hn::BitCast(kLanes, hn::ShiftLeft<23>(hn::Add(n, hn::Set(integers, 127))));
}

/// e^x = 2^n e^r with n whole and |r| <= ln(2) / 2; ln(2) comes in two parts, the first with few digits, so that r is
/// exact. The polynomial (minimax on that interval) is wrong by at most 3e-9 relative.
struct ExpParts {
  Vector power;  ///< n
  Vector rest;   ///< e^r
};
HWY_INLINE ExpParts exp_parts(Vector x) {
  const Vector n = hn::Round(hn::Mul(x, constant(1.4426950408889634)));
  Vector r = hn::NegMulAdd(n, constant(0.693359375), x);
  r = hn::NegMulAdd(n, constant(-2.12194440054690583e-4), r);
  const Vector p = polynomial(r, 0.4999999344579295, 0.16666520667304538, 0.04166838938572978, 0.008368713546438596,
                              0.0013814482016227467);
  return {n, hn::Add(constant(1), hn::MulAdd(hn::Mul(r, r), p, r))};
}

/// e^x for x <= 0. Below the smallest normal number it is 0. NaN stays NaN.
HWY_INLINE Vector exp_of_negative(Vector x) {
  const hn::RebindToSigned<Lanes> integers;
  const ExpParts parts = exp_parts(x);
  const Vector y = hn::Mul(parts.rest, power_of_two(hn::ConvertTo(integers, parts.power)));
  return hn::IfThenZeroElse(hn::Lt(x, constant(-87.336544)), y);
}

/// e^x for any x; the power of two is applied in two steps, for its ends are beyond a float's exponent.
HWY_INLINE Vector exp_of(Vector x) {
  const hn::RebindToSigned<Lanes> integers;
  const Vector inside = hn::Min(hn::Max(x, constant(-104)), constant(89));
  const ExpParts parts = exp_parts(inside);
  const auto n = hn::ConvertTo(integers, parts.power);
  const auto half = hn::ShiftRight<1>(n);
  const Vector y = hn::Mul(hn::Mul(parts.rest, power_of_two(half)), power_of_two(hn::Sub(n, half)));
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}

/// Near 0 a minimax polynomial in x^2 (5e-9 relative), elsewhere from e^(-2|x|).
HWY_INLINE Vector tanh_of(Vector x) {
  const Vector size = hn::Abs(x);
  const Vector square = hn::Mul(x, x);
  const Vector p = polynomial(square, -0.3333327804249552, 0.13331330529703117, -0.05372996473148122,
                              0.020606029188394194, -0.005666803034090802);
  const Vector small = hn::MulAdd(hn::Mul(x, square), p, x);
  const Vector e = exp_of_negative(hn::Mul(size, constant(-2)));
  const Vector large = hn::CopySign(hn::Div(hn::Sub(constant(1), e), hn::Add(constant(1), e)), x);
  return hn::IfThenElse(hn::Gt(size, constant(0.625)), hn::IfThenElse(hn::IsNaN(x), x, large), small);
}

/// The logistic function s(x), and 1 - s(x) with all its digits.
struct Logistic {
  Vector value;
  Vector rest;
};
HWY_INLINE Logistic logistic_of(Vector x) {
  const Vector e = exp_of_negative(hn::Neg(hn::Abs(x)));
  const Vector near_one = hn::Div(constant(1), hn::Add(constant(1), e));
  const Vector near_zero = hn::Mul(e, near_one);
  const auto left = hn::Lt(x, hn::Zero(kLanes));
  return {hn::IfThenElse(left, near_zero, near_one), hn::IfThenElse(left, near_one, near_zero)};
}

/// The normal distribution at x: Phi(x) and its density. With u = |x|, Phi(-u) = e^(-u^2 / 2) R(u), where R is smooth
/// and slow: a minimax polynomial in t = 1 / (1 + 0.3 u), wrong by at most 1.5e-7 relative, so far tails keep their
/// digits. The form is that of Abramowitz and Stegun, 7.1.26.
struct Normal {
  Vector distribution;
  Vector exponential;  ///< e^(-x^2 / 2) = density sqrt(2 pi)
};
HWY_INLINE Normal normal_of(Vector x) {
  const Vector t = hn::Div(constant(1), hn::MulAdd(hn::Abs(x), constant(0.3), constant(1)));
  const Vector r = polynomial(t, 0.11962930024654023, 0.12075393918601085, 0.09991356847148512, 0.1285614615929742,
                              -0.05368348144273321, 0.20635347756889155, -0.1572032462099147, 0.03567480783697409);
  const Vector e = exp_of_negative(hn::Mul(hn::Mul(x, x), constant(-0.5)));
  const Vector tail = hn::Mul(hn::Mul(t, r), e);
  return {hn::IfThenElse(hn::Lt(x, hn::Zero(kLanes)), tail, hn::Sub(constant(1), tail)), e};
}

}  // namespace tamis::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
