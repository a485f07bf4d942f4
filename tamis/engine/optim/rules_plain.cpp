#include <cmath>

#include "tamis/engine/optim/rules.h"

namespace tamis::optim {

namespace {

template <typename T>
T square_root(T x) {
  return std::sqrt(x);
}

template <typename T>
T at_least_zero(T x) {
  return x < 0 ? T(0) : x;
}

#include "tamis/engine/optim/rules-inl.h"

/// One number at a time.
template <typename T>
struct PlainLane {
  using Number = T;
  static constexpr std::size_t width() { return 1; }
  static T load(const T* from) { return *from; }
  static void store(T x, T* to) { *to = x; }
  static Constants<T> constants(const StepConstants& c) {
    return broadcast_constants<T>(c, [](double value) { return static_cast<T>(value); });
  }
};

template <typename T>
struct PlainVisit {
  const StepConstants& constants;
  const Stretch<T>& stretch;
  template <class Rule>
  void run() const {
    sweep<Rule>(PlainLane<T>{}, constants, stretch, 0, stretch.count);
  }
};

}  // namespace

template <typename T>
void apply_plain(const Settings& settings, const StepConstants& constants, const Stretch<T>& stretch) {
  visit_rule(settings, PlainVisit<T>{constants, stretch});
}

template void apply_plain(const Settings&, const StepConstants&, const Stretch<float>&);
template void apply_plain(const Settings&, const StepConstants&, const Stretch<double>&);

}  // namespace tamis::optim
