// Vectors without a size at compile time cannot be members of a struct, as they are here.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tamis/engine/optim/rules_fast.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "tamis/engine/optim/rules.h"

HWY_BEFORE_NAMESPACE();
namespace tamis::optim::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// A vector that adds and multiplies like a number.
template <class D>
struct Lanes {
  hn::Vec<D> v;
};
template <class D>
HWY_INLINE Lanes<D> operator+(Lanes<D> a, Lanes<D> b) {
  return {hn::Add(a.v, b.v)};
}
template <class D>
HWY_INLINE Lanes<D> operator-(Lanes<D> a, Lanes<D> b) {
  return {hn::Sub(a.v, b.v)};
}
template <class D>
HWY_INLINE Lanes<D> operator*(Lanes<D> a, Lanes<D> b) {
  return {hn::Mul(a.v, b.v)};
}
template <class D>
HWY_INLINE Lanes<D> operator/(Lanes<D> a, Lanes<D> b) {
  return {hn::Div(a.v, b.v)};
}
template <class D>
HWY_INLINE Lanes<D> square_root(Lanes<D> x) {
  return {hn::Sqrt(x.v)};
}
template <class D>
HWY_INLINE Lanes<D> at_least_zero(Lanes<D> x) {
  // Not Max, which may turn NaN into 0.
  return {hn::IfThenZeroElse(hn::Lt(x.v, hn::Zero(D())), x.v)};
}

#include "tamis/engine/optim/rules-inl.h"

template <class D>
struct Broadcast {
  Lanes<D> operator()(double value) const { return {hn::Set(D(), static_cast<float>(value))}; }
};

template <class D>
struct VectorLane {
  using Number = Lanes<D>;
  static std::size_t width() { return hn::Lanes(D()); }
  static Number load(const float* from) { return {hn::LoadU(D(), from)}; }
  static void store(Number x, float* to) { hn::StoreU(x.v, D(), to); }
  static Constants<Number> constants(const StepConstants& c) { return broadcast_constants<Number>(c, Broadcast<D>{}); }
};

struct Visit {
  const StepConstants& constants;
  const Stretch<float>& stretch;
  template <class Rule>
  void run() const {
    const VectorLane<hn::ScalableTag<float>> wide;
    const VectorLane<hn::CappedTag<float, 1>> single;
    const std::size_t whole = stretch.count - stretch.count % wide.width();
    sweep<Rule>(wide, constants, stretch, 0, whole);
    sweep<Rule>(single, constants, stretch, whole, stretch.count);
  }
};

void apply(const Settings& settings, const StepConstants& constants, const Stretch<float>& stretch) {
  visit_rule(settings, Visit{constants, stretch});
}

}  // namespace
}  // namespace tamis::optim::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tamis::optim {

HWY_EXPORT(apply);

void apply_fast(const Settings& settings, const StepConstants& constants, const Stretch<float>& stretch) {
  HWY_DYNAMIC_DISPATCH(apply)(settings, constants, stretch);
}

}  // namespace tamis::optim
#endif
