#include "tamis/engine/autograd/meeting.h"
#include "tamis/engine/autograd/ops.h"
#include "tests/engine/nn/layers.h"

namespace tamis::nn {

namespace {

void expect_all_near(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.shape(), b.shape());
  for (std::int64_t i = 0; i < a.elements(); ++i) EXPECT_NEAR(a.at(i), b.at(i), 1e-12) << i;
}

}  // namespace

TEST(BatchNorm, FollowsMeanAndUnbiasedVarianceOfTheBatch) {
  BatchNorm norm(1);
  norm.to(DType::f64);
  Pass pass;
  pass.training = true;
  // Mean 3, sum of squares about it 8: biased variance 2, unbiased 8/3.
  norm.forward(Variable(Tensor::from(std::vector<double>{1, 3, 3, 5}, {4, 1})), pass);
  EXPECT_NEAR(norm.buffers()[0].tensor.item(), 0.1 * 3, 1e-15);
  EXPECT_NEAR(norm.buffers()[1].tensor.item(), 0.9 + 0.1 * 8 / 3, 1e-15);
  pass.training = false;
  const Tensor y = norm.forward(Variable(Tensor::from(std::vector<double>{0.3}, {1, 1})), pass).value();
  EXPECT_NEAR(y.item(), 0, 1e-15);
}

TEST(BatchNorm, IsThatOfTheWholeBatchWhateverTheShards) {
  const Tensor x = drawn({7, 2, 3, 5}, DType::f64, 3, 2), g = drawn({7, 2, 3, 5}, DType::f64, 4);
  BatchNorm whole(5), cut(5);
  whole.to(DType::f64);
  cut.to(DType::f64);
  Pass pass;
  pass.training = true;
  const Variable all(x, true);
  const Variable y = whole.forward(all, pass);
  const Tensor dx = engine::gradient(y, {all}, {.seed = g, .persistent = false})[0];
  const std::vector<std::int64_t> cuts{0, 1, 4, 7};
  std::vector<Tensor> ys(3), dxs(3);
  engine::run_shards(3, true, [&](int shard, engine::Meeting* meeting) {
    const auto i = static_cast<std::size_t>(shard);
    Pass own;
    own.training = true;
    own.shard = shard;
    own.meeting = meeting;
    const Variable part(x.slice(0, cuts[i], cuts[i + 1]), true);
    const Variable normed = cut.forward(part, own);
    ys[i] = normed.value();
    dxs[i] =
        engine::gradient(normed, {part}, {.seed = g.slice(0, cuts[i], cuts[i + 1]).packed(), .persistent = false})[0];
  });
  for (std::size_t i = 0; i < 3; ++i) {
    expect_all_near(ys[i], y.value().slice(0, cuts[i], cuts[i + 1]).packed());
    expect_all_near(dxs[i], dx.slice(0, cuts[i], cuts[i + 1]).packed());
  }
  for (std::size_t i = 0; i < 2; ++i) expect_all_near(cut.buffers()[i].tensor, whole.buffers()[i].tensor);
}

}  // namespace tamis::nn
