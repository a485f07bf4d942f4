#include "tests/engine/autograd/checked_gradients.h"

namespace tamis::engine {
namespace {

Tensor numbers(const std::vector<double>& values) {
  return Tensor::from<double>(values, {static_cast<std::int64_t>(values.size())});
}

TEST(Variable, KnowsWhatItIs) {
  const Variable none, constant(numbers({1})), weight = leaf(numbers({1})), y = exp(weight);
  EXPECT_FALSE(none.defined());
  EXPECT_FALSE(Variable(Tensor()).defined());
  EXPECT_FALSE(constant.needs_gradient());
  EXPECT_TRUE(constant.is_leaf());
  EXPECT_TRUE(weight.needs_gradient());
  EXPECT_TRUE(weight.is_leaf());
  EXPECT_EQ(weight.op(), "leaf");
  EXPECT_FALSE(y.is_leaf());
  EXPECT_EQ(y.op(), "exp");
  EXPECT_TRUE(y.detached().is_leaf());
  EXPECT_FALSE(y.detached().needs_gradient());
  EXPECT_EQ(exp(constant).op(), "leaf");
  EXPECT_NE(complaint([&] { none.value(); }), "");
}

TEST(Variable, RefusesGradientsOfIntegersAndOfNothing) {
  EXPECT_NE(complaint([] { Variable(Tensor::range(3, DType::i64), true); }).find("[variable]"), std::string::npos);
  EXPECT_NE(complaint([] { Variable(Tensor(), true); }).find("[variable]"), std::string::npos);
}

TEST(Variable, CopiesAreTheSameVariable) {
  Variable weight = leaf(numbers({1, 2}));
  const Variable copy = weight;
  weight.leaf_value() = numbers({5, 6, 7});
  EXPECT_EQ(copy.value().numbers(), (std::vector<double>{5, 6, 7}));
  EXPECT_EQ(gradient(sum(square(copy)), {weight})[0].numbers(), (std::vector<double>{10, 12, 14}));
}

TEST(Gradient, OfLeavesAndIntermediates) {
  const Variable x = leaf(numbers({1, 2, 3}));
  const Variable h = square(x), y = sum(mul(h, h));
  const auto g = gradient(y, {h, x, y});
  EXPECT_EQ(g[0].numbers(), (std::vector<double>{2, 8, 18}));
  EXPECT_EQ(g[1].numbers(), (std::vector<double>{4, 32, 108}));
  EXPECT_EQ(g[2].numbers(), (std::vector<double>{1}));
}

TEST(Gradient, IsZeroWhereNothingDepends) {
  const Variable x = leaf(numbers({1, 2})), other = leaf(Tensor::zeros({2, 3}));
  const auto g = gradient(sum(x), {other, x, exp(other)});
  EXPECT_EQ(g[0].text(), "f32[2, 3]");
  EXPECT_EQ(g[0].numbers(), std::vector<double>(6, 0));
  EXPECT_EQ(g[1].numbers(), (std::vector<double>{1, 1}));
  EXPECT_EQ(g[2].numbers(), std::vector<double>(6, 0));
  EXPECT_EQ(gradient(Variable(numbers({4})), {x})[0].numbers(), (std::vector<double>{0, 0}));
}

TEST(Gradient, IsTheCallersToWrite) {
  const Variable a = leaf(numbers({1, 2})), b = leaf(numbers({1, 2}));
  const Tensor seed = numbers({3, 4});
  auto g = gradient(add(a, b), {a, b, a}, {seed, false});
  g[0].fill(0);
  EXPECT_EQ(g[1].numbers(), (std::vector<double>{3, 4}));
  EXPECT_EQ(g[2].numbers(), (std::vector<double>{3, 4}));
  EXPECT_EQ(seed.numbers(), (std::vector<double>{3, 4}));
}

TEST(Gradient, TakesASeedOfTheOutputsShapeOnly) {
  const Variable x = leaf(numbers({1, 2, 3}));
  EXPECT_EQ(gradient(square(x), {x}, {numbers({1, 10, 100}), false})[0].numbers(), (std::vector<double>{2, 40, 600}));
  EXPECT_EQ(complaint([&] { gradient(square(x), {x}); }),
            "[gradient] the output is f64[3], no scalar: it needs a seed gradient of that shape");
  EXPECT_EQ(complaint([&] {
              gradient(square(x), {x}, {numbers({1, 2}), false});
            }),
            "[gradient] the seed is f64[2], the output f64[3]: they must agree");
  EXPECT_NE(complaint([&] { gradient(square(x), {x}, {Tensor::zeros({3}), false}); }), "");
  GradientStore store;
  EXPECT_EQ(complaint([&] { backward(square(x), store); }).find("[backward] the output is f64[3]"), 0u);
}

TEST(Gradient, RefusesATargetThatNeedsNone) {
  const Variable x = leaf(numbers({1}));
  EXPECT_EQ(complaint([&] { gradient(sum(x), {x, Variable(numbers({1}))}); }).find("[gradient] target 1 needs no"), 0u);
  EXPECT_NE(complaint([&] { gradient(sum(x), {Variable()}); }), "");
}

TEST(Gradient, RefusesAGraphThatWasFreed) {
  const Variable x = leaf(numbers({1, 2})), h = exp(x), y = sum(h), z = sum(square(h));
  gradient(y, {x});
  for (const Variable& output : {y, z}) {
    EXPECT_EQ(complaint([&] { gradient(output, {x}); }).find("[gradient] the graph behind"), 0u) << output.op();
  }
  EXPECT_EQ(complaint([&] { gradient(z, {x}); }),
            "[gradient] the graph behind exp f64[2] was freed by an earlier walk; make that one persistent");
}

TEST(Gradient, PersistentGraphsAreWalkedAgain) {
  const Variable x = leaf(numbers({1, 2})), y = sum(mul(square(x), x));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(gradient(y, {x}, {{}, true})[0].numbers(), (std::vector<double>{3, 12}));
  }
  EXPECT_EQ(gradient(y, {x})[0].numbers(), (std::vector<double>{3, 12}));
  EXPECT_NE(complaint([&] { gradient(y, {x}); }), "");
}

TEST(Gradient, WalksOnlyWhereATargetLies) {
  const Variable x = leaf(numbers({1})), w = leaf(numbers({2}));
  int walked = 0;
  const Variable aside = record("aside", numbers({3}), {w}, [&](const Tensor& g, Sink& sink) {
    ++walked;
    sink.add(0, g);
  });
  const Variable h = exp(x), y = add(mul(h, aside), square(h));
  gradient(y, {x}, {{}, true});
  EXPECT_EQ(walked, 0);
  gradient(y, {h}, {{}, true});
  EXPECT_EQ(walked, 0);
  // The part that was not walked is not freed either.
  gradient(y, {h});
  EXPECT_EQ(gradient(h, {x})[0].item(), h.value().item());
  EXPECT_EQ(gradient(aside, {w})[0].item(), 1);
  EXPECT_EQ(walked, 1);
}

TEST(Gradient, ReachesANodeAfterAllItsUsers) {
  // x feeds the newest and the oldest op: a walk by depth would take it too early.
  const Variable x = leaf(numbers({2}));
  const Variable h = square(x);
  Variable chain = h;
  for (int i = 0; i < 5; ++i) chain = mul(chain, 2);
  EXPECT_EQ(gradient(mul(chain, h), {x})[0].item(), 32 * 4 * 8);
}

TEST(Record, GivesUpWhatIsNotSaved) {
  const Variable x = leaf(Tensor::zeros({4}));
  std::weak_ptr<int> alive;
  Variable y;
  {
    auto held = std::make_shared<int>(1);
    alive = held;
    y = record("holds", Tensor::zeros({4}), {x}, [held](const Tensor& g, Sink& sink) { sink.add(0, g); });
  }
  EXPECT_FALSE(alive.expired());
  gradient(sum(y), {x});
  EXPECT_TRUE(alive.expired());
  const Variable constant(Tensor::zeros({4}));
  {
    auto held = std::make_shared<int>(1);
    alive = held;
    y = record("holds", Tensor::zeros({4}), {constant}, [held](const Tensor& g, Sink& sink) { sink.add(0, g); });
  }
  EXPECT_TRUE(alive.expired());
}

TEST(Record, RefusesAGradientOfAnotherShape) {
  const Variable x = leaf(numbers({1, 2}));
  const Variable y = record("odd", numbers({1}), {x}, [](const Tensor& g, Sink& sink) { sink.add(0, g); });
  EXPECT_EQ(complaint([&] { gradient(y, {x}); }), "[odd] backward sent f64[1] to input 0, which is f64[2]");
}

TEST(NoGradientScope, RecordsNothingAndEnds) {
  const Variable x = leaf(numbers({1, 2}));
  {
    const NoGradient off;
    EXPECT_FALSE(recording());
    EXPECT_FALSE(exp(x).needs_gradient());
    { const NoGradient inner; }
    EXPECT_FALSE(recording());
    GradientStore store;
    EXPECT_EQ(complaint([&] { backward(sum(x), store); }).find("[backward] the output depends on no leaf"), 0u);
  }
  EXPECT_TRUE(recording());
  EXPECT_TRUE(exp(x).needs_gradient());
}

}  // namespace
}  // namespace tamis::engine
