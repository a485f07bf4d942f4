#include "tamis/engine/train/hand_rules.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

namespace tamis::train::hand {

namespace {

using Index = std::int64_t;

Index product(const Array::Sizes& sizes) {
  return sizes[0] * sizes[1] * sizes[2] * sizes[3];
}

bool inside(const Array& image, Index row, Index column) {
  return row >= 0 && row < image.size(1) && column >= 0 && column < image.size(2);
}

/// The output channels of a grouped convolution that see input channel c of group g / are made by group g.
struct Group {
  Index first_input, first_output, outputs;
};
Group group_of(Index group, const Array::Sizes& weight, Index groups) {
  const Index outputs = weight[0] / groups;
  return {group * weight[3], group * outputs, outputs};
}

}  // namespace

Array::Array(const Sizes& sizes) : sizes_(sizes), values_(static_cast<std::size_t>(product(sizes))) {}

Array::Array(const Sizes& sizes, std::vector<double> values) : sizes_(sizes), values_(std::move(values)) {
  assert(static_cast<Index>(values_.size()) == product(sizes));
}

Array::Sizes Array::sizes_of(const std::vector<Index>& axes) {
  Sizes sizes{1, 1, 1, 1};
  for (std::size_t axis = 0; axis < axes.size(); ++axis) sizes[std::min<std::size_t>(axis, 3)] *= axes[axis];
  return sizes;
}

Array dilate(const Array& g, const Placement& at) {
  Array dilated({g.size(0), (g.size(1) - 1) * at.stride_h + 1, (g.size(2) - 1) * at.stride_w + 1, g.size(3)});
  for (Index b = 0; b < g.size(0); ++b)
    for (Index i = 0; i < g.size(1); ++i)
      for (Index j = 0; j < g.size(2); ++j)
        for (Index o = 0; o < g.size(3); ++o) dilated(b, i * at.stride_h, j * at.stride_w, o) = g(b, i, j, o);
  return dilated;
}

Array conv_weight(const Array& g, const Array& x, const Array::Sizes& weight, const Placement& at) {
  const Array dilated = dilate(g, at);
  Array result(weight);
  const auto correlate = [&](Index o, Index u, Index v, Index c, Index channel) {
    double sum = 0;
    for (Index b = 0; b < x.size(0); ++b)
      for (Index p = 0; p < dilated.size(1); ++p)
        for (Index q = 0; q < dilated.size(2); ++q) {
          const Index row = p + u * at.dilation_h - at.top;
          const Index column = q + v * at.dilation_w - at.left;
          if (inside(x, row, column)) sum += x(b, row, column, channel) * dilated(b, p, q, o);
        }
    result(o, u, v, c) = sum;
  };
  for (Index k = 0; k < at.groups; ++k) {
    const Group group = group_of(k, weight, at.groups);
    for (Index o = group.first_output; o < group.first_output + group.outputs; ++o)
      for (Index u = 0; u < weight[1]; ++u)
        for (Index v = 0; v < weight[2]; ++v)
          for (Index c = 0; c < weight[3]; ++c) correlate(o, u, v, c, group.first_input + c);
  }
  return result;
}

Array conv_bias(const Array& g) {
  Array result({g.size(3), 1, 1, 1});
  for (Index b = 0; b < g.size(0); ++b)
    for (Index i = 0; i < g.size(1); ++i)
      for (Index j = 0; j < g.size(2); ++j)
        for (Index o = 0; o < g.size(3); ++o) result(o) += g(b, i, j, o);
  return result;
}

Array conv_input(const Array& g, const Array& weight, const Array::Sizes& x, const Placement& at) {
  const Array dilated = dilate(g, at);
  Array result(x);
  const auto convolve = [&](Index b, Index h, Index w, Index c, const Group& group) {
    double sum = 0;
    for (Index o = group.first_output; o < group.first_output + group.outputs; ++o)
      for (Index u = 0; u < weight.size(1); ++u)
        for (Index v = 0; v < weight.size(2); ++v) {
          const Index row = h + at.top - u * at.dilation_h;
          const Index column = w + at.left - v * at.dilation_w;
          if (inside(dilated, row, column)) sum += dilated(b, row, column, o) * weight(o, u, v, c);
        }
    result(b, h, w, group.first_input + c) = sum;
  };
  for (Index k = 0; k < at.groups; ++k) {
    const Group group = group_of(k, weight.sizes(), at.groups);
    for (Index b = 0; b < x[0]; ++b)
      for (Index h = 0; h < x[1]; ++h)
        for (Index w = 0; w < x[2]; ++w)
          for (Index c = 0; c < weight.size(3); ++c) convolve(b, h, w, c, group);
  }
  return result;
}

Array linear_weight(const Array& g, const Array& x) {
  Array result({g.size(1), x.size(1), 1, 1});
  for (Index b = 0; b < x.size(0); ++b)
    for (Index o = 0; o < g.size(1); ++o)
      for (Index i = 0; i < x.size(1); ++i) result(o, i) += g(b, o) * x(b, i);
  return result;
}

Array linear_bias(const Array& g) {
  Array result({g.size(1), 1, 1, 1});
  for (Index b = 0; b < g.size(0); ++b)
    for (Index o = 0; o < g.size(1); ++o) result(o) += g(b, o);
  return result;
}

Array linear_input(const Array& g, const Array& weight) {
  Array result({g.size(0), weight.size(1), 1, 1});
  for (Index b = 0; b < g.size(0); ++b)
    for (Index o = 0; o < weight.size(0); ++o)
      for (Index i = 0; i < weight.size(1); ++i) result(b, i) += g(b, o) * weight(o, i);
  return result;
}

Array relu_input(const Array& g, const Array& z) {
  std::vector<double> values(g.values());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!(z.values()[i] > 0)) values[i] = 0;
  }
  return {z.sizes(), std::move(values)};
}

Array max_pool_input(const Array& g, const Array& x, Index window_h, Index window_w, const Placement& at) {
  Array result(x.sizes());
  const auto route = [&](Index b, Index i, Index j, Index c) {
    Index largest_row = -1, largest_column = -1;
    for (Index u = 0; u < window_h; ++u)
      for (Index v = 0; v < window_w; ++v) {
        const Index row = i * at.stride_h + u - at.top;
        const Index column = j * at.stride_w + v - at.left;
        if (!inside(x, row, column)) continue;
        if (largest_row >= 0 && !(x(b, row, column, c) > x(b, largest_row, largest_column, c))) continue;
        largest_row = row;
        largest_column = column;
      }
    result(b, largest_row, largest_column, c) += g(b, i, j, c);
  };
  for (Index b = 0; b < g.size(0); ++b)
    for (Index i = 0; i < g.size(1); ++i)
      for (Index j = 0; j < g.size(2); ++j)
        for (Index c = 0; c < g.size(3); ++c) route(b, i, j, c);
  return result;
}

Array softmax_cross_entropy_input(const Array& z, const Array& y, double weight) {
  Array result(z.sizes());
  for (Index b = 0; b < z.size(0); ++b) {
    double largest = z(b, 0);
    for (Index k = 0; k < z.size(1); ++k) largest = std::max(largest, z(b, k));
    double exponentials = 0, labels = 0;
    for (Index k = 0; k < z.size(1); ++k) {
      exponentials += std::exp(z(b, k) - largest);
      labels += y(b, k);
    }
    for (Index k = 0; k < z.size(1); ++k) {
      const double a = std::exp(z(b, k) - largest) / exponentials;
      result(b, k) = weight * (a * labels - y(b, k));
    }
  }
  return result;
}

}  // namespace tamis::train::hand
