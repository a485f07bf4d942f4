#include "tamis/engine/tensor/reduce.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "tamis/base/error.h"
#include "tamis/engine/tensor/accumulate_f32.h"
#include "tamis/engine/tensor/visit.h"

namespace tamis::engine {

namespace {

/// A tensor as [outer, n, inner], of which the middle axis is reduced.
struct Cut {
  Tensor x;  ///< contiguous
  Shape result;
  std::int64_t outer = 1, n = 1, inner = 1;
};

Cut cut_at(const Tensor& x, int axis, bool keep, const char* op) {
  if (!x.defined()) fail_caller(op, "the tensor is undefined");
  if (x.dtype() == DType::boolean) fail_caller(op, x.text() + ": only numbers; convert with to()");
  axis = x.shape().axis(axis, op);
  Cut cut{x.packed(), keep ? x.shape().with(axis, 1) : x.shape().without(axis)};
  for (int a = 0; a < x.rank(); ++a) (a < axis ? cut.outer : a == axis ? cut.n : cut.inner) *= x.size(a);
  return cut;
}

/// All elements as one row.
Cut whole(const Tensor& x, const char* op) {
  if (!x.defined()) fail_caller(op, "the tensor is undefined");
  return cut_at(x.reshape({x.elements()}), 0, false, op);
}

constexpr std::int64_t kTile = 512;  // columns reduced side by side: their states stay in the nearest cache

/// The plain loop: state = first; for each of the n numbers state = step(state, number, k); y[k] = finish(state).
template <typename T, typename R, typename State, typename Step, typename Finish>
Tensor reduce(const Cut& cut, State first, const Step& step, const Finish& finish) {
  Tensor y(cut.result, dtype_of<R>);
  const T* const x = cut.x.data<T>();
  R* const to = y.data<R>();
  if (cut.inner == 1) {
    for (std::int64_t k = 0; k < cut.outer; ++k) {
      State state = first;
      for (std::int64_t i = 0; i < cut.n; ++i) state = step(state, x[k * cut.n + i], k);
      to[k] = finish(state);
    }
    return y;
  }
  State states[kTile];
  for (std::int64_t outer = 0; outer < cut.outer; ++outer) {
    for (std::int64_t begin = 0; begin < cut.inner; begin += kTile) {
      const std::int64_t columns = std::min(kTile, cut.inner - begin);
      const std::int64_t k = outer * cut.inner + begin;
      std::fill_n(states, columns, first);
      for (std::int64_t i = 0; i < cut.n; ++i) {
        const T* const row = x + (outer * cut.n + i) * cut.inner + begin;
        for (std::int64_t c = 0; c < columns; ++c) states[c] = step(states[c], row[c], k + c);
      }
      for (std::int64_t c = 0; c < columns; ++c) to[k + c] = finish(states[c]);
    }
  }
  return y;
}

/// Sums over the middle axis, times a factor.
Tensor sum_f32(const Cut& cut, double factor) {
  Tensor y(cut.result);
  const AccumulateLoops& loops = accumulate_loops();
  const float* const x = cut.x.data<float>();
  float* const to = y.data<float>();
  if (cut.inner == 1) {
    for (std::int64_t row = 0; row < cut.outer; ++row) {
      to[row] = static_cast<float>(loops.sum(x + row * cut.n, cut.n) * factor);
    }
    return y;
  }
  double totals[kTile];
  for (std::int64_t outer = 0; outer < cut.outer; ++outer) {
    for (std::int64_t begin = 0; begin < cut.inner; begin += kTile) {
      const std::int64_t columns = std::min(kTile, cut.inner - begin);
      std::fill_n(totals, columns, 0.0);
      loops.add_rows(totals, x + outer * cut.n * cut.inner + begin, cut.n, cut.inner, columns);
      float* const row = to + outer * cut.inner + begin;
      for (std::int64_t c = 0; c < columns; ++c) row[c] = static_cast<float>(totals[c] * factor);
    }
  }
  return y;
}

Tensor sum_of(const Cut& cut) {
  if (cut.x.dtype() == DType::f32) return sum_f32(cut, 1);
  return visit_number(cut.x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    // Integers wrap around, as unsigned ones do: overflow of signed ones is undefined.
    using State = std::conditional_t<std::is_integral_v<T>, std::uint64_t, double>;
    return reduce<T, T, State>(
        cut, State{}, [](State state, T v, std::int64_t) { return state + static_cast<State>(v); },
        [](State state) { return static_cast<T>(state); });
  });
}

Tensor mean_of(const Cut& cut) {
  require_real(cut.x, "mean");
  const auto n = static_cast<double>(cut.n);
  if (cut.x.dtype() == DType::f32) return sum_f32(cut, 1 / n);
  return reduce<double, double>(
      cut, 0.0, [](double state, double v, std::int64_t) { return state + v; },
      [n](double state) { return state / n; });
}

/// The number that no other is before; a NaN stays.
template <typename Before>
Tensor extreme(const Cut& cut, const Before& before) {
  return visit_number(cut.x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using Limits = std::numeric_limits<T>;
    const T low = Limits::has_infinity ? static_cast<T>(-Limits::infinity()) : Limits::lowest();
    const T high = Limits::has_infinity ? Limits::infinity() : Limits::max();
    return reduce<T, T>(
        cut, before(low, high) ? high : low,
        [&](T state, T v, std::int64_t) { return before(v, state) || v != v ? v : state; },
        [](T state) { return state; });
  });
}

Tensor norm_of(const Cut& cut) {
  require_real(cut.x, "norm");
  if (cut.x.dtype() == DType::f32 && cut.inner == 1) {
    Tensor y(cut.result);
    for (std::int64_t row = 0; row < cut.outer; ++row) {
      const double squares = accumulate_loops().sum_of_squares(cut.x.data<float>() + row * cut.n, cut.n);
      y.data<float>()[row] = static_cast<float>(std::sqrt(squares));
    }
    return y;
  }
  return visit_real(cut.x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    return reduce<T, T>(
        cut, 0.0, [](double state, T v, std::int64_t) { return state + static_cast<double>(v) * v; },
        [](double state) { return static_cast<T>(std::sqrt(state)); });
  });
}

}  // namespace

Tensor sum(const Tensor& x) {
  return sum_of(whole(x, "sum"));
}

Tensor sum(const Tensor& x, int axis, bool keep) {
  return sum_of(cut_at(x, axis, keep, "sum"));
}

Tensor mean(const Tensor& x) {
  return mean_of(whole(x, "mean"));
}

Tensor mean(const Tensor& x, int axis, bool keep) {
  return mean_of(cut_at(x, axis, keep, "mean"));
}

Tensor max(const Tensor& x) {
  return extreme(whole(x, "max"), std::greater<>());
}

Tensor max(const Tensor& x, int axis, bool keep) {
  return extreme(cut_at(x, axis, keep, "max"), std::greater<>());
}

Tensor min(const Tensor& x) {
  return extreme(whole(x, "min"), std::less<>());
}

Tensor min(const Tensor& x, int axis, bool keep) {
  return extreme(cut_at(x, axis, keep, "min"), std::less<>());
}

Tensor argmax(const Tensor& x, int axis) {
  const Cut cut = cut_at(x, axis, false, "argmax");
  return visit_number(cut.x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    struct State {
      T best;
      std::int64_t index, seen;
    };
    return reduce<T, std::int64_t>(
        cut, State{T{}, 0, 0},
        [](State state, T v, std::int64_t) {
          const bool better = state.seen == 0 || v > state.best || (v != v && state.best == state.best);
          return State{better ? v : state.best, better ? state.seen : state.index, state.seen + 1};
        },
        [](State state) { return state.index; });
  });
}

Tensor var(const Tensor& x, int axis, bool keep, int correction) {
  require_real(x, "var");
  const Cut cut = cut_at(x, axis, keep, "var");
  if (cut.n <= correction) {
    fail_caller("var", fmt::format("{} elements along axis {} of {} are too few for a correction of {}", cut.n, axis,
                                   x.text(), correction));
  }
  const auto n = static_cast<double>(cut.n);
  return visit_real(cut.x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Tensor means = reduce<T, double>(
        cut, 0.0, [](double state, T v, std::int64_t) { return state + v; }, [n](double state) { return state / n; });
    const double* const mean = means.data<double>();
    return reduce<T, T>(
        cut, 0.0, [mean](double state, T v, std::int64_t k) { return state + (v - mean[k]) * (v - mean[k]); },
        [&](double state) { return static_cast<T>(state / (n - correction)); });
  });
}

Tensor norm(const Tensor& x) {
  return norm_of(whole(x, "norm"));
}

Tensor norm(const Tensor& x, int axis, bool keep) {
  return norm_of(cut_at(x, axis, keep, "norm"));
}

double sum_of_squares(const Tensor& x) {
  const Cut cut = whole(x, "sum_of_squares");
  if (x.dtype() == DType::f32) return accumulate_loops().sum_of_squares(cut.x.data<float>(), x.elements());
  return visit_number(x.dtype(), [&](auto tag) {
    double total = 0;
    for (const auto v : cut.x.span<typename decltype(tag)::type>())
      total += static_cast<double>(v) * static_cast<double>(v);
    return total;
  });
}

}  // namespace tamis::engine
