#include "tamis/engine/train/sequence_mean.h"

#include <fmt/format.h>

#include "tamis/base/error.h"
#include "tamis/engine/tensor/visit.h"

namespace tamis::train {

using engine::Shape;
using engine::Tensor;
using nn::Variable;

namespace {

void require_offsets(const Tensor& offsets, std::int64_t tokens) {
  if (!offsets.defined() || offsets.rank() != 1 || offsets.size(0) < 2 || offsets.dtype() != engine::DType::i32) {
    fail_caller("sequence_mean", "needs the offsets of packed sequences, i32 [B + 1]");
  }
  const auto at = offsets.span<std::int32_t>();
  bool fits = at.front() == 0 && at.back() == tokens;
  for (std::size_t b = 1; b < at.size(); ++b) fits = fits && at[b] > at[b - 1];
  if (!fits) fail_caller("sequence_mean", fmt::format("the offsets do not cut {} tokens into sequences", tokens));
}

/// y[b] = mean of x's rows of sequence b, or, `spread`, x's rows of sequence b = y[b] / length.
template <typename T, bool spread>
void means(std::conditional_t<spread, std::span<T>, std::span<const T>> x,
           std::conditional_t<spread, std::span<const T>, std::span<T>> y, std::span<const std::int32_t> offsets,
           std::size_t width) {
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    const auto begin = static_cast<std::size_t>(offsets[b]), end = static_cast<std::size_t>(offsets[b + 1]);
    const T share = T{1} / static_cast<T>(end - begin);
    for (std::size_t t = begin; t < end; ++t) {
      for (std::size_t c = 0; c < width; ++c) {
        if constexpr (spread) {
          x[t * width + c] = y[b * width + c] * share;
        } else {
          y[b * width + c] += x[t * width + c] * share;
        }
      }
    }
  }
}

}  // namespace

Shape SequenceMean::output_shape(const Shape& x) const {
  if (x.rank() != 2) fail_caller("sequence_mean", fmt::format("x {} is not [T, C]", x.text()));
  return {1, x[1]};
}

nn::Layer::Memory SequenceMean::memory(const nn::Extent& x, bool) const {
  const std::int64_t sequences = x.offsets.defined() ? x.offsets.elements() - 1 : 1;
  const std::int64_t y = sequences * x.shape[1] * 4;
  return {.kept = y, .transient = 0, .walk = y + x.shape.elements() * 4, .output = y};
}

Variable SequenceMean::compute(const Variable& x, nn::Pass& pass) {
  const Tensor values = x.value().packed(), offsets = pass.offsets;
  const Shape shape = x.shape();
  output_shape(shape);
  require_offsets(offsets, shape[0]);
  const auto width = static_cast<std::size_t>(shape[1]);
  Tensor y = Tensor::zeros({offsets.elements() - 1, shape[1]}, values.dtype());
  engine::visit_real(values.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    means<T, false>(values.span<T>(), y.span<T>(), offsets.span<std::int32_t>(), width);
  });
  return engine::record("sequence_mean", y, {x}, [offsets, shape, width](const Tensor& g, engine::Sink& sink) {
    const Tensor from = g.packed();
    Tensor dx(shape, g.dtype());
    engine::visit_real(g.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      means<T, true>(dx.span<T>(), from.span<T>(), offsets.span<std::int32_t>(), width);
    });
    sink.add(0, dx);
  });
}

}  // namespace tamis::train
