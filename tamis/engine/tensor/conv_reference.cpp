#include <algorithm>

#include "tamis/engine/tensor/conv_kernels.h"

// The definition in code: what the fast kernels are tested against.
namespace tamis::engine {

namespace {

/// Calls body(output pixel, input pixel, tap) for every output pixel and every tap of the kernel that falls inside the
/// image. Pixels are counted over the batch, taps over the kernel, row by row.
template <typename Body>
void for_taps(const ConvSizes& s, const Body& body) {
  for (std::int64_t b = 0; b < s.batch; ++b) {
    for (std::int64_t i = 0; i < s.out_h; ++i) {
      for (std::int64_t j = 0; j < s.out_w; ++j) {
        for (std::int64_t u = 0; u < s.kernel_h; ++u) {
          const std::int64_t row = i * s.stride_h + u * s.dilation_h - s.top;
          if (row < 0 || row >= s.in_h) continue;
          for (std::int64_t v = 0; v < s.kernel_w; ++v) {
            const std::int64_t column = j * s.stride_w + v * s.dilation_w - s.left;
            if (column < 0 || column >= s.in_w) continue;
            body((b * s.out_h + i) * s.out_w + j, (b * s.in_h + row) * s.in_w + column, u * s.kernel_w + v);
          }
        }
      }
    }
  }
}

/// Where the channels that a filter sees begin, in the input pixel and in the filter's tap.
struct Seen {
  std::int64_t channels;  ///< how many
  std::int64_t in_pixel;
  std::int64_t in_weight;
};

Seen seen_by(const ConvSizes& s, std::int64_t filter, std::int64_t tap) {
  const std::int64_t channels = s.channels / s.groups;
  const std::int64_t group = filter / (s.filters / s.groups);
  return {channels, group * channels, (filter * s.kernel_h * s.kernel_w + tap) * channels};
}

}  // namespace

void conv_forward(const ConvSizes& s, const double* x, const double* w, const double* bias, double* y) {
  for (std::int64_t pixel = 0; pixel < s.batch * s.out_h * s.out_w; ++pixel) {
    for (std::int64_t o = 0; o < s.filters; ++o) y[pixel * s.filters + o] = bias == nullptr ? 0 : bias[o];
  }
  for_taps(s, [&](std::int64_t to, std::int64_t from, std::int64_t tap) {
    for (std::int64_t o = 0; o < s.filters; ++o) {
      const Seen seen = seen_by(s, o, tap);
      double sum = 0;
      for (std::int64_t c = 0; c < seen.channels; ++c) {
        sum += x[from * s.channels + seen.in_pixel + c] * w[seen.in_weight + c];
      }
      y[to * s.filters + o] += sum;
    }
  });
}

void conv_backward_input(const ConvSizes& s, const double* g, const double* w, double* dx) {
  std::fill(dx, dx + s.batch * s.in_h * s.in_w * s.channels, 0.0);
  for_taps(s, [&](std::int64_t to, std::int64_t from, std::int64_t tap) {
    for (std::int64_t o = 0; o < s.filters; ++o) {
      const Seen seen = seen_by(s, o, tap);
      const double gradient = g[to * s.filters + o];
      for (std::int64_t c = 0; c < seen.channels; ++c) {
        dx[from * s.channels + seen.in_pixel + c] += gradient * w[seen.in_weight + c];
      }
    }
  });
}

void conv_backward_weight(const ConvSizes& s, const double* g, const double* x, double* dw) {
  std::fill(dw, dw + s.filters * s.kernel_h * s.kernel_w * (s.channels / s.groups), 0.0);
  for_taps(s, [&](std::int64_t to, std::int64_t from, std::int64_t tap) {
    for (std::int64_t o = 0; o < s.filters; ++o) {
      const Seen seen = seen_by(s, o, tap);
      const double gradient = g[to * s.filters + o];
      for (std::int64_t c = 0; c < seen.channels; ++c) {
        dw[seen.in_weight + c] += gradient * x[from * s.channels + seen.in_pixel + c];
      }
    }
  });
}

}  // namespace tamis::engine
