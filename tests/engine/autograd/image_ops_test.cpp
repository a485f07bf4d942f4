#include "tests/engine/autograd/checked_gradients.h"

namespace tamis::engine {
namespace {

struct Case {
  const char* name;
  Shape x, weight;
  Conv2dOptions options;
  std::int64_t out_pad = 0;
};

Conv2dOptions with(std::int64_t stride, std::int64_t dilation, std::int64_t groups, Padding padding) {
  Conv2dOptions options;
  options.stride_h = stride;
  options.stride_w = stride;
  options.dilation_h = dilation;
  options.dilation_w = dilation;
  options.groups = groups;
  options.padding = padding;
  return options;
}

Conv2dOptions uneven() {
  Conv2dOptions options = with(1, 1, 1, Padding::given);
  options.stride_h = 2;
  options.dilation_w = 2;
  options.top = 1;
  options.left = 2;
  options.right = 1;
  return options;
}

TEST(ConvGradients, OfEveryOption) {
  const std::vector<Case> cases{{"plain", {2, 5, 4, 2}, {3, 3, 2, 2}, {}},
                                {"one by one", {1, 3, 3, 2}, {2, 1, 1, 2}, {}},
                                {"strided", {1, 6, 5, 2}, {2, 3, 3, 2}, with(2, 1, 1, Padding::valid)},
                                {"same", {2, 5, 4, 1}, {2, 3, 2, 1}, with(1, 1, 1, Padding::same)},
                                {"same, strided", {1, 5, 6, 1}, {2, 3, 3, 1}, with(2, 1, 1, Padding::same)},
                                {"dilated", {1, 6, 6, 1}, {2, 2, 3, 1}, with(1, 2, 1, Padding::valid)},
                                {"groups", {1, 4, 4, 4}, {6, 2, 2, 2}, with(1, 1, 2, Padding::valid)},
                                {"one channel a group", {1, 4, 4, 3}, {3, 3, 3, 1}, with(1, 1, 3, Padding::same)},
                                {"uneven", {1, 5, 6, 2}, {2, 3, 2, 2}, uneven()}};
  for (const Case& at : cases) {
    SCOPED_TRACE(at.name);
    const Tensor x = uniform(at.x, -1, 1, 1), weight = uniform(at.weight, -1, 1, 2);
    const Tensor bias = uniform({at.weight[0]}, -1, 1, 3);
    expect_gradients([&](const auto& in) { return conv2d(in[0], in[1], in[2], at.options); }, {x, weight, bias});
    expect_gradients([&](const auto& in) { return conv2d(in[0], in[1], Variable(), at.options); }, {x, weight});
  }
}

TEST(ConvTransposeGradients, OfEveryOption) {
  const std::vector<Case> cases{{"plain", {2, 3, 2, 2}, {2, 3, 2, 3}, {}},
                                {"strided", {1, 3, 3, 2}, {2, 3, 3, 1}, with(2, 1, 1, Padding::valid)},
                                {"strided, padded out", {1, 3, 2, 2}, {2, 2, 3, 1}, with(2, 1, 1, Padding::valid), 1},
                                {"same, strided", {1, 3, 3, 1}, {1, 3, 3, 2}, with(2, 1, 1, Padding::same)},
                                {"dilated", {1, 3, 3, 1}, {1, 2, 2, 2}, with(1, 2, 1, Padding::valid)},
                                {"groups", {1, 3, 2, 4}, {4, 2, 2, 3}, with(1, 1, 2, Padding::valid)},
                                {"uneven", {1, 4, 4, 2}, {2, 3, 2, 2}, uneven()}};
  for (const Case& at : cases) {
    SCOPED_TRACE(at.name);
    const Tensor x = uniform(at.x, -1, 1, 1), weight = uniform(at.weight, -1, 1, 2);
    const Tensor bias = uniform({at.weight[3] * at.options.groups}, -1, 1, 3);
    const auto run = [&](const Variable& image, const Variable& kernel, const Variable& shift) {
      return conv2d_transpose(image, kernel, shift, at.options, at.out_pad, at.out_pad);
    };
    expect_gradients([&](const auto& in) { return run(in[0], in[1], in[2]); }, {x, weight, bias});
    expect_gradients([&](const auto& in) { return run(in[0], in[1], Variable()); }, {x, weight});
  }
}

std::vector<PoolOptions> pools() {
  PoolOptions plain, overlapping, same, given;
  overlapping.window_h = 3;
  overlapping.stride_h = 1;
  same.padding = Padding::same;
  same.window_w = 3;
  given.padding = Padding::given;
  given.top = 1;
  given.right = 1;
  return {plain, overlapping, same, given};
}

TEST(PoolGradients, OfEveryOption) {
  for (const PoolOptions& options : pools()) {
    for (const Shape& shape : std::vector<Shape>{{1, 4, 4, 1}, {2, 5, 7, 3}}) {
      const Tensor x = distinct(shape, 1);
      expect_gradients([&](const auto& in) { return max_pool2d(in[0], options); }, {x});
      expect_gradients([&](const auto& in) { return avg_pool2d(in[0], options); }, {x});
    }
  }
}

TEST(Kinks, MaxPoolSendsTiesToTheFirstInRowMajorOrder) {
  const Tensor x = Tensor::from<double>({1, 5, 5, 5, 2, 2, 2, 2}, {2, 2, 2, 1});
  EXPECT_EQ(slopes([](const Variable& v) { return max_pool2d(v, {}); }, x, Tensor::full({2, 1, 1, 1}, 1, DType::f64)),
            (std::vector<double>{0, 1, 0, 0, 1, 0, 0, 0}));
}

}  // namespace
}  // namespace tamis::engine
