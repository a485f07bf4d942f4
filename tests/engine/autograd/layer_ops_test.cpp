#include "tests/engine/autograd/checked_gradients.h"

namespace tamis::engine {
namespace {

TEST(SoftmaxGradients, OfShapes) {
  for (const Shape& shape : std::vector<Shape>{{5}, {3, 4}, {2, 3, 5}, {4, 1}}) {
    expect_gradients([](const auto& in) { return softmax(in[0]); }, {uniform(shape, -2, 2, 1)});
    expect_gradients([](const auto& in) { return log_softmax(in[0]); }, {uniform(shape, -2, 2, 1)});
  }
}

TEST(LayerNormGradients, OfShapes) {
  for (const Shape& shape : std::vector<Shape>{{5}, {3, 4}, {2, 3, 7}}) {
    const Shape channels{shape[-1]};
    expect_gradients([](const auto& in) { return layer_norm(in[0], in[1], in[2], 1e-5); },
                     {uniform(shape, -2, 2, 1), uniform(channels, 0.5, 2, 2), uniform(channels, -1, 1, 3)});
  }
}

TEST(BatchNormGradients, WithoutAMeeting) {
  for (const Shape& shape : std::vector<Shape>{{5, 3}, {2, 3, 2, 4}}) {
    const Shape channels{shape[-1]};
    expect_gradients([](const auto& in) { return batch_norm(in[0], in[1], in[2], 1e-5, nullptr, 0); },
                     {uniform(shape, -2, 2, 1), uniform(channels, 0.5, 2, 2), uniform(channels, -1, 1, 3)});
  }
}

TEST(BatchNorm, TellsTheMomentsItUsed) {
  const Variable x = leaf(Tensor::from<double>({1, 10, 3, 30}, {2, 2}));
  const Variable ones(Tensor::full({2}, 1, DType::f64)), zeros(Tensor::zeros({2}, DType::f64));
  Tensor mean, var;
  batch_norm(x, ones, zeros, 1e-5, nullptr, 0, &mean, &var);
  EXPECT_EQ(mean.numbers(), (std::vector<double>{2, 20}));
  EXPECT_EQ(var.numbers(), (std::vector<double>{1, 100}));
}

TEST(NormalizeChannelsGradients, WithFixedStatistics) {
  const Tensor mean = uniform({3}, -1, 1, 4), var = uniform({3}, 0.5, 2, 5);
  expect_gradients(
      [&](const auto& in) {
        return normalize_channels(in[0], mean.to(in[0].dtype()), var.to(in[0].dtype()), in[1], in[2], 1e-3);
      },
      {uniform({4, 2, 3}, -2, 2, 1), uniform({3}, 0.5, 2, 2), uniform({3}, -1, 1, 3)});
}

TEST(DropoutGradients, UseTheSameMask) {
  const Dropout mask{0.4, {3, 9}, 5, 100};
  expect_gradients([&](const auto& in) { return dropout(exp(in[0]), mask); }, {uniform({5, 7}, -1, 1, 1)});
  const Tensor ones = Tensor::full({5, 7}, 1, DType::f64);
  EXPECT_EQ(slopes([&](const Variable& x) { return dropout(x, mask); }, ones, ones),
            dropout_mask({5, 7}, mask, DType::f64).numbers());
}

TEST(DropoutGradients, OfRateZeroIsTheVariableItself) {
  const Variable x = leaf(uniform({3}, -1, 1, 1));
  EXPECT_EQ(dropout(x, {}).node(), x.node());
}

TEST(AttentionGradients, OfPackedSequences) {
  const Tensor offsets = Tensor::from<std::int32_t>({0, 3, 4, 8}, {4});
  for (const std::int64_t heads : {1, 2}) {
    for (const double rate : {0.0, 0.3}) {
      const Dropout mask{rate, {1, 2}, 3, 4};
      expect_gradients([&](const auto& in) { return attention(in[0], offsets, heads, mask); },
                       {uniform({8, 12}, -1, 1, 1)});
    }
  }
}

}  // namespace
}  // namespace tamis::engine
