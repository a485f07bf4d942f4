#include "tamis/engine/optim/clip.h"

#include <fmt/format.h>

#include <cmath>
#include <span>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/engine/optim/pieces.h"
#include "tamis/engine/tensor/reduce.h"

namespace tamis::optim {

using engine::DType;
using engine::Tensor;

namespace {

std::vector<std::int64_t> sizes_of(const std::vector<Tensor>& tensors) {
  std::vector<std::int64_t> sizes;
  for (const Tensor& tensor : tensors) sizes.push_back(tensor.defined() ? tensor.elements() : 0);
  return sizes;
}

void require_limit(double limit) {
  if (!(limit > 0)) fail_caller("clip", fmt::format("the limit is {}; it must be above 0", limit));
}

template <typename T>
void clip_span(std::span<T> values, double limit) {
  const T high = static_cast<T>(limit);
  // Written so that NaN stays NaN.
  for (T& value : values) value = value > high ? high : value < -high ? -high : value;
}

}  // namespace

double global_norm(const std::vector<Tensor>& gradients) {
  std::vector<Tensor> flat(gradients.size());
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i].defined()) continue;
    engine::require_real(gradients[i], "global_norm");
    flat[i] = gradients[i].reshape({-1});
  }
  const auto items = cut_into_items(sizes_of(gradients));
  std::vector<double> sums(items.size());
  parallel_for(items.size(), [&](std::size_t item) {
    for (const Piece& piece : items[item]) {
      sums[item] += engine::sum_of_squares(flat[piece.array].slice(0, piece.begin, piece.end));
    }
  });
  double total = 0;
  for (const double sum : sums) total += sum;
  return std::sqrt(total);
}

double clip_factor(double norm, double limit) {
  require_limit(limit);
  const double factor = limit / (norm + 1e-6);
  return factor > 1 ? 1 : factor;
}

void clip_values(std::vector<Tensor>& gradients, double limit) {
  require_limit(limit);
  for (Tensor& gradient : gradients) {
    if (!gradient.defined()) continue;
    engine::require_real(gradient, "clip_values");
    gradient = gradient.packed();
  }
  const auto items = cut_into_items(sizes_of(gradients));
  parallel_for(items.size(), [&](std::size_t item) {
    for (const Piece& piece : items[item]) {
      Tensor& gradient = gradients[piece.array];
      const auto begin = static_cast<std::size_t>(piece.begin), count = static_cast<std::size_t>(piece.end) - begin;
      if (gradient.dtype() == DType::f32) {
        clip_span(gradient.span<float>().subspan(begin, count), limit);
      } else {
        clip_span(gradient.span<double>().subspan(begin, count), limit);
      }
    }
  });
}

}  // namespace tamis::optim
