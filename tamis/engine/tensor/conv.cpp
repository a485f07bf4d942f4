#include "tamis/engine/tensor/conv.h"

#include <fmt/format.h>

#include "tamis/base/error.h"
#include "tamis/engine/tensor/conv_kernels.h"
#include "tamis/engine/tensor/visit.h"

namespace tamis::engine {

namespace {

std::string named(const Shape& x, const Shape& weight) {
  return fmt::format("x {}, weight {}", x.text(), weight.text());
}

/// Pixels that a kernel of `size` taps spans.
std::int64_t span_of(std::int64_t size, std::int64_t dilation) {
  return (size - 1) * dilation + 1;
}

void check_options(const Conv2dOptions& o, const char* op) {
  if (o.stride_h < 1 || o.stride_w < 1 || o.dilation_h < 1 || o.dilation_w < 1 || o.groups < 1) {
    fail_caller(op, fmt::format("stride {} x {}, dilation {} x {}, groups {}: all start at 1", o.stride_h, o.stride_w,
                                o.dilation_h, o.dilation_w, o.groups));
  }
  if (o.padding == Padding::given && (o.top < 0 || o.bottom < 0 || o.left < 0 || o.right < 0)) {
    fail_caller(op, fmt::format("padding {} {} {} {}: it cannot be negative", o.top, o.bottom, o.left, o.right));
  }
}

/// One axis of a convolution: pixels added before and after, and the size of the output.
struct Axis {
  std::int64_t before, after, out;
};

Axis placed(std::int64_t size, std::int64_t span, std::int64_t stride, Padding padding, std::int64_t before,
            std::int64_t after) {
  if (padding == Padding::same) {
    const std::int64_t out = (size + stride - 1) / stride;
    const std::int64_t missing = std::max<std::int64_t>(0, (out - 1) * stride + span - size);
    return {missing / 2, missing - missing / 2, out};
  }
  if (padding == Padding::valid) before = after = 0;
  const std::int64_t room = size + before + after - span;
  return {before, after, room < 0 ? 0 : room / stride + 1};
}

ConvSizes sizes_of(const Shape& x, const Shape& weight, const Conv2dOptions& options, const char* op) {
  const Conv2dGeometry g = conv2d_geometry(x, weight, options, op);
  return {x[0],
          x[1],
          x[2],
          x[3],
          g.out_h,
          g.out_w,
          weight[0],
          weight[1],
          weight[2],
          options.stride_h,
          options.stride_w,
          options.dilation_h,
          options.dilation_w,
          g.top,
          g.bottom,
          g.left,
          g.right,
          options.groups};
}

/// Throws unless `y` is the shape of the convolution's output.
void require_output(const Shape& y, const char* what, const ConvSizes& s, const char* op) {
  const Shape expected{s.batch, s.out_h, s.out_w, s.filters};
  if (y != expected) fail_caller(op, fmt::format("{} {} should be {}", what, y.text(), expected.text()));
}

void require_bias(const Tensor& bias, const Tensor& x, std::int64_t channels, const char* op) {
  if (!bias.defined()) return;
  require_same_dtype(x, bias, op);
  if (bias.shape() != Shape{channels}) {
    fail_caller(op, fmt::format("bias {} should be [{}]", bias.shape().text(), channels));
  }
}

void require_operands(const Tensor& a, const Tensor& b, const char* op) {
  require_real(a, op);
  require_same_dtype(a, b, op);
}

/// y += bias on every pixel.
template <typename T>
void add_to_pixels(const Tensor& bias, Tensor& y) {
  const std::int64_t channels = bias.size(0);
  const T* const addend = bias.data<T>();
  T* pixel = y.data<T>();
  for (const T* const end = pixel + y.elements(); pixel != end; pixel += channels) {
    for (std::int64_t c = 0; c < channels; ++c) pixel[c] += addend[c];
  }
}

}  // namespace

Conv2dGeometry conv2d_geometry(const Shape& x, const Shape& weight, const Conv2dOptions& options, const char* op) {
  check_options(options, op);
  if (x.rank() != 4 || weight.rank() != 4) {
    fail_caller(op, named(x, weight) + ": images are [B, H, W, C], weights [O, kh, kw, C / groups]");
  }
  if (x[3] != weight[3] * options.groups || weight[0] % options.groups != 0) {
    fail_caller(op, fmt::format("{}: {} channels and {} filters do not fit {} group(s) of {} channels",
                                named(x, weight), x[3], weight[0], options.groups, weight[3]));
  }
  const std::int64_t span_h = span_of(weight[1], options.dilation_h);
  const std::int64_t span_w = span_of(weight[2], options.dilation_w);
  const Axis rows = placed(x[1], span_h, options.stride_h, options.padding, options.top, options.bottom);
  const Axis columns = placed(x[2], span_w, options.stride_w, options.padding, options.left, options.right);
  if (rows.out < 1 || columns.out < 1) {
    fail_caller(
        op, fmt::format("{}: the kernel spans {} x {} pixels, the padded image has {} x {}", named(x, weight), span_h,
                        span_w, x[1] + rows.before + rows.after, x[2] + columns.before + columns.after));
  }
  return {rows.before, rows.after, columns.before, columns.after, rows.out, columns.out};
}

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options) {
  require_operands(x, weight, "conv2d");
  const ConvSizes sizes = sizes_of(x.shape(), weight.shape(), options, "conv2d");
  require_bias(bias, x, sizes.filters, "conv2d");
  Tensor y({sizes.batch, sizes.out_h, sizes.out_w, sizes.filters}, x.dtype());
  const Tensor packed_bias = bias.defined() ? bias.packed() : bias;
  visit_real(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    conv_forward(sizes, x.packed().data<T>(), weight.packed().data<T>(),
                 bias.defined() ? packed_bias.data<T>() : nullptr, y.data<T>());
  });
  return y;
}

Tensor conv2d_backward_input(const Tensor& g, const Tensor& weight, const Shape& x_shape,
                             const Conv2dOptions& options) {
  require_operands(g, weight, "conv2d_backward_input");
  const ConvSizes sizes = sizes_of(x_shape, weight.shape(), options, "conv2d_backward_input");
  require_output(g.shape(), "g", sizes, "conv2d_backward_input");
  Tensor dx(x_shape, g.dtype());
  visit_real(g.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    conv_backward_input(sizes, g.packed().data<T>(), weight.packed().data<T>(), dx.data<T>());
  });
  return dx;
}

Tensor conv2d_backward_weight(const Tensor& g, const Tensor& x, const Shape& weight_shape,
                              const Conv2dOptions& options) {
  require_operands(g, x, "conv2d_backward_weight");
  const ConvSizes sizes = sizes_of(x.shape(), weight_shape, options, "conv2d_backward_weight");
  require_output(g.shape(), "g", sizes, "conv2d_backward_weight");
  Tensor dw(weight_shape, g.dtype());
  visit_real(g.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    conv_backward_weight(sizes, g.packed().data<T>(), x.packed().data<T>(), dw.data<T>());
  });
  return dw;
}

Shape conv2d_transpose_shape(const Shape& x, const Shape& weight, const Conv2dOptions& options, std::int64_t out_pad_h,
                             std::int64_t out_pad_w) {
  constexpr const char* op = "conv2d_transpose";
  check_options(options, op);
  if (x.rank() != 4 || weight.rank() != 4) {
    fail_caller(op, named(x, weight) + ": images are [B, H, W, C], weights [C, kh, kw, O / groups]");
  }
  if (x[3] != weight[0] || x[3] % options.groups != 0) {
    fail_caller(op, fmt::format("{}: {} channels do not fit {} filters in {} group(s)", named(x, weight), x[3],
                                weight[0], options.groups));
  }
  const bool same = options.padding == Padding::same;
  if (out_pad_h < 0 || out_pad_w < 0 || out_pad_h >= options.stride_h || out_pad_w >= options.stride_w ||
      (same && out_pad_h + out_pad_w > 0)) {
    fail_caller(op, fmt::format("out_pad {} x {} must be below the stride {} x {}, and 0 with padding same", out_pad_h,
                                out_pad_w, options.stride_h, options.stride_w));
  }
  const std::int64_t channels = weight[3] * options.groups;
  if (same) return {x[0], x[1] * options.stride_h, x[2] * options.stride_w, channels};
  const bool given = options.padding == Padding::given;
  const std::int64_t rows = (x[1] - 1) * options.stride_h + span_of(weight[1], options.dilation_h) -
                            (given ? options.top + options.bottom : 0) + out_pad_h;
  const std::int64_t columns = (x[2] - 1) * options.stride_w + span_of(weight[2], options.dilation_w) -
                               (given ? options.left + options.right : 0) + out_pad_w;
  if (rows < 1 || columns < 1) {
    fail_caller(op, fmt::format("{}: the padding leaves {} x {} pixels", named(x, weight), rows, columns));
  }
  return {x[0], rows, columns, channels};
}

Tensor conv2d_transpose(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options,
                        std::int64_t out_pad_h, std::int64_t out_pad_w) {
  require_operands(x, weight, "conv2d_transpose");
  const Shape shape = conv2d_transpose_shape(x.shape(), weight.shape(), options, out_pad_h, out_pad_w);
  require_bias(bias, x, shape[3], "conv2d_transpose");
  // It is the gradient of the convolution that would take its output to its input.
  Tensor y = conv2d_backward_input(x, weight, shape, options);
  if (bias.defined()) {
    visit_real(y.dtype(), [&](auto tag) { add_to_pixels<typename decltype(tag)::type>(bias.packed(), y); });
  }
  return y;
}

Tensor conv2d_transpose_backward_input(const Tensor& g, const Tensor& weight, const Shape& x_shape,
                                       const Conv2dOptions& options) {
  const Tensor dx = conv2d(g, weight, Tensor(), options);
  if (dx.shape() != x_shape) {
    fail_caller("conv2d_transpose_backward_input",
                fmt::format("g {} gives {}, not {}", g.shape().text(), dx.shape().text(), x_shape.text()));
  }
  return dx;
}

Tensor conv2d_transpose_backward_weight(const Tensor& g, const Tensor& x, const Shape& weight_shape,
                                        const Conv2dOptions& options) {
  return conv2d_backward_weight(x, g, weight_shape, options);
}

}  // namespace tamis::engine
