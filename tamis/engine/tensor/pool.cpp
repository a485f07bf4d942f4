#include "tamis/engine/tensor/pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "tamis/base/error.h"
#include "tamis/engine/tensor/visit.h"

namespace tamis::engine {

namespace {

/// The part of a window that lies inside the image: its first pixel, and which rows and columns of the window are left.
struct Window {
  std::int64_t origin;  ///< of the whole window within the images, in pixels; may lie before the image
  std::int64_t row_begin, row_end, column_begin, column_end;

  std::int64_t pixels() const { return (row_end - row_begin) * (column_end - column_begin); }
};

/// Calls body(output pixel, window) for every output pixel, in order.
template <typename Body>
void for_windows(const Shape& x, const PoolOptions& options, const Conv2dGeometry& geometry, const Body& body) {
  const std::int64_t height = x[1];
  const std::int64_t width = x[2];
  std::int64_t pixel = 0;
  for (std::int64_t b = 0; b < x[0]; ++b) {
    for (std::int64_t i = 0; i < geometry.out_h; ++i) {
      const std::int64_t row = i * options.stride_h - geometry.top;
      for (std::int64_t j = 0; j < geometry.out_w; ++j) {
        const std::int64_t column = j * options.stride_w - geometry.left;
        body(pixel++, Window{(b * height + row) * width + column, std::max<std::int64_t>(0, -row),
                             std::min(options.window_h, height - row), std::max<std::int64_t>(0, -column),
                             std::min(options.window_w, width - column)});
      }
    }
  }
}

/// Calls body(input pixel, place in the window) for every pixel of a window, row by row.
template <typename Body>
void for_pixels(const Window& window, std::int64_t width, std::int64_t window_w, const Body& body) {
  for (std::int64_t u = window.row_begin; u < window.row_end; ++u) {
    for (std::int64_t v = window.column_begin; v < window.column_end; ++v) {
      body(window.origin + u * width + v, u * window_w + v);
    }
  }
}

/// best = max(best, x) for each channel, and where it came from. A NaN wins and stays.
template <typename T>
void keep_larger(const T* __restrict x, std::int32_t place, std::int64_t channels, T* __restrict best,
                 std::int32_t* __restrict at) {
  for (std::int64_t c = 0; c < channels; ++c) {
    const bool larger = (x[c] > best[c]) | (x[c] != x[c]);
    best[c] = larger ? x[c] : best[c];
    at[c] = larger ? place : at[c];
  }
}

template <typename T>
void max_pool(const Tensor& x, const PoolOptions& options, const Conv2dGeometry& geometry, MaxPooled& out) {
  const std::int64_t channels = x.size(3);
  const T* const from = x.data<T>();
  T* const y = out.y.data<T>();
  std::int32_t* const at = out.at.data<std::int32_t>();
  for_windows(x.shape(), options, geometry, [&](std::int64_t pixel, const Window& window) {
    T* const best = y + pixel * channels;
    std::int32_t* const best_at = at + pixel * channels;
    bool first = true;
    for_pixels(window, x.size(2), options.window_w, [&](std::int64_t source, std::int64_t place) {
      const T* const values = from + source * channels;
      if (first) {  // so that a window full of -inf has a place, too
        std::copy(values, values + channels, best);
        std::fill(best_at, best_at + channels, static_cast<std::int32_t>(place));
        first = false;
      } else {
        keep_larger(values, static_cast<std::int32_t>(place), channels, best, best_at);
      }
    });
  });
}

/// Elements between the first pixel of a window and each of its places.
std::vector<std::int64_t> places(const PoolOptions& options, std::int64_t width, std::int64_t channels) {
  std::vector<std::int64_t> result;
  for (std::int64_t u = 0; u < options.window_h; ++u) {
    for (std::int64_t v = 0; v < options.window_w; ++v) result.push_back((u * width + v) * channels);
  }
  return result;
}

void require_gradient(const Tensor& g, const Shape& x, const Conv2dGeometry& geometry, const char* op) {
  const Shape expected{x[0], geometry.out_h, geometry.out_w, x[3]};
  if (g.shape() != expected) fail_caller(op, fmt::format("g {} should be {}", g.shape().text(), expected.text()));
}

}  // namespace

Conv2dGeometry pool2d_geometry(const Shape& x, const PoolOptions& options, const char* op) {
  if (x.rank() != 4) fail_caller(op, fmt::format("x {}: images are [B, H, W, C]", x.text()));
  if (options.window_h < 1 || options.window_w < 1) {
    fail_caller(op, fmt::format("window {} x {}: sizes start at 1", options.window_h, options.window_w));
  }
  if (options.padding == Padding::given && (std::max(options.top, options.bottom) >= options.window_h ||
                                            std::max(options.left, options.right) >= options.window_w)) {
    fail_caller(op, fmt::format("padding {} {} {} {} would hold a whole {} x {} window", options.top, options.bottom,
                                options.left, options.right, options.window_h, options.window_w));
  }
  Conv2dOptions placed;
  placed.stride_h = options.stride_h;
  placed.stride_w = options.stride_w;
  placed.padding = options.padding;
  placed.top = options.top;
  placed.bottom = options.bottom;
  placed.left = options.left;
  placed.right = options.right;
  return conv2d_geometry(x, {1, options.window_h, options.window_w, x[3]}, placed, op);
}

MaxPooled max_pool2d(const Tensor& x, const PoolOptions& options) {
  require_real(x, "max_pool2d");
  const Conv2dGeometry geometry = pool2d_geometry(x.shape(), options, "max_pool2d");
  const Shape shape{x.size(0), geometry.out_h, geometry.out_w, x.size(3)};
  MaxPooled out{Tensor(shape, x.dtype()), Tensor(shape, DType::i32)};
  visit_real(x.dtype(), [&](auto tag) { max_pool<typename decltype(tag)::type>(x.packed(), options, geometry, out); });
  return out;
}

Tensor max_pool2d_backward(const Tensor& g, const Tensor& at, const Shape& x_shape, const PoolOptions& options) {
  constexpr const char* op = "max_pool2d_backward";
  require_real(g, op);
  const Conv2dGeometry geometry = pool2d_geometry(x_shape, options, op);
  require_gradient(g, x_shape, geometry, op);
  if (at.shape() != g.shape() || at.dtype() != DType::i32 || !at.contiguous()) {
    fail_caller(op, fmt::format("g {}, at {}: the places must be contiguous i32 of g's shape", g.text(), at.text()));
  }
  const std::int64_t channels = x_shape[3];
  const std::vector<std::int64_t> place = places(options, x_shape[2], channels);
  Tensor dx = Tensor::zeros(x_shape, g.dtype());
  visit_real(g.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Tensor packed = g.packed();
    for_windows(x_shape, options, geometry, [&](std::int64_t pixel, const Window& window) {
      const T* const gradient = packed.data<T>() + pixel * channels;
      const std::int32_t* const from = at.data<std::int32_t>() + pixel * channels;
      T* const to = dx.data<T>() + window.origin * channels;
      for (std::int64_t c = 0; c < channels; ++c) to[place[static_cast<std::size_t>(from[c])] + c] += gradient[c];
    });
  });
  return dx;
}

Tensor avg_pool2d(const Tensor& x, const PoolOptions& options) {
  require_real(x, "avg_pool2d");
  const Conv2dGeometry geometry = pool2d_geometry(x.shape(), options, "avg_pool2d");
  const std::int64_t channels = x.size(3);
  Tensor y = Tensor::zeros({x.size(0), geometry.out_h, geometry.out_w, channels}, x.dtype());
  visit_real(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Tensor packed = x.packed();
    for_windows(x.shape(), options, geometry, [&](std::int64_t pixel, const Window& window) {
      T* const mean = y.data<T>() + pixel * channels;
      for_pixels(window, x.size(2), options.window_w, [&](std::int64_t source, std::int64_t) {
        const T* const values = packed.data<T>() + source * channels;
        for (std::int64_t c = 0; c < channels; ++c) mean[c] += values[c];
      });
      const T factor = T{1} / static_cast<T>(window.pixels());
      for (std::int64_t c = 0; c < channels; ++c) mean[c] *= factor;
    });
  });
  return y;
}

Tensor avg_pool2d_backward(const Tensor& g, const Shape& x_shape, const PoolOptions& options) {
  constexpr const char* op = "avg_pool2d_backward";
  require_real(g, op);
  const Conv2dGeometry geometry = pool2d_geometry(x_shape, options, op);
  require_gradient(g, x_shape, geometry, op);
  const std::int64_t channels = x_shape[3];
  Tensor dx = Tensor::zeros(x_shape, g.dtype());
  visit_real(g.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Tensor packed = g.packed();
    for_windows(x_shape, options, geometry, [&](std::int64_t pixel, const Window& window) {
      const T* const gradient = packed.data<T>() + pixel * channels;
      const T factor = T{1} / static_cast<T>(window.pixels());
      for_pixels(window, x_shape[2], options.window_w, [&](std::int64_t source, std::int64_t) {
        T* const to = dx.data<T>() + source * channels;
        for (std::int64_t c = 0; c < channels; ++c) to[c] += gradient[c] * factor;
      });
    });
  });
  return dx;
}

}  // namespace tamis::engine
