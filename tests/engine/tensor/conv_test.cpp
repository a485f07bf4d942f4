#include "tamis/engine/tensor/conv.h"

#include "tamis/base/parallel.h"
#include "tests/reference/compare_tensors.h"
#include "tests/reference/naive_conv.h"
#include "tests/reference/random_tensor.h"

namespace tamis::engine {
namespace {

using reference::naive_conv2d;
using reference::random_tensor;
using reference::refusal;
using reference::relative_error;
using reference::same_bits;

constexpr DType kReals[] = {DType::f64, DType::f32};

double dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (std::int64_t i = 0; i < a.elements(); ++i) sum += a.at(i) * b.at(i);
  return sum;
}

Conv2dOptions options(std::int64_t stride_h, std::int64_t stride_w, std::int64_t dilation_h, std::int64_t dilation_w,
                      std::int64_t groups, Padding padding) {
  Conv2dOptions result;
  result.stride_h = stride_h;
  result.stride_w = stride_w;
  result.dilation_h = dilation_h;
  result.dilation_w = dilation_w;
  result.groups = groups;
  result.padding = padding;
  if (padding == Padding::given) {
    result.top = 2;
    result.bottom = 1;
    result.right = 3;
  }
  return result;
}

struct Case {
  Shape x, weight;
  Conv2dOptions options;
};

/// Sizes of 1, primes, sizes that fit no vector, every option on its own and together.
const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {{1, 1, 1, 1}, {1, 1, 1, 1}, options(1, 1, 1, 1, 1, Padding::valid)},
      {{2, 7, 5, 1}, {3, 3, 3, 1}, options(1, 1, 1, 1, 1, Padding::valid)},
      {{3, 8, 8, 16}, {32, 3, 3, 16}, options(1, 1, 1, 1, 1, Padding::same)},
      {{2, 9, 11, 3}, {5, 3, 2, 3}, options(2, 3, 1, 1, 1, Padding::valid)},
      {{2, 9, 10, 7}, {13, 5, 3, 7}, options(2, 2, 1, 1, 1, Padding::same)},
      {{1, 11, 9, 8}, {8, 3, 3, 8}, options(1, 1, 2, 3, 1, Padding::valid)},
      {{2, 10, 9, 4}, {6, 3, 3, 4}, options(2, 1, 2, 2, 1, Padding::same)},
      {{2, 6, 6, 6}, {9, 3, 3, 2}, options(1, 1, 1, 1, 3, Padding::valid)},
      {{2, 7, 6, 16}, {16, 3, 3, 1}, options(1, 2, 1, 1, 16, Padding::same)},
      {{2, 5, 6, 5}, {4, 4, 3, 5}, options(1, 1, 1, 1, 1, Padding::given)},
      {{2, 8, 7, 4}, {6, 2, 3, 2}, options(3, 2, 1, 2, 2, Padding::given)},
      {{2, 6, 5, 17}, {19, 1, 1, 17}, options(2, 2, 1, 1, 1, Padding::valid)},
      {{1, 9, 9, 1}, {1, 3, 3, 1}, options(2, 2, 1, 1, 1, Padding::valid)},
  };
  return all;
}

TEST(Conv, ByHand) {
  const Tensor x = Tensor::from<double>({1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 3, 3, 1});
  const Tensor weight = Tensor::from<double>({1, 10, 100, 1000}, {1, 2, 2, 1});
  const Tensor bias = Tensor::from<double>({0.5}, {1});
  for (const DType dtype : kReals) {
    const auto run = [&](const Conv2dOptions& given) {
      return conv2d(x.to(dtype), weight.to(dtype), bias.to(dtype), given);
    };
    EXPECT_EQ(run({}).numbers(), (std::vector<double>{5421.5, 6532.5, 8754.5, 9865.5}));
    // same: the odd row and column are added at the bottom and right.
    const Tensor same = run(options(1, 1, 1, 1, 1, Padding::same));
    EXPECT_EQ(same.shape(), (Shape{1, 3, 3, 1}));
    EXPECT_EQ(same.numbers(), (std::vector<double>{5421.5, 6532.5, 603.5, 8754.5, 9865.5, 906.5, 87.5, 98.5, 9.5}));
    EXPECT_EQ(run(options(1, 1, 2, 2, 1, Padding::valid)).numbers(), (std::vector<double>{9731.5}));
    EXPECT_EQ(run(options(2, 2, 1, 1, 1, Padding::valid)).numbers(), (std::vector<double>{5421.5}));
  }
}

TEST(Conv, GradientsByHand) {
  const Tensor x = Tensor::from<double>({1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 3, 3, 1});
  const Tensor weight = Tensor::from<double>({1, 10, 100, 1000}, {1, 2, 2, 1});
  const Tensor g = Tensor::from<double>({1, 0, 0, 2}, {1, 2, 2, 1});
  for (const DType dtype : kReals) {
    EXPECT_EQ(conv2d_backward_input(g.to(dtype), weight.to(dtype), x.shape(), {}).numbers(),
              (std::vector<double>{1, 10, 0, 100, 1002, 20, 0, 200, 2000}));
    EXPECT_EQ(conv2d_backward_weight(g.to(dtype), x.to(dtype), weight.shape(), {}).numbers(),
              (std::vector<double>{1 + 2 * 5, 2 + 2 * 6, 4 + 2 * 8, 5 + 2 * 9}));
  }
}

TEST(Conv, AgainstTheDefinition) {
  for (const Case& test : cases()) {
    const Tensor x = random_tensor(test.x, "x");
    const Tensor weight = random_tensor(test.weight, "w");
    const Tensor bias = random_tensor({test.weight[0]}, "b");
    const Conv2dGeometry geometry = conv2d_geometry(test.x, test.weight, test.options, "test");
    const Tensor expected = naive_conv2d(x, weight, bias, test.options, geometry);
    EXPECT_LE(relative_error(conv2d(x, weight, bias, test.options), expected), 1e-13);
    const Tensor y = conv2d(x.to(DType::f32), weight.to(DType::f32), bias.to(DType::f32), test.options);
    EXPECT_LE(relative_error(y, expected), 1e-5) << test.x.text() << test.weight.text();
    const Tensor without = naive_conv2d(x, weight, Tensor(), test.options, geometry);
    EXPECT_LE(relative_error(conv2d(x.to(DType::f32), weight.to(DType::f32), Tensor(), test.options), without), 1e-5);
  }
}

TEST(Conv, GradientsAreAdjoints) {
  for (const Case& test : cases()) {
    const Tensor x = random_tensor(test.x, "x");
    const Tensor weight = random_tensor(test.weight, "w");
    const Tensor y = conv2d(x, weight, Tensor(), test.options);
    const Tensor g = random_tensor(y.shape(), "g");
    const Tensor dx = conv2d_backward_input(g, weight, test.x, test.options);
    const Tensor dw = conv2d_backward_weight(g, x, test.weight, test.options);
    // y is linear in x and in the weight: <g, y> = <dx, x> = <dw, weight>.
    EXPECT_NEAR(dot(g, y), dot(dx, x), 1e-10);
    EXPECT_NEAR(dot(g, y), dot(dw, weight), 1e-10);
    const auto narrow = [](const Tensor& t) { return t.to(DType::f32); };
    EXPECT_LE(relative_error(conv2d_backward_input(narrow(g), narrow(weight), test.x, test.options), dx), 1e-5)
        << test.x.text() << test.weight.text();
    EXPECT_LE(relative_error(conv2d_backward_weight(narrow(g), narrow(x), test.weight, test.options), dw), 1e-5)
        << test.x.text() << test.weight.text();
  }
}

TEST(Conv, SameCentresWithTheOddPixelLast) {
  const auto even = conv2d_geometry({1, 8, 9, 1}, {1, 3, 3, 1}, options(2, 2, 1, 1, 1, Padding::same), "test");
  EXPECT_EQ(even.out_h, 4);
  EXPECT_EQ(even.top, 0);
  EXPECT_EQ(even.bottom, 1);
  EXPECT_EQ(even.out_w, 5);
  EXPECT_EQ(even.left, 1);
  EXPECT_EQ(even.right, 1);
}

TEST(ConvTranspose, ByHand) {
  const Tensor x = Tensor::from<double>({1, 2, 3, 4}, {1, 2, 2, 1});
  const Tensor weight = Tensor::from<double>({1, 10, 100, 1000}, {1, 2, 2, 1});
  const Tensor bias = Tensor::from<double>({0.5}, {1});
  for (const DType dtype : kReals) {
    const Tensor y = conv2d_transpose(x.to(dtype), weight.to(dtype), bias.to(dtype), {});
    EXPECT_EQ(y.numbers(), (std::vector<double>{1.5, 12.5, 20.5, 103.5, 1234.5, 2040.5, 300.5, 3400.5, 4000.5}));
    const Tensor apart =
        conv2d_transpose(x.to(dtype), weight.to(dtype), Tensor(), options(2, 2, 1, 1, 1, Padding::same));
    EXPECT_EQ(apart.shape(), (Shape{1, 4, 4, 1}));
    EXPECT_EQ(apart.numbers(), (std::vector<double>{1, 10, 2, 20, 100, 1000, 200, 2000,  //
                                                    3, 30, 4, 40, 300, 3000, 400, 4000}));
  }
}

TEST(ConvTranspose, IsTheAdjointOfConv) {
  for (const Case& test : cases()) {
    for (const DType dtype : kReals) {
      const Tensor image = random_tensor(test.x, "image", dtype);
      const Tensor weight = random_tensor(test.weight, "w", dtype);
      const Tensor forward = conv2d(image, weight, Tensor(), test.options);
      const Tensor x = random_tensor(forward.shape(), "x", dtype);
      const Conv2dOptions& o = test.options;
      // What the strided convolution dropped at the end is given back by out_pad.
      std::int64_t pad_h = 0;
      std::int64_t pad_w = 0;
      if (o.padding != Padding::same) {
        const Shape tight = conv2d_transpose_shape(x.shape(), test.weight, o, 0, 0);
        pad_h = test.x[1] - tight[1];
        pad_w = test.x[2] - tight[2];
      } else if (test.x[1] % o.stride_h != 0 || test.x[2] % o.stride_w != 0) {
        continue;  // the transposed convolution's image is larger
      }
      const Tensor y = conv2d_transpose(x, weight, Tensor(), o, pad_h, pad_w);
      ASSERT_EQ(y.shape(), test.x);
      const double tolerance = dtype == DType::f64 ? 1e-10 : 2e-2;
      EXPECT_NEAR(dot(forward, x), dot(image, y), tolerance);
      const Tensor g = random_tensor(y.shape(), "g", dtype);
      const Tensor dx = conv2d_transpose_backward_input(g, weight, x.shape(), o);
      const Tensor dw = conv2d_transpose_backward_weight(g, x, test.weight, o);
      EXPECT_NEAR(dot(g, y), dot(dx, x), tolerance);
      EXPECT_NEAR(dot(g, y), dot(dw, weight), tolerance);
    }
  }
}

TEST(Conv, ReadsViewsAndRepeatsItsBits) {
  const Tensor x = random_tensor({4, 16, 12, 10}, "x", DType::f32).transpose(1, 3);      // [4, 10, 12, 16]
  const Tensor weight = random_tensor({3, 16, 3, 24}, "w", DType::f32).transpose(0, 3);  // [24, 16, 3, 3]
  const Tensor w = weight.transpose(1, 3);                                               // [24, 3, 3, 16]
  const Conv2dOptions o = options(1, 1, 1, 1, 1, Padding::same);
  const int before = threads();
  set_threads(1);
  const Tensor y = conv2d(x, w, Tensor(), o);
  const Tensor dw = conv2d_backward_weight(y, x, w.shape(), o);
  set_threads(3);
  EXPECT_TRUE(same_bits(conv2d(x.packed(), w.packed(), Tensor(), o), y));
  std::vector<Tensor> inside(4);
  parallel_for(inside.size(), [&](std::size_t i) { inside[i] = conv2d_backward_weight(y, x, w.shape(), o); });
  set_threads(before);
  for (const Tensor& other : inside) EXPECT_TRUE(same_bits(other, dw));
}

TEST(Conv, RefusesByName) {
  const auto zeros = [](std::initializer_list<std::int64_t> sizes) { return Tensor::zeros(Shape(sizes)); };
  EXPECT_EQ(refusal([&] {
              conv2d(zeros({5, 5, 3}), zeros({4, 3, 3, 3}), Tensor(), {});
            }),
            "[conv2d] x [5, 5, 3], weight [4, 3, 3, 3]: images are [B, H, W, C], weights [O, kh, kw, C / groups]");
  EXPECT_EQ(
      refusal([&] {
        conv2d(zeros({1, 5, 5, 3}), zeros({4, 3, 3, 2}), Tensor(), {});
      }),
      "[conv2d] x [1, 5, 5, 3], weight [4, 3, 3, 2]: 3 channels and 4 filters do not fit 1 group(s) of 2 channels");
  EXPECT_EQ(refusal([&] {
              conv2d(zeros({1, 2, 5, 3}), zeros({4, 3, 3, 3}), Tensor(), {});
            }),
            "[conv2d] x [1, 2, 5, 3], weight [4, 3, 3, 3]: the kernel spans 3 x 3 pixels, the padded image has 2 x 5");
  EXPECT_EQ(refusal([&] {
              conv2d(zeros({1, 5, 5, 3}), zeros({4, 3, 3, 3}), zeros({3}), {});
            }),
            "[conv2d] bias [3] should be [4]");
  EXPECT_EQ(refusal([&] {
              conv2d(zeros({1, 5, 5, 3}), zeros({4, 3, 3, 3}), Tensor(), options(0, 1, 1, 1, 1, Padding::valid));
            }),
            "[conv2d] stride 0 x 1, dilation 1 x 1, groups 1: all start at 1");
  Conv2dOptions negative;
  negative.padding = Padding::given;
  negative.left = -1;
  EXPECT_EQ(refusal([&] {
              conv2d(zeros({1, 5, 5, 3}), zeros({4, 3, 3, 3}), Tensor(), negative);
            }),
            "[conv2d] padding 0 0 -1 0: it cannot be negative");
  EXPECT_EQ(refusal([&] {
              conv2d_backward_input(zeros({1, 3, 3, 3}), zeros({4, 3, 3, 3}), {1, 5, 5, 3}, {});
            }),
            "[conv2d_backward_input] g [1, 3, 3, 3] should be [1, 3, 3, 4]");
  EXPECT_EQ(refusal([&] {
              conv2d_transpose(zeros({1, 5, 5, 3}), zeros({4, 3, 3, 3}), Tensor(), {});
            }),
            "[conv2d_transpose] x [1, 5, 5, 3], weight [4, 3, 3, 3]: 3 channels do not fit 4 filters in 1 group(s)");
  EXPECT_EQ(refusal([&] {
              conv2d_transpose(zeros({1, 5, 5, 4}), zeros({4, 3, 3, 3}), Tensor(), {}, 1);
            }),
            "[conv2d_transpose] out_pad 1 x 0 must be below the stride 1 x 1, and 0 with padding same");
  EXPECT_NE(refusal([&] {
              conv2d(zeros({1, 5, 5, 3}), zeros({4, 3, 3, 3}).to(DType::f64), Tensor(), {});
            }).find("[conv2d] lhs f32[1, 5, 5, 3], rhs f64[4, 3, 3, 3]: dtypes differ"),
            std::string::npos);
}

}  // namespace
}  // namespace tamis::engine
