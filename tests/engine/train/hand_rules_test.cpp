#include "tamis/engine/train/hand_rules.h"

#include <cmath>

#include "tests/engine/train/worked_example.h"

namespace tamis::train::hand {
namespace {

void expect_near(const Array& found, const std::vector<double>& expected, double tolerance = 1e-12) {
  ASSERT_EQ(found.values().size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found.values()[i], expected[i], tolerance) << i;
}

TEST(HandRules, DilationPutsZerosBetweenNeighbours) {
  const Array g({1, 2, 2, 1}, {1, 2, 3, 4});
  const Array dilated = dilate(g, {.stride_h = 2, .stride_w = 3});
  EXPECT_EQ(dilated.sizes(), (Array::Sizes{1, 3, 4, 1}));
  expect_near(dilated, {1, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 4});
}

// x = [[1, 2, 3], [4, 5, 6], [7, 8, 9]], kernel 2x2, stride 1, g = [[1, 0], [0, 2]]: the kernel's gradient is the
// upper left window of x plus twice the lower right one.
TEST(HandRules, ConvolutionByHand) {
  const Array x({1, 3, 3, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  const Array g({1, 2, 2, 1}, {1, 0, 0, 2});
  const Array weight({1, 2, 2, 1}, {1, -1, 2, 3});
  expect_near(conv_weight(g, x, weight.sizes(), {}), {1 + 10, 2 + 12, 4 + 16, 5 + 18});
  expect_near(conv_bias(g), {3});
  expect_near(conv_input(g, weight, x.sizes(), {}), {1, -1, 0, 2, 3 + 2, -2, 0, 4, 6});
}

// One output of a 2x2 kernel with dilation 2 and a padding of 1: it sees the corners (-1, -1), (-1, 1), (1, -1), (1, 1)
// of a 2x2 image, of which only the last lies inside.
TEST(HandRules, ConvolutionWithPaddingAndDilation) {
  const Array x({1, 2, 2, 1}, {1, 2, 3, 4});
  const Array g({1, 1, 1, 1}, {10});
  const Array weight({1, 2, 2, 1}, {1, 2, 3, 5});
  const Placement at{.dilation_h = 2, .dilation_w = 2, .top = 1, .left = 1};
  expect_near(conv_weight(g, x, weight.sizes(), at), {0, 0, 0, 40});
  expect_near(conv_input(g, weight, x.sizes(), at), {0, 0, 0, 50});
}

// Two groups of one channel each with 1x1 kernels: output o sees input channel o alone.
TEST(HandRules, ConvolutionInGroups) {
  const Array x({1, 1, 1, 2}, {3, 4});
  const Array g({1, 1, 1, 2}, {10, 20});
  const Array weight({2, 1, 1, 1}, {5, 6});
  expect_near(conv_weight(g, x, weight.sizes(), {.groups = 2}), {30, 80});
  expect_near(conv_input(g, weight, x.sizes(), {.groups = 2}), {50, 120});
}

TEST(HandRules, LinearByHand) {
  const Array x({2, 2, 1, 1}, {1, 2, 3, 4});
  const Array g({2, 1, 1, 1}, {10, 100});
  const Array weight({1, 2, 1, 1}, {7, 8});
  expect_near(linear_weight(g, x), {10 + 300, 20 + 400});
  expect_near(linear_bias(g), {110});
  expect_near(linear_input(g, weight), {70, 80, 700, 800});
}

TEST(HandRules, KinksAreOnTheStatedSide) {
  const Array g({1, 3, 1, 1}, {1, 2, 3});
  expect_near(relu_input(g, Array({1, 3, 1, 1}, {-1, 0, 5})), {0, 0, 3});
  // Equal values: the first in row-major order takes it all.
  const Array equal({1, 2, 2, 1}, {7, 7, 7, 7});
  expect_near(max_pool_input(Array({1, 1, 1, 1}, {5}), equal, 2, 2, {.stride_h = 2, .stride_w = 2}), {5, 0, 0, 0});
}

// Two windows that overlap in their argmax: its gradients add up.
TEST(HandRules, OverlappingWindowsAddUp) {
  const Array x({1, 1, 3, 1}, {1, 9, 2});
  expect_near(max_pool_input(Array({1, 1, 2, 1}, {5, 6}), x, 1, 2, {}), {0, 11, 0});
}

// Labels that sum to 2: a sum(y) - y with a = 1/2 each.
TEST(HandRules, SoftLabelsNeedNotSumToOne) {
  const Array z({1, 2, 1, 1}, {4, 4});
  expect_near(softmax_cross_entropy_input(z, Array({1, 2, 1, 1}, {1.5, 0.5}), 1), {-0.5, 0.5});
  expect_near(softmax_cross_entropy_input(z, Array({1, 2, 1, 1}, {1.5, 0.5}), 0.5), {-0.25, 0.25});
}

class HandRulesWorkedExample : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kWorkedExample)) GTEST_SKIP() << kWorkedExample << " is not there";
    example_ = worked_example();
  }
  nlohmann::json example_;
};

TEST_F(HandRulesWorkedExample, PoolSendsTheGradientToTheArgmax) {
  const auto& block = example_["pool_backward"];
  const Array z = image(block["conv"]);
  // The relu before the pool lets pass what the pool sends: each argmax is above 0.
  const Array g = max_pool_input(image(block["grad_pool"]), z, 2, 2, {.stride_h = 2, .stride_w = 2});
  expect_near(relu_input(g, z), image(block["grad_conv"]).values(), 1e-6);
}

TEST_F(HandRulesWorkedExample, InputGradientIsTheTransposedConvolution) {
  const auto& block = example_["input_gradient"];
  Array kernel = image(block["kernel_recovered"]);
  const Placement at{.stride_h = block["stride"], .stride_w = block["stride"]};
  const Array expected = image(block["grad_x"]);
  expect_near(conv_input(image(block["grad_conv"]), kernel, expected.sizes(), at), expected.values(), 1e-6);
}

TEST_F(HandRulesWorkedExample, LogitsGetSoftmaxMinusLabels) {
  const auto& block = example_["softmax_cross_entropy"];
  std::vector<double> logits;  // any logits with this softmax do: its logarithm
  for (const double a : block["implied_softmax"]) logits.push_back(std::log(a));
  const Array g = softmax_cross_entropy_input({{1, 3, 1, 1}, logits}, one_row(block["y_true"]), 1);
  expect_near(g, block["grad_logits"].get<std::vector<double>>(), 1e-6);
}

}  // namespace
}  // namespace tamis::train::hand
