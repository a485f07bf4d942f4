#include <pthread.h>

#include "tamis/engine/tensor/storage.h"
#include "tests/engine/autograd/checked_gradients.h"

namespace tamis::engine {
namespace {

/// Runs a body on a thread with a stack of 256 KiB, far less than 100,000 calls within each other need.
void on_a_small_stack(const std::function<void()>& body) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, 256 * 1024), 0);
  pthread_t thread;
  const auto run = [](void* given) -> void* {
    (*static_cast<const std::function<void()>*>(given))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, const_cast<std::function<void()>*>(&body)), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

constexpr int kLong = 100'000;

Variable long_chain(const Variable& x) {
  Variable y = x;
  for (int i = 0; i < kLong; ++i) y = add(y, 1);
  return y;
}

TEST(LongChain, IsMadeWalkedAndDestroyed) {
  on_a_small_stack([] {
    const Variable x = leaf(Tensor::scalar(0.5, DType::f64));
    const Variable y = long_chain(x);
    EXPECT_EQ(y.value().item(), kLong + 0.5);
    EXPECT_EQ(gradient(y, {x}, {{}, true})[0].item(), 1);
    EXPECT_EQ(gradient(y, {x})[0].item(), 1);
  });
}

TEST(LongChain, IsDestroyedUnwalked) {
  on_a_small_stack([] {
    const Variable x = leaf(Tensor::scalar(0.5, DType::f64));
    { const Variable y = long_chain(x); }
    EXPECT_EQ(x.node().use_count(), 1);
  });
}

TEST(LongChain, WithTwoPathsThroughEveryOp) {
  on_a_small_stack([] {
    const Variable x = leaf(Tensor::scalar(1, DType::f64));
    Variable y = x;
    for (int i = 0; i < kLong / 10; ++i) y = mul(add(y, y), 0.5);
    EXPECT_EQ(gradient(y, {x})[0].item(), 1);
  });
}

std::int64_t live() {
  return static_cast<std::int64_t>(tensor_memory().live);
}

constexpr std::int64_t kBytes = 1024 * 4;

/// Bytes that stay alive because of the op when only its result's graph is held.
std::int64_t kept_by(const std::function<Variable(const Variable&)>& op) {
  const Variable x = leaf(Tensor::full({1024}, 1.5));
  // Its value dies with the handle unless the op saves it.
  Variable h = mul(x, 2);
  const std::int64_t before = live() - kBytes;
  Variable y = op(h);
  h = {};
  const std::shared_ptr<Node> graph = y.node();
  y = {};
  return live() - before;
}

TEST(SavedTensors, AreOnlyWhatTheGradientNeeds) {
  const Variable other = leaf(Tensor::full({1024}, 3)), constant(Tensor::full({1024}, 3));
  EXPECT_EQ(kept_by([&](const Variable& x) { return add(x, other); }), 0);
  EXPECT_EQ(kept_by([&](const Variable& x) { return mul(x, 3.0); }), 0);
  EXPECT_EQ(kept_by([&](const Variable& x) { return sum(x); }), 0);
  EXPECT_EQ(kept_by([&](const Variable& x) { return dropout(x, {0.5, {1, 2}, 3, 0}); }), 0);
  EXPECT_EQ(kept_by([&](const Variable& x) { return relu(x); }), kBytes);
  EXPECT_EQ(kept_by([&](const Variable& x) { return mul(x, constant); }), 0);  // the constant is held anyway
  EXPECT_EQ(kept_by([&](const Variable& x) { return mul(x, other); }), kBytes);
  EXPECT_EQ(kept_by([&](const Variable& x) { return matmul(reshape(x, {32, 32}), reshape(constant, {32, 32})); }), 0);
}

TEST(SavedTensors, GoAsTheWalkGoes) {
  const Variable x = leaf(Tensor::full({1024}, 0.5));
  Variable y = x;
  for (int i = 0; i < 20; ++i) y = tanh(y);
  y = sum(y);
  reset_tensor_peak();
  const std::int64_t before = live();
  const auto g = gradient(y, {x});
  // Each step back frees one value and needs one gradient more for a moment: never twice the forward's memory.
  EXPECT_LE(static_cast<std::int64_t>(tensor_memory().peak), before + 4 * kBytes);
  y = {};
  EXPECT_LE(live(), 2 * kBytes + before - 20 * kBytes);
}

}  // namespace
}  // namespace tamis::engine
