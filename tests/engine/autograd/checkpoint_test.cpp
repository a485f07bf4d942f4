#include "tamis/engine/tensor/storage.h"
#include "tests/engine/autograd/checked_gradients.h"

namespace tamis::engine {
namespace {

struct Net {
  Variable first = leaf(uniform({5, 3}, -1, 1, 1)), second = leaf(uniform({3, 5}, -1, 1, 2));
  int runs = 0;
  Variable operator()(const std::vector<Variable>& in) {
    ++runs;
    const Variable h = dropout(tanh(linear(in[0], first, {})), {0.3, {1, 2}, 4, 0});
    return mul(linear(h, second, {}), in.size() > 1 ? in[1] : in[0]);
  }
};

TEST(Checkpoint, GivesTheSameValueAndGradients) {
  Net net;
  const Variable x = leaf(uniform({4, 3}, -1, 1, 3)), scale = leaf(uniform({3}, -1, 1, 4));
  const auto run = [&](bool checkpointed) {
    const Variable h = exp(x);
    const std::vector<Variable> in{h, scale};
    const Variable y = checkpointed ? checkpoint(std::ref(net), in) : net(in);
    const Variable loss = sum(square(y));
    std::vector<Tensor> found = gradient(loss, {x, h, scale, net.first, net.second}, {{}, true});
    GradientStore store;
    backward(loss, store);
    for (const Variable& leaf : {x, scale, net.first, net.second}) found.push_back(store.of(leaf));
    found.push_back(y.value());
    return found;
  };
  const auto plain = run(false), again = run(true);
  ASSERT_EQ(plain.size(), again.size());
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_EQ(plain[i].numbers(), again[i].numbers()) << i;
  EXPECT_EQ(net.runs, 1 + 3);
}

TEST(Checkpoint, AgreesWithDifferences) {
  Net net;
  const auto result = gradcheck([&](const auto& in) { return checkpoint(std::ref(net), in); },
                                {uniform({4, 3}, -1, 1, 3), uniform({3}, -1, 1, 4)});
  EXPECT_LE(result.largest, 1e-6);
}

TEST(Checkpoint, ReachesWeightsWhenNoInputNeedsGradients) {
  Net net;
  const Variable x(uniform({4, 3}, -1, 1, 3));
  const Variable y = sum(checkpoint(std::ref(net), {x}));
  ASSERT_TRUE(y.needs_gradient());
  EXPECT_EQ(gradient(y, {net.first})[0].numbers(), gradient(sum(net({x})), {net.first})[0].numbers());
}

TEST(Checkpoint, WithinACheckpoint) {
  Net net;
  const Variable x = leaf(uniform({4, 3}, -1, 1, 3));
  const auto outer = [&](const std::vector<Variable>& in) { return tanh(checkpoint(std::ref(net), in)); };
  const auto nested = gradient(sum(checkpoint(outer, {x})), {x, net.first, net.second});
  const auto plain = gradient(sum(tanh(net({x}))), {x, net.first, net.second});
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_EQ(nested[i].numbers(), plain[i].numbers()) << i;
}

TEST(Checkpoint, IsNotRecordedWithoutNeed) {
  Net net;
  const auto plain = [](const std::vector<Variable>& in) { return exp(in[0]); };
  EXPECT_FALSE(checkpoint(plain, {Variable(uniform({2}, -1, 1, 1))}).needs_gradient());
  const NoGradient off;
  EXPECT_FALSE(checkpoint(std::ref(net), {leaf(uniform({4, 3}, -1, 1, 3))}).needs_gradient());
}

TEST(Checkpoint, RefusesHistoryFromOutside) {
  const Variable x = leaf(uniform({3}, -1, 1, 1)), outside = exp(x);
  const Variable y = checkpoint([&](const auto& in) { return mul(in[0], outside); }, {x});
  EXPECT_EQ(complaint([&] { gradient(sum(y), {x}); }),
            "[checkpoint] the segment uses a variable made by exp outside; pass it as an input");
}

TEST(Checkpoint, RefusesASegmentThatChanges) {
  const Variable x = leaf(uniform({3}, -1, 1, 1));
  int run = 0;
  const Variable y = checkpoint([&](const auto& in) { return run++ == 0 ? in[0] : sum(in[0]); }, {x});
  EXPECT_EQ(complaint([&] { gradient(sum(y), {x}); }),
            "[checkpoint] the segment gave f64[3] at first and f64[] when run again");
}

TEST(Checkpoint, DoesNotKeepIntermediates) {
  const Variable x = leaf(Tensor::full({1024}, 0.5));
  const auto deep = [](const std::vector<Variable>& in) {
    Variable y = in[0];
    for (int i = 0; i < 10; ++i) y = tanh(y);
    return y;
  };
  const std::uint64_t before = tensor_memory().live;
  const Variable y = checkpoint(deep, {x});
  EXPECT_EQ(tensor_memory().live - before, 4096u);
  const Variable z = deep({x});
  EXPECT_EQ(tensor_memory().live - before, 11 * 4096u);
}

}  // namespace
}  // namespace tamis::engine
