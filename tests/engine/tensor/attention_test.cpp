#include "tamis/engine/tensor/attention.h"

#include <cmath>

#include "tamis/base/parallel.h"
#include "tests/reference/compare_tensors.h"
#include "tests/reference/naive_attention.h"
#include "tests/reference/random_tensor.h"

namespace tamis::engine {
namespace {

using reference::naive_attention;
using reference::random_tensor;
using reference::refusal;
using reference::relative_error;
using reference::same_bits;

constexpr DType kReals[] = {DType::f64, DType::f32};

Tensor offsets_of(const std::vector<std::int32_t>& offsets) {
  return Tensor::from(offsets, {static_cast<std::int64_t>(offsets.size())});
}

double everything_kept(std::int64_t, std::int64_t, std::int64_t, std::int64_t) {
  return 1;
}

struct Case {
  std::vector<std::int32_t> offsets;
  std::int64_t channels, heads;
};
const std::vector<Case>& cases() {
  static const std::vector<Case> all = {{{0, 1}, 1, 1},           {{0, 3}, 4, 2},       {{0, 1, 8, 13}, 6, 3},
                                        {{0, 32, 64, 71}, 32, 1}, {{0, 17, 50}, 34, 2}, {{0, 5, 6, 70}, 64, 4}};
  return all;
}

TEST(Attention, ByHand) {
  // Two tokens, one head of one channel: scores q k^T; the first query is 0, so it weighs both values alike.
  const Tensor qkv = Tensor::from<double>({0, 1, 10, std::log(3.0), 2, 30}, {2, 3});
  for (const DType dtype : kReals) {
    const Attended attended = attention(qkv.to(dtype), offsets_of({0, 2}), 1, {});
    EXPECT_NEAR(attended.y.at(0), 20, 1e-5);
    // The second: scores ln 3 and 2 ln 3, weights 1/4 and 3/4.
    EXPECT_NEAR(attended.y.at(1), 25, 1e-5);
    EXPECT_NEAR(attended.probabilities.at(3), 0.75, 1e-6);
  }
}

TEST(Attention, AgainstTheDefinition) {
  for (const Case& test : cases()) {
    const Tensor qkv = random_tensor({test.offsets.back(), 3 * test.channels}, "qkv");
    const Tensor expected = naive_attention(qkv, test.offsets, test.heads, everything_kept);
    for (const DType dtype : kReals) {
      const Attended attended = attention(qkv.to(dtype), offsets_of(test.offsets), test.heads, {});
      EXPECT_LE(relative_error(attended.y, expected), dtype == DType::f64 ? 1e-13 : 1e-5);
    }
  }
}

TEST(Attention, ProbabilitiesLieByHeadAndSumToOne) {
  const Tensor qkv = random_tensor({7, 12}, "qkv");
  const Attended attended = attention(qkv, offsets_of({0, 3, 7}), 2, {});
  ASSERT_EQ(attended.probabilities.shape(), Shape{2 * 9 + 2 * 16});
  for (std::int64_t at = 18; at < 50; at += 4) {
    double sum = 0;
    for (std::int64_t j = 0; j < 4; ++j) sum += attended.probabilities.at(at + j);
    EXPECT_NEAR(sum, 1, 1e-14);
  }
}

TEST(Attention, DropsWhatTheMaskOfTheWholeBatchDrops) {
  const std::vector<std::int32_t> offsets = {0, 5, 9, 26};
  const Tensor qkv = random_tensor({26, 24}, "qkv");
  const Dropout mask{0.3, {11, 22}, 5, 40};  // the shard's first sequence is the batch's 41st
  const std::int64_t heads = 2;
  const auto factor = [&](std::int64_t b, std::int64_t h, std::int64_t i, std::int64_t j) {
    const auto at = static_cast<std::size_t>(b);
    const std::int64_t n = offsets[at + 1] - offsets[at];
    Dropout single = mask;
    single.first =
        ((mask.first + static_cast<std::uint64_t>(b)) << 32) + static_cast<std::uint64_t>((h * n + i) * n + j);
    return dropout_mask({1}, single, DType::f64).item();
  };
  const Tensor expected = naive_attention(qkv, offsets, heads, factor);
  EXPECT_GT(relative_error(expected, naive_attention(qkv, offsets, heads, everything_kept)), 0.05);
  for (const DType dtype : kReals) {
    const Attended attended = attention(qkv.to(dtype), offsets_of(offsets), heads, mask);
    EXPECT_LE(relative_error(attended.y, expected), dtype == DType::f64 ? 1e-13 : 1e-5);
  }
}

TEST(Attention, GradientAgainstDifferences) {
  for (const double rate : {0.0, 0.4}) {
    const Dropout mask{rate, {3, 4}, 9, 2};
    const Tensor offsets = offsets_of({0, 4, 5, 11});
    const Tensor qkv = random_tensor({11, 18}, "qkv");
    const Tensor g = random_tensor({11, 6}, "g");
    const auto loss = [&](const Tensor& at) {
      const Tensor y = attention(at, offsets, 3, mask).y;
      double sum = 0;
      for (std::int64_t i = 0; i < y.elements(); ++i) sum += y.at(i) * g.at(i);
      return sum;
    };
    const Attended attended = attention(qkv, offsets, 3, mask);
    const Tensor slope = attention_backward(g, qkv, offsets, 3, attended.probabilities, mask);
    for (std::int64_t i = 0; i < qkv.elements(); ++i) {
      constexpr double step = 1e-5;
      Tensor above = qkv.clone();
      Tensor below = qkv.clone();
      above.data<double>()[i] += step;
      below.data<double>()[i] -= step;
      EXPECT_NEAR(slope.at(i), (loss(above) - loss(below)) / (2 * step), 1e-8);
    }
    const auto narrow = [](const Tensor& x) { return x.to(DType::f32); };
    const Attended fast = attention(narrow(qkv), offsets, 3, mask);
    EXPECT_LE(relative_error(attention_backward(narrow(g), narrow(qkv), offsets, 3, fast.probabilities, mask), slope),
              1e-5);
  }
}

TEST(Attention, LargerSizesInF32AgainstF64) {
  for (const Case& test : cases()) {
    const Tensor qkv = random_tensor({test.offsets.back(), 3 * test.channels}, "qkv");
    const Tensor g = random_tensor({test.offsets.back(), test.channels}, "g");
    const Tensor offsets = offsets_of(test.offsets);
    const Dropout mask{0.1, {1, 2}, 3, 4};
    const Attended oracle = attention(qkv, offsets, test.heads, mask);
    const Tensor expected = attention_backward(g, qkv, offsets, test.heads, oracle.probabilities, mask);
    const Attended fast = attention(qkv.to(DType::f32), offsets, test.heads, mask);
    const Tensor slope =
        attention_backward(g.to(DType::f32), qkv.to(DType::f32), offsets, test.heads, fast.probabilities, mask);
    // A single token attends to itself alone: the gradients of its query and key are exactly 0.
    EXPECT_LE(relative_error(slope, expected), 1e-5);
  }
}

/// The rows and probabilities of sequence `b` when it is alone must be, bit for bit, those it has among others.
TEST(Attention, ASequenceDoesNotDependOnItsNeighbours) {
  for (const std::int64_t width : {32, 7}) {
    const std::int64_t heads = 3;
    const std::vector<std::int32_t> bounds = {0, 9, 41, 42, 79};
    const Tensor qkv = random_tensor({79, 3 * heads * width}, "qkv", DType::f32);
    const Tensor g = random_tensor({79, heads * width}, "g", DType::f32);
    const Dropout mask{0.1, {5, 6}, 7, 100};
    const Attended together = attention(qkv, offsets_of(bounds), heads, mask);
    const Tensor slope = attention_backward(g, qkv, offsets_of(bounds), heads, together.probabilities, mask);
    for (std::size_t b = 0; b + 1 < bounds.size(); ++b) {
      const auto rows = [&](const Tensor& x) { return x.slice(0, bounds[b], bounds[b + 1]); };
      const Tensor offsets = offsets_of({0, bounds[b + 1] - bounds[b]});
      Dropout own = mask;
      own.first += b;
      const Attended alone = attention(rows(qkv).clone(), offsets, heads, own);
      EXPECT_TRUE(same_bits(alone.y, rows(together.y)));
      EXPECT_TRUE(
          same_bits(attention_backward(rows(g).clone(), rows(qkv).clone(), offsets, heads, alone.probabilities, own),
                    rows(slope)));
    }
  }
}

TEST(Attention, SameBitsAtAnyNumberOfThreads) {
  const Tensor qkv = random_tensor({140, 192}, "qkv", DType::f32);
  const Tensor offsets = offsets_of({0, 100, 140});
  const int before = threads();
  set_threads(1);
  const Attended one = attention(qkv, offsets, 2, {});
  set_threads(3);
  const Attended three = attention(qkv, offsets, 2, {});
  set_threads(before);
  EXPECT_TRUE(same_bits(one.y, three.y));
  EXPECT_TRUE(same_bits(one.probabilities, three.probabilities));
}

TEST(Attention, RefusesByName) {
  const Tensor qkv = Tensor::zeros({6, 12});
  EXPECT_EQ(refusal([&] {
              attention(qkv, offsets_of({0, 6}), 3, {});
            }),
            "[attention] qkv f32[6, 12], 3 heads: qkv must be [T, 3 C] with C divisible by heads");
  EXPECT_EQ(refusal([&] {
              attention(qkv, offsets_of({0, 6}), 0, {});
            }),
            "[attention] qkv f32[6, 12], 0 heads: qkv must be [T, 3 C] with C divisible by heads");
  EXPECT_EQ(refusal([&] { attention(qkv, Tensor::zeros({2}), 2, {}); }),
            "[attention] offsets f32[2]: they must be i32[B + 1], B at least 1");
  EXPECT_EQ(refusal([&] {
              attention(qkv, offsets_of({0, 5}), 2, {});
            }),
            "[attention] offsets 0 .. 5 must go from 0 to the 6 tokens of qkv");
  EXPECT_EQ(refusal([&] {
              attention(qkv, offsets_of({0, 3, 3, 6}), 2, {});
            }),
            "[attention] sequence 1 is tokens 3 .. 2: it is empty");
  Dropout all;
  all.rate = 1;
  EXPECT_EQ(refusal([&] {
              attention(qkv, offsets_of({0, 6}), 2, all);
            }),
            "[attention] dropout rate 1 must be at least 0 and below 1");
  EXPECT_EQ(refusal([&] {
              attention_backward(Tensor::zeros({6, 4}), qkv, offsets_of({0, 6}), 2, Tensor::zeros({71}), {});
            }),
            "[attention_backward] g [6, 4], qkv [6, 12], probabilities [71] do not belong together");
}

}  // namespace
}  // namespace tamis::engine
