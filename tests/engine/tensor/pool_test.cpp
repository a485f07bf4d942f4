#include "tamis/engine/tensor/pool.h"

#include <algorithm>
#include <cmath>

#include "tests/reference/compare_tensors.h"
#include "tests/reference/random_tensor.h"

namespace tamis::engine {
namespace {

using reference::random_tensor;
using reference::refusal;
using reference::relative_error;
using reference::same_bits;

constexpr DType kReals[] = {DType::f64, DType::f32};

TEST(Pool, MaxByHand) {
  const std::vector<double> image = {1, 5, 2,  0,   //
                                     3, 4, 8,  1,   //
                                     0, 0, -1, -2,  //
                                     0, 9, -3, -4};
  for (const DType dtype : kReals) {
    const Tensor x = Tensor::from(image, {1, 4, 4, 1}).to(dtype);
    const MaxPooled pooled = max_pool2d(x, {});
    EXPECT_EQ(pooled.y.shape(), (Shape{1, 2, 2, 1}));
    EXPECT_EQ(pooled.y.numbers(), (std::vector<double>{5, 8, 9, -1}));
    EXPECT_EQ(pooled.at.numbers(), (std::vector<double>{1, 2, 3, 0}));
    const Tensor g = Tensor::from<double>({10, 20, 30, 40}, {1, 2, 2, 1}).to(dtype);
    EXPECT_EQ(max_pool2d_backward(g, pooled.at, x.shape(), {}).numbers(),
              (std::vector<double>{0, 10, 0, 0, 0, 0, 20, 0, 0, 0, 40, 0, 0, 30, 0, 0}));
  }
}

TEST(Pool, OfEqualsTheFirstWins) {
  const Tensor x = Tensor::full({1, 4, 4, 3}, 7, DType::f32);
  const MaxPooled pooled = max_pool2d(x, {});
  for (const double place : pooled.at.numbers()) EXPECT_EQ(place, 0);
  PoolOptions overlapping{3, 3, 1, 1};
  overlapping.padding = Padding::same;
  // Where the window's first row or column is padding, the first pixel inside it wins.
  EXPECT_EQ(max_pool2d(x, overlapping).at.at(0), 4);
  const Tensor zeros = Tensor::from<float>({0.0F, -0.0F, 0.0F, -0.0F}, {1, 2, 2, 1});
  EXPECT_EQ(max_pool2d(zeros, {}).at.at(0), 0);
}

TEST(Pool, PaddingIsMinusInfinityAndNanStays) {
  PoolOptions options{2, 2, 2, 2, Padding::given, 1, 1, 1, 1};
  const Tensor x = Tensor::full({1, 2, 2, 2}, -5, DType::f32);
  const MaxPooled pooled = max_pool2d(x, options);
  EXPECT_EQ(pooled.y.shape(), (Shape{1, 2, 2, 2}));
  for (const double value : pooled.y.numbers()) EXPECT_EQ(value, -5);
  EXPECT_EQ(pooled.at.numbers(), (std::vector<double>{3, 3, 2, 2, 1, 1, 0, 0}));
  const Tensor least = Tensor::full({1, 2, 2, 1}, -INFINITY, DType::f64);
  EXPECT_EQ(max_pool2d(least, {}).y.at(0), -INFINITY);
  EXPECT_EQ(max_pool2d(least, {}).at.at(0), 0);
  const Tensor broken = Tensor::from<double>({1, NAN, 3, 4}, {1, 2, 2, 1});
  EXPECT_TRUE(std::isnan(max_pool2d(broken, {}).y.at(0)));
  EXPECT_EQ(max_pool2d(broken, {}).at.at(0), 1);
}

/// What a pool does to one image plane, read from the definition.
struct Pooled {
  double max = -INFINITY, sum = 0;
  int pixels = 0;
};
Pooled window_of(const Tensor& x, std::int64_t b, std::int64_t i, std::int64_t j, std::int64_t c,
                 const PoolOptions& options, const Conv2dGeometry& geometry) {
  Pooled result;
  for (std::int64_t u = 0; u < options.window_h; ++u) {
    for (std::int64_t v = 0; v < options.window_w; ++v) {
      const std::int64_t row = i * options.stride_h + u - geometry.top;
      const std::int64_t column = j * options.stride_w + v - geometry.left;
      if (row < 0 || column < 0 || row >= x.size(1) || column >= x.size(2)) continue;
      const double value = x.at(((b * x.size(1) + row) * x.size(2) + column) * x.size(3) + c);
      result.max = std::max(result.max, value);
      result.sum += value;
      ++result.pixels;
    }
  }
  return result;
}

const std::vector<std::pair<Shape, PoolOptions>>& cases() {
  static const std::vector<std::pair<Shape, PoolOptions>> all = {
      {{2, 7, 9, 1}, {2, 2, 2, 2}},
      {{1, 7, 9, 5}, {3, 2, 1, 2}},
      {{3, 8, 5, 16}, {3, 3, 2, 2, Padding::same}},
      {{2, 6, 6, 37}, {2, 3, 3, 1, Padding::same}},
      {{2, 5, 6, 7}, {3, 3, 2, 2, Padding::given, 1, 2, 0, 1}},
      {{1, 4, 4, 3}, {4, 4, 4, 4}},
      {{1, 9, 9, 2}, {1, 1, 4, 4}},
  };
  return all;
}

TEST(Pool, AgainstTheDefinition) {
  for (const auto& [shape, options] : cases()) {
    for (const DType dtype : kReals) {
      const Tensor x = random_tensor(shape, "pool", dtype);
      const Conv2dGeometry geometry = pool2d_geometry(shape, options, "test");
      const Tensor most = max_pool2d(x, options).y;
      const Tensor mean = avg_pool2d(x, options);
      ASSERT_EQ(most.shape(), (Shape{shape[0], geometry.out_h, geometry.out_w, shape[3]}));
      ASSERT_EQ(mean.shape(), most.shape());
      for (std::int64_t at = 0; at < most.elements(); ++at) {
        const std::int64_t c = at % shape[3];
        const std::int64_t j = at / shape[3] % geometry.out_w;
        const std::int64_t i = at / shape[3] / geometry.out_w % geometry.out_h;
        const Pooled expected =
            window_of(x, at / shape[3] / geometry.out_w / geometry.out_h, i, j, c, options, geometry);
        EXPECT_EQ(most.at(at), expected.max);
        EXPECT_NEAR(mean.at(at), expected.sum / expected.pixels, dtype == DType::f64 ? 1e-14 : 1e-6);
      }
    }
  }
}

double dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (std::int64_t i = 0; i < a.elements(); ++i) sum += a.at(i) * b.at(i);
  return sum;
}

TEST(Pool, BackwardIsTheAdjoint) {
  for (const auto& [shape, options] : cases()) {
    for (const DType dtype : kReals) {
      const Tensor x = random_tensor(shape, "pool", dtype);
      const MaxPooled pooled = max_pool2d(x, options);
      const Tensor g = random_tensor(pooled.y.shape(), "g", dtype);
      const double tolerance = dtype == DType::f64 ? 1e-12 : 1e-3;
      // Both pools are linear maps of x (the max for a fixed choice of places), so <g, P x> = <P^T g, x>.
      EXPECT_NEAR(dot(g, pooled.y), dot(max_pool2d_backward(g, pooled.at, shape, options), x), tolerance);
      EXPECT_NEAR(dot(g, avg_pool2d(x, options)), dot(avg_pool2d_backward(g, shape, options), x), tolerance);
    }
  }
}

TEST(Pool, ReadsViews) {
  const Tensor x = random_tensor({2, 5, 3, 6}, "view", DType::f32);
  const Tensor view = x.transpose(1, 3);
  EXPECT_TRUE(same_bits(max_pool2d(view, {}).y, max_pool2d(view.packed(), {}).y));
  EXPECT_TRUE(same_bits(avg_pool2d(view, {}), avg_pool2d(view.packed(), {})));
}

TEST(Pool, RefusesByName) {
  const Tensor x = Tensor::zeros({1, 4, 4, 2});
  EXPECT_EQ(refusal([] { max_pool2d(Tensor::zeros({4, 4}), {}); }), "[max_pool2d] x [4, 4]: images are [B, H, W, C]");
  EXPECT_EQ(
      refusal([&] {
        avg_pool2d(x, {5, 2});
      }),
      "[avg_pool2d] x [1, 4, 4, 2], weight [1, 5, 2, 2]: the kernel spans 5 x 2 pixels, the padded image has 4 x 4");
  EXPECT_EQ(refusal([&] { avg_pool2d(x, {0, 2}); }), "[avg_pool2d] window 0 x 2: sizes start at 1");
  EXPECT_EQ(refusal([&] {
              avg_pool2d(x, {2, 2, 0, 1});
            }),
            "[avg_pool2d] stride 0 x 1, dilation 1 x 1, groups 1: all start at 1");
  EXPECT_EQ(refusal([&] {
              max_pool2d(x, {2, 2, 2, 2, Padding::given, 2});
            }),
            "[max_pool2d] padding 2 0 0 0 would hold a whole 2 x 2 window");
  EXPECT_NE(refusal([&] { max_pool2d(x.to(DType::i32), {}); }).find("[max_pool2d] i32"), std::string::npos);
  const Tensor g = Tensor::zeros({1, 3, 3, 2});
  EXPECT_EQ(refusal([&] { avg_pool2d_backward(g, x.shape(), {}); }),
            "[avg_pool2d_backward] g [1, 3, 3, 2] should be [1, 2, 2, 2]");
  EXPECT_EQ(
      refusal([&] {
        max_pool2d_backward(Tensor::zeros({1, 2, 2, 2}), Tensor::zeros({1, 2, 2, 2}), x.shape(), {});
      }),
      "[max_pool2d_backward] g f32[1, 2, 2, 2], at f32[1, 2, 2, 2]: the places must be contiguous i32 of g's shape");
}

}  // namespace
}  // namespace tamis::engine
