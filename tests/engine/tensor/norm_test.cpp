#include "tamis/engine/tensor/norm.h"

#include "tamis/engine/tensor/elementwise.h"
#include "tamis/engine/tensor/reduce.h"
#include "tests/reference/compare_tensors.h"
#include "tests/reference/naive_tensor.h"

namespace tamis::engine {
namespace {

using reference::difference;
using reference::refusal;
using reference::uniform_tensor;

Tensor narrow(const Tensor& x) {
  return x.to(DType::f32);
}

/// (x - mean) / sqrt(var + epsilon) over an axis.
Tensor standardized(const Tensor& x, int axis, double epsilon) {
  return div(sub(x, mean(x, axis, true)), sqrt(add(var(x, axis, true), epsilon)));
}

TEST(LayerNorm, IsTheCompositeOfSimplerOps) {
  for (const std::int64_t C : reference::awkward_sizes()) {
    const Tensor x = uniform_tensor({2, 3, C}, 1), gamma = uniform_tensor({C}, 2), beta = uniform_tensor({C}, 3);
    const Tensor expected = add(mul(standardized(x, -1, 1e-3), gamma), beta);
    const LayerNormed got = layer_norm(x, gamma, beta, 1e-3);
    EXPECT_LE(difference(got.y, expected), 1e-12) << C;
    EXPECT_LE(difference(got.mean, mean(x, -1).reshape({6})), 1e-14);
    EXPECT_LE(difference(got.invstd, pow(add(var(x, -1).reshape({6}), 1e-3), -0.5)), 1e-12);
    EXPECT_LE(difference(layer_norm(narrow(x), narrow(gamma), narrow(beta), 1e-3).y, expected), 1e-5) << C;
  }
}

TEST(LayerNorm, GradientsAreTheSlopes) {
  for (const std::int64_t C : {1, 2, 7, 33, 64}) {
    const Tensor x = uniform_tensor({70, C}, 1), gamma = uniform_tensor({C}, 2), beta = uniform_tensor({C}, 3);
    const Tensor g = uniform_tensor({70, C}, 4), way = uniform_tensor({70, C}, 5);
    const auto loss = [&](const Tensor& at) { return sum(mul(g, layer_norm(at, gamma, beta, 0.1).y)).item(); };
    const LayerNormed at = layer_norm(x, gamma, beta, 0.1);
    const LayerNormGradients got = layer_norm_backward(g, x, at.mean, at.invstd, gamma);
    const double h = 1e-5;
    const double slope = (loss(add(x, mul(way, h))) - loss(add(x, mul(way, -h)))) / (2 * h);
    EXPECT_NEAR(sum(mul(got.x, way)).item(), slope, 1e-6 * std::max(1.0, std::abs(slope))) << C;
    EXPECT_LE(difference(got.gamma, sum(mul(g, standardized(x, -1, 0.1)), 0)), 1e-12);
    EXPECT_LE(difference(got.beta, sum(g, 0)), 1e-13);
    const LayerNormed at32 = layer_norm(narrow(x), narrow(gamma), narrow(beta), 0.1);
    const LayerNormGradients got32 = layer_norm_backward(narrow(g), narrow(x), at32.mean, at32.invstd, narrow(gamma));
    EXPECT_LE(difference(got32.x, got.x), 1e-5) << C;
    EXPECT_LE(difference(got32.gamma, got.gamma), 1e-5) << C;
    EXPECT_LE(difference(got32.beta, got.beta), 1e-5) << C;
  }
}

TEST(BatchNorm, MomentsOfPartsMakeThoseOfTheWhole) {
  for (const std::int64_t C : {1, 3, 16, 37}) {
    const Tensor x = add(uniform_tensor({701, C}, 1), 50.0);  // far from 0, where a sum of squares loses its digits
    const Tensor deviations = mul(var(x, 0), 701.0);
    for (const DType dtype : {DType::f32, DType::f64}) {
      const double close = dtype == DType::f32 ? 1e-6 : 1e-12;
      const Tensor rows = x.to(dtype);
      const Moments whole = channel_moments(rows);
      EXPECT_EQ(whole.count, 701);
      EXPECT_LE(difference(whole.mean, mean(x, 0)), close);
      EXPECT_LE(difference(whole.deviations, deviations), 10 * close);
      const Moments merged = merge(channel_moments(rows.slice(0, 0, 123)), channel_moments(rows.slice(0, 123, 701)));
      EXPECT_EQ(merged.count, 701);
      EXPECT_LE(difference(merged.mean, mean(x, 0)), close);
      EXPECT_LE(difference(merged.deviations, deviations), 10 * close);
    }
  }
  const Tensor image = uniform_tensor({2, 3, 4, 5}, 2);
  EXPECT_LE(difference(channel_moments(image).mean, mean(image.reshape({24, 5}), 0)), 1e-13);
}

TEST(BatchNorm, ForwardAndGradientAreThoseOfTheWholeBatch) {
  for (const std::int64_t C : {1, 3, 8, 19}) {
    const std::int64_t n = 53;
    const Tensor x = uniform_tensor({n, C}, 1), g = uniform_tensor({n, C}, 2), way = uniform_tensor({n, C}, 3);
    const Tensor gamma = uniform_tensor({C}, 4), beta = uniform_tensor({C}, 5);
    const auto forward = [&](const Tensor& at) { return add(mul(standardized(at, 0, 0.1), gamma), beta); };
    const Tensor center = mean(x, 0), invstd = pow(add(var(x, 0), 0.1), -0.5);
    EXPECT_LE(difference(normalize_channels(x, center, invstd, gamma, beta), forward(x)), 1e-12);
    EXPECT_LE(difference(normalize_channels(narrow(x), narrow(center), narrow(invstd), narrow(gamma), narrow(beta)),
                         forward(x)),
              1e-5);
    const Tensor sums = batch_norm_sums(g, x, center, invstd);
    EXPECT_LE(difference(sums.row(0), sum(g, 0)), 1e-13);
    EXPECT_LE(difference(sums.row(1), sum(mul(g, standardized(x, 0, 0.1)), 0)), 1e-12);
    const Tensor dx = batch_norm_backward(g, x, center, invstd, gamma, sums, static_cast<double>(n));
    const auto loss = [&](const Tensor& at) { return sum(mul(g, forward(at))).item(); };
    const double h = 1e-5;
    const double slope = (loss(add(x, mul(way, h))) - loss(add(x, mul(way, -h)))) / (2 * h);
    EXPECT_NEAR(sum(mul(dx, way)).item(), slope, 1e-6 * std::max(1.0, std::abs(slope))) << C;
    const Tensor sums32 = batch_norm_sums(narrow(g), narrow(x), narrow(center), narrow(invstd));
    EXPECT_LE(difference(sums32, sums), 1e-5);
    EXPECT_LE(difference(batch_norm_backward(narrow(g), narrow(x), narrow(center), narrow(invstd), narrow(gamma),
                                             sums32, static_cast<double>(n)),
                         dx),
              1e-5);
  }
}

TEST(BatchNorm, RefusesByName) {
  const Tensor x({4, 3}), c({3}), wrong({4});
  EXPECT_EQ(refusal([&] { layer_norm(x, wrong, c, 1e-5); }), "[layer_norm] x f32[4, 3], gamma f32[4]: must be f32[3]");
  EXPECT_EQ(refusal([&] { layer_norm(x, c, Tensor({3}, DType::f64), 1e-5); }),
            "[layer_norm] x f32[4, 3], beta f64[3]: must be f32[3]");
  EXPECT_EQ(refusal([&] { layer_norm(x, c, Tensor(), 1e-5); }),
            "[layer_norm] x f32[4, 3], beta undefined: must be f32[3]");
  EXPECT_EQ(refusal([&] { layer_norm_backward(x, x, c, wrong, c); }),
            "[layer_norm_backward] x f32[4, 3], mean f32[3]: must be f32[4]");
  EXPECT_EQ(refusal([&] { channel_moments(Tensor::scalar(1)); }), "[channel_moments] f32[]: a scalar has no channels");
  EXPECT_EQ(refusal([&] {
              batch_norm_sums(x, x.reshape({2, 2, 3}), c, c);
            }),
            "[batch_norm_sums] g f32[4, 3], x f32[2, 2, 3]: shapes differ");
  EXPECT_EQ(refusal([&] { batch_norm_backward(x, x, c, c, c, c, 4); }),
            "[batch_norm_backward] x f32[4, 3]: sums f32[3] must be [2, 3] of n = 4 > 0 rows");
  EXPECT_EQ(refusal([&] { normalize_channels(Tensor(), c, c, c, c); }), "[normalize_channels] the tensor is undefined");
}

}  // namespace
}  // namespace tamis::engine
