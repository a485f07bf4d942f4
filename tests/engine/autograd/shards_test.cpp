#include <cstring>

#include "tamis/base/parallel.h"
#include "tamis/engine/autograd/meeting.h"
#include "tamis/engine/tensor/index.h"
#include "tests/engine/autograd/checked_gradients.h"

namespace tamis::engine {
namespace {

constexpr double kEpsilon = 1e-5;
const std::vector<std::int64_t> kRows{4, 1, 5};  // uneven on purpose

/// A value for the whole batch, and the gradients of everything that went in.
struct Outcome {
  Tensor y, dx;
  std::vector<Tensor> weights;
  Tensor mean, var;
};

using Network = std::function<Variable(const Variable& x, const std::vector<Variable>& weights, Meeting* meeting,
                                       int shard, Outcome& outcome)>;

/// The seed of a shard is its rows of `seed`, or all of it where the output has the whole batch's rows.
Outcome on_shards(const Network& network, const Tensor& x, const std::vector<Tensor>& weights, const Tensor& seed,
                  const std::vector<std::int64_t>& rows) {
  const std::vector<Variable> shared = leaves(weights);
  std::vector<Outcome> parts(rows.size());
  std::vector<GradientStore> stores(rows.size());
  const auto pieces = split(x, 0, rows), seeds = split(seed, 0, rows);
  run_shards(static_cast<int>(rows.size()), true, [&](int shard, Meeting* meeting) {
    const auto i = static_cast<std::size_t>(shard);
    const Variable piece = leaf(pieces[i].clone());
    const Variable y = network(piece, shared, meeting, shard, parts[i]);
    backward(y, stores[i], {seeds[i].clone(), false});
    parts[i].y = y.value();
    parts[i].dx = stores[i].of(piece);
  });
  Outcome whole;
  std::vector<Tensor> ys, dxs;
  for (const Outcome& part : parts) {
    ys.push_back(part.y);
    dxs.push_back(part.dx);
    EXPECT_EQ(part.mean.defined() ? part.mean.numbers() : std::vector<double>(),
              parts[0].mean.defined() ? parts[0].mean.numbers() : std::vector<double>());
  }
  whole.y = concat(ys, 0);
  whole.dx = concat(dxs, 0);
  whole.mean = parts[0].mean;
  whole.var = parts[0].var;
  for (const Variable& weight : shared) {
    Tensor sum = stores[0].of(weight).clone();
    for (std::size_t i = 1; i < stores.size(); ++i) add_into(sum, stores[i].of(weight));
    whole.weights.push_back(sum);
  }
  return whole;
}

Outcome as_one(const Network& network, const Tensor& x, const std::vector<Tensor>& weights, const Tensor& seed) {
  const Variable leaf_x = leaf(x);
  std::vector<Variable> targets{leaf_x};
  for (const Variable& weight : leaves(weights)) targets.push_back(weight);
  Outcome whole;
  const Variable y = network(leaf_x, {targets.begin() + 1, targets.end()}, nullptr, 0, whole);
  whole.weights = gradient(y, targets, {seed, false});
  whole.y = y.value();
  whole.dx = whole.weights[0];
  whole.weights.erase(whole.weights.begin());
  return whole;
}

void expect_near(const Tensor& a, const Tensor& b, double tolerance, const char* what) {
  ASSERT_EQ(a.shape(), b.shape()) << what;
  for (std::int64_t i = 0; i < a.elements(); ++i) EXPECT_NEAR(a.at(i), b.at(i), tolerance) << what << " " << i;
}

void expect_near(const Outcome& a, const Outcome& b, double tolerance) {
  expect_near(a.y, b.y, tolerance, "y");
  expect_near(a.dx, b.dx, tolerance, "dx");
  for (std::size_t i = 0; i < a.weights.size(); ++i) expect_near(a.weights[i], b.weights[i], tolerance, "weight");
}

Variable two_norms(const Variable& x, const std::vector<Variable>& w, Meeting* meeting, int shard, Outcome& outcome) {
  const Variable h = batch_norm(linear(x, w[0], {}), w[1], w[2], kEpsilon, meeting, shard, &outcome.mean, &outcome.var);
  return batch_norm(tanh(h), w[1], w[2], kEpsilon, meeting, shard);
}

std::vector<Tensor> norm_weights() {
  return {uniform({3, 4}, -1, 1, 1), uniform({3}, 0.5, 2, 2), uniform({3}, -1, 1, 3)};
}

TEST(Shards, BatchNormIsThatOfTheWholeBatch) {
  const Tensor x = uniform({10, 4}, -2, 3, 4), seed = uniform({10, 3}, -1, 1, 5);
  const Outcome one = as_one(two_norms, x, norm_weights(), seed);
  const Outcome many = on_shards(two_norms, x, norm_weights(), seed, kRows);
  expect_near(many, one, 1e-12);
  expect_near(many.mean, one.mean, 1e-12, "mean");
  expect_near(many.var, one.var, 1e-12, "var");
}

/// Each shard's output depends on every row of the batch, as in a contrastive loss.
Variable contrast(const Variable& x, const std::vector<Variable>& w, Meeting* meeting, int shard, Outcome&) {
  const Variable h = tanh(linear(x, w[0], {}));
  const Variable all = gather_shards(h, meeting, shard);
  return log_softmax(mul(matmul(h, all, false, true), w[1]));
}

TEST(Shards, GatheredRowsGetTheGradientsOfAllShards) {
  const std::vector<Tensor> weights{uniform({3, 4}, -1, 1, 1), Tensor::scalar(2, DType::f64)};
  const Tensor x = uniform({10, 4}, -1, 1, 2), seed = uniform({10, 10}, -1, 1, 3);
  expect_near(on_shards(contrast, x, weights, seed, kRows), as_one(contrast, x, weights, seed), 1e-12);
}

TEST(Shards, GatheringWithoutAMeetingIsTheVariableItself) {
  const Variable x = leaf(uniform({3}, -1, 1, 1));
  EXPECT_EQ(gather_shards(x, nullptr, 0).node(), x.node());
}

TEST(Shards, ACheckpointedSegmentMeetsAgain) {
  const Network network = [](const Variable& x, const std::vector<Variable>& w, Meeting* meeting, int shard,
                             Outcome& outcome) {
    return checkpoint(
        [&w, meeting, shard, &outcome](const auto& in) { return two_norms(in[0], w, meeting, shard, outcome); }, {x});
  };
  const Tensor x = uniform({10, 4}, -2, 3, 4), seed = uniform({10, 3}, -1, 1, 5);
  expect_near(on_shards(network, x, norm_weights(), seed, kRows), as_one(two_norms, x, norm_weights(), seed), 1e-12);
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.text() == b.text() && std::memcmp(a.packed().data<float>(), b.packed().data<float>(), a.bytes()) == 0;
}

TEST(Shards, GiveTheSameBitsAtAnyNumberOfThreads) {
  const int before = threads();
  std::vector<Tensor> weights = norm_weights();
  for (Tensor& weight : weights) weight = weight.to(DType::f32);
  const Network network = [](const Variable& x, const std::vector<Variable>& w, Meeting* meeting, int shard,
                             Outcome& outcome) {
    const Variable h = two_norms(dropout(x, {0.2, {1, 2}, 3, 0}), w, meeting, shard, outcome);
    return matmul(h, gather_shards(h, meeting, shard), false, true);
  };
  const Tensor x = uniform({37, 4}, -2, 3, 4).to(DType::f32), seed = uniform({37, 37}, -1, 1, 5).to(DType::f32);
  const std::vector<std::int64_t> rows{5, 5, 5, 5, 5, 4, 4, 4};
  set_threads(1);
  const Outcome first = on_shards(network, x, weights, seed, rows);
  for (const int count : {1, 2, 3}) {
    set_threads(count);
    for (int repeat = 0; repeat < 3; ++repeat) {
      const Outcome other = on_shards(network, x, weights, seed, rows);
      EXPECT_TRUE(same_bits(first.y, other.y));
      EXPECT_TRUE(same_bits(first.dx, other.dx));
      for (std::size_t i = 0; i < weights.size(); ++i) EXPECT_TRUE(same_bits(first.weights[i], other.weights[i])) << i;
    }
  }
  set_threads(before);
}

}  // namespace
}  // namespace tamis::engine
