#include "tamis/engine/nn/loss.h"

#include <cmath>
#include <limits>

#include "tamis/engine/autograd/gradcheck.h"
#include "tamis/engine/autograd/meeting.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/tensor/index.h"
#include "tests/engine/nn/failure.h"
#include "tests/engine/nn/layers.h"

namespace tamis::nn {

namespace {

Tensor labels_of(const std::vector<std::int64_t>& labels) {
  return Tensor::from(labels, {static_cast<std::int64_t>(labels.size())});
}

/// The definition out of plain ops: log softmax against the distribution q.
Variable by_definition(const Variable& logits, const Tensor& q) {
  return engine::neg(engine::sum(engine::mul(engine::log_softmax(logits), Variable(q)), -1));
}

void expect_all_near(const Tensor& a, const Tensor& b, double tolerance) {
  ASSERT_EQ(a.shape(), b.shape());
  for (std::int64_t i = 0; i < a.elements(); ++i) EXPECT_NEAR(a.at(i), b.at(i), tolerance) << i;
}

void expect_checked(const std::function<Variable(const std::vector<Variable>&)>& loss,
                    const std::vector<Shape>& shapes) {
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < shapes.size(); ++i) inputs.push_back(drawn(shapes[i], DType::f64, 20 + i));
  EXPECT_LE(engine::gradcheck(loss, inputs).largest, 1e-6);
}

Tensor uniform_targets(const Shape& shape) {
  return engine::sigmoid(drawn(shape, DType::f64, 31));
}

}  // namespace

TEST(Loss, GradientsAreTheCentralDifferences) {
  using Inputs = std::vector<Variable>;
  for (const Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none}) {
    const Tensor labels = labels_of({2, 0, 1, 2, 2}), soft = uniform_targets({5, 3});
    expect_checked([&](const Inputs& x) { return cross_entropy(x[0], labels, 0, reduction); }, {{5, 3}});
    expect_checked([&](const Inputs& x) { return cross_entropy(x[0], labels, 0.2, reduction); }, {{5, 3}});
    expect_checked([&](const Inputs& x) { return soft_cross_entropy(x[0], soft, reduction); }, {{5, 3}});
    expect_checked([&](const Inputs& x) { return binary_logistic(x[0], soft, reduction); }, {{5, 3}});
    expect_checked([&](const Inputs& x) { return mse(x[0], x[1], reduction); }, {{5, 3}, {5, 3}});
    expect_checked([&](const Inputs& x) { return mae(x[0], x[1], reduction); }, {{5, 3}, {5, 3}});
    expect_checked([&](const Inputs& x) { return cosine(x[0], x[1], reduction); }, {{5, 3}, {5, 3}});
    expect_checked([&](const Inputs& x) { return triplet(x[0], x[1], x[2], 1, reduction); }, {{5, 3}, {5, 3}, {5, 3}});
    const InfoNceOptions options{.temperature = 0.3, .first_positive = 1};
    expect_checked([&](const Inputs& x) { return info_nce(x[0], x[1], options, reduction); }, {{4, 3}, {6, 3}});
    expect_checked([&](const Inputs& x) { return symmetric_info_nce(x[0], x[1], x[0], x[1], {}, reduction); },
                   {{4, 3}, {4, 3}});
  }
}

TEST(Loss, SinglePrecisionFollowsDouble) {
  const Tensor labels = labels_of({16, 0, 7}), targets = drawn({3, 17}, DType::f64, 5);
  const auto run = [&](DType dtype) {
    const Variable x(drawn({3, 17}, dtype, 4), true), y(targets.to(dtype));
    const Tensor soft = engine::sigmoid(targets).to(DType::f32).to(dtype);
    const Variable sum = engine::add(
        engine::add(engine::add(cross_entropy(x, labels, 0.1), soft_cross_entropy(x, soft)),
                    engine::add(binary_logistic(x, soft), info_nce(x, y))),
        engine::add(engine::add(mse(x, y), mae(x, y)), engine::add(cosine(x, y), triplet(x, y, Variable(soft)))));
    return std::pair(sum.value(), engine::gradient(sum, {x})[0]);
  };
  const auto fast = run(DType::f32), exact = run(DType::f64);
  EXPECT_NEAR(fast.first.item(), exact.first.item(), 1e-4 * exact.first.item());
  expect_all_near(fast.second, exact.second, 1e-4);
}

TEST(Loss, CrossEntropyIsItsDefinition) {
  const Variable logits(drawn({2, 3, 4}, DType::f64, 1, 3), true);
  const Tensor labels = Tensor::from(std::vector<std::int32_t>{3, 1, 0, 2, 2, 1}, {2, 3});
  Tensor q = engine::one_hot(labels, 4, DType::f64);
  for (std::int64_t i = 0; i < q.elements(); ++i) q.data<double>()[i] = 0.7 * q.at(i) + 0.3 / 4;
  const Variable fused = cross_entropy(logits, labels, 0.3, Reduction::none), plain = by_definition(logits, q);
  const Variable soft = soft_cross_entropy(logits, q, Reduction::none);
  expect_all_near(fused.value(), plain.value(), 1e-14);
  expect_all_near(soft.value(), plain.value(), 1e-14);
  const engine::BackwardOptions seed{.seed = drawn({2, 3}, DType::f64, 2), .persistent = false};
  const Tensor expected = engine::gradient(plain, {logits}, seed)[0];
  expect_all_near(engine::gradient(fused, {logits}, seed)[0], expected, 1e-14);
  expect_all_near(engine::gradient(soft, {logits}, seed)[0], expected, 1e-14);
}

TEST(Loss, SoftLabelsGiveProbabilityTimesTheirSumLessThemselves) {
  // softmax(0, ln 3) = 1/4, 3/4; labels 2, 1 sum to 3: the gradient is 3/4 - 2, 9/4 - 1.
  const Variable logits(Tensor::from(std::vector<double>{0, std::log(3.0)}, {1, 2}), true);
  const Tensor labels = Tensor::from(std::vector<double>{2, 1}, {1, 2});
  const Variable loss = soft_cross_entropy(logits, labels);
  EXPECT_NEAR(loss.value().item(), 2 * std::log(4.0) - std::log(0.75), 1e-14);
  expect_all_near(engine::gradient(loss, {logits})[0], Tensor::from(std::vector<double>{-1.25, 1.25}, {1, 2}), 1e-14);
}

TEST(Loss, StaysFiniteWhereProbabilitiesVanish) {
  const Variable logits(Tensor::from(std::vector<float>{1000, -1000}, {1, 2}), true);
  const Variable loss = cross_entropy(logits, labels_of({1}));
  EXPECT_EQ(loss.value().item(), 2000);
  EXPECT_EQ(engine::gradient(loss, {logits})[0].numbers(), (std::vector<double>{1, -1}));
  const Variable one(Tensor::from(std::vector<float>{-1000, 1000}, {2}), true);
  EXPECT_EQ(binary_logistic(one, Tensor::from(std::vector<float>{0, 0}, {2}), Reduction::sum).value().item(), 1000);
}

TEST(Loss, ByHand) {
  const Variable a(Tensor::from(std::vector<double>{3, 4, 1, 0}, {2, 2}));
  const Variable b(Tensor::from(std::vector<double>{4, 3, 0, 2}, {2, 2}));
  expect_all_near(cosine_similarity(a, b).value(), Tensor::from(std::vector<double>{0.96, 0}, {2}), 1e-15);
  EXPECT_NEAR(cosine(a, b).value().item(), (0.04 + 1) / 2, 1e-15);
  EXPECT_DOUBLE_EQ(mse(a, b, Reduction::sum).value().item(), 1 + 1 + 1 + 4);
  EXPECT_DOUBLE_EQ(mae(a, b).value().item(), (1 + 1 + 1 + 2) / 4.0);
  // |a - b| = sqrt 2, sqrt 5; |a - a| = 0: near the positive a, far from b.
  EXPECT_DOUBLE_EQ(triplet(a, a, b, 2, Reduction::sum).value().item(), 2 - std::sqrt(2.0));
  const Variable zero(Tensor::zeros({1, 2}, DType::f64), true);
  EXPECT_EQ(unit_rows(zero).value().numbers(), (std::vector<double>{0, 0}));
}

TEST(Loss, ContrastsTheWholeBatchAcrossShards) {
  constexpr std::int64_t kRows = 3, kShards = 3, kAll = kRows * kShards;
  const Tensor a = drawn({kAll, 4}, DType::f64, 1), b = drawn({kAll, 4}, DType::f64, 2);
  const auto loss_of = [](const Variable& x, const Variable& y, engine::Meeting* meeting, int shard) {
    const InfoNceOptions options{.temperature = 0.3, .first_positive = shard * kRows};
    const Variable all_x = engine::gather_shards(x, meeting, shard), all_y = engine::gather_shards(y, meeting, shard);
    return engine::mul(symmetric_info_nce(x, y, all_x, all_y, options, Reduction::sum), 1.0 / kAll);
  };
  const Variable whole_a(a, true), whole_b(b, true);
  const Variable whole = loss_of(whole_a, whole_b, nullptr, 0);
  const std::vector<Tensor> expected = engine::gradient(whole, {whole_a, whole_b});
  std::vector<double> losses(kShards);
  std::vector<std::vector<Tensor>> found(kShards);
  engine::run_shards(kShards, true, [&](int shard, engine::Meeting* meeting) {
    const auto part = [&](const Tensor& x) { return Variable(x.slice(0, shard * kRows, (shard + 1) * kRows), true); };
    const Variable x = part(a), y = part(b), loss = loss_of(x, y, meeting, shard);
    losses[static_cast<std::size_t>(shard)] = loss.value().item();
    found[static_cast<std::size_t>(shard)] = engine::gradient(loss, {x, y});
  });
  EXPECT_NEAR(losses[0] + losses[1] + losses[2], whole.value().item(), 1e-14);
  for (std::int64_t shard = 0; shard < kShards; ++shard) {
    for (std::size_t i = 0; i < 2; ++i) {
      expect_all_near(found[static_cast<std::size_t>(shard)][i],
                      expected[i].slice(0, shard * kRows, (shard + 1) * kRows).packed(), 1e-14);
    }
  }
}

TEST(Loss, RefusesBadInputByName) {
  const Variable logits(Tensor::zeros({2, 3}));
  EXPECT_EQ(failure([&] {
              cross_entropy(logits, labels_of({0, 3}));
            }),
            "[cross_entropy] label 3 at position 1 is not in 0 .. 2");
  EXPECT_EQ(failure([&] {
              cross_entropy(logits, labels_of({-1, 0}));
            }),
            "[cross_entropy] label -1 at position 0 is not in 0 .. 2");
  EXPECT_EQ(failure([&] { cross_entropy(logits, labels_of({0})); }),
            "[cross_entropy] logits f32[2, 3], labels i64[1]: needs one integer label for each row of logits");
  EXPECT_EQ(failure([&] { cross_entropy(logits, Tensor::zeros({2})); }),
            "[cross_entropy] logits f32[2, 3], labels f32[2]: needs one integer label for each row of logits");
  EXPECT_EQ(failure([&] {
              cross_entropy(logits, labels_of({0, 1}), 1);
            }),
            "[cross_entropy] smoothing 1: must be in [0, 1)");
  EXPECT_EQ(failure([&] {
              soft_cross_entropy(logits, Tensor::zeros({2, 2}));
            }),
            "[soft_cross_entropy] lhs [2, 3], rhs [2, 2]: the shapes must be equal");
  EXPECT_NE(failure([&] { soft_cross_entropy(logits, Tensor::zeros({2, 3}, DType::f64)); }), "");
  EXPECT_EQ(failure([&] {
              binary_logistic(logits, Tensor::full({2, 3}, 1.5));
            }),
            "[binary_logistic] target 1.5 at position 0 is not in [0, 1]");
  EXPECT_EQ(failure([&] { mse(logits, Variable(Tensor::zeros({3}))); }),
            "[mse] lhs [2, 3], rhs [3]: the shapes must be equal");
  EXPECT_EQ(failure([&] {
              triplet(logits, logits, Variable(Tensor::zeros({1, 3})));
            }),
            "[triplet] lhs [2, 3], rhs [1, 3]: needs rows [n, C] of one shape");
  InfoNceOptions options;
  options.first_positive = 1;
  EXPECT_EQ(failure([&] { info_nce(logits, logits, options); }),
            "[info_nce] anchors [2, 3], candidates [2, 3]: positives 1 .. 2 are not all among the candidates");
  EXPECT_EQ(failure([&] { info_nce(logits, logits, {.temperature = 0}); }),
            "[info_nce] temperature 0: must be above 0");
}

}  // namespace tamis::nn
