#include "tamis/engine/tensor/attention_fused.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "tamis/engine/tensor/attention.h"
#include "tamis/engine/tensor/storage.h"
#include "tests/reference/random_tensor.h"

namespace tamis::engine {
namespace {

std::vector<float> fused(const Tensor& qkv, std::int64_t begin, std::int64_t n, std::int64_t heads,
                         std::int64_t pieces) {
  const std::int64_t C = qkv.size(1) / 3;
  std::vector<float> y(n * C, NAN);
  const auto held = allocate(attention_scratch(n, C / heads) * sizeof(float));
  const float* const at = qkv.span<float>().data() + begin * 3 * C;
  for (std::int64_t p = 0; p < pieces; ++p) {
    attention_fused(at, n, heads, C / heads, heads * p / pieces, heads * (p + 1) / pieces, y.data(),
                    static_cast<float*>(held.get()));
  }
  return y;
}

TEST(AttentionFused, AgreesWithTheCompositeInF64) {
  for (const std::int64_t width : {1, 8, 20, 32, 64}) {
    for (const std::int64_t n : {1, 2, 3, 5, 8, 13, 16, 17, 33, 100, 257}) {
      const std::int64_t heads = 3;
      const Tensor qkv = reference::random_tensor({n, 3 * heads * width}, "qkv", DType::f32);
      const Tensor offsets = Tensor::from(std::vector<std::int32_t>{0, static_cast<std::int32_t>(n)}, {2});
      const Tensor exact = attention(qkv.to(DType::f64), offsets, heads, {}).y;
      const auto expected = exact.span<double>();
      const auto y = fused(qkv, 0, n, heads, 1);
      for (std::size_t i = 0; i < y.size(); ++i) ASSERT_NEAR(y[i], expected[i], 2e-6) << width << ' ' << n << ' ' << i;
    }
  }
}

TEST(AttentionFused, HeadsMayBeSharedOut) {
  const Tensor qkv = reference::random_tensor({21, 3 * 4 * 32}, "qkv", DType::f32);
  const auto whole = fused(qkv, 0, 21, 4, 1);
  for (const std::int64_t pieces : {2, 3, 4}) {
    const auto parts = fused(qkv, 0, 21, 4, pieces);
    EXPECT_EQ(std::memcmp(parts.data(), whole.data(), whole.size() * sizeof(float)), 0);
  }
}

// Scores beyond what e^x can hold, and a key that outweighs all others.
TEST(AttentionFused, LargeScoresAreNotOverflow) {
  Tensor qkv = Tensor::zeros({4, 3 * 8});
  auto values = qkv.span<float>();
  for (std::size_t t = 0; t < 4; ++t) {
    values[t * 24] = 100;                            // query
    values[t * 24 + 8] = t == 2 ? 100.0F : -100.0F;  // key
    values[t * 24 + 16] = static_cast<float>(t);     // value
  }
  for (std::size_t t = 0; t < 4; ++t) EXPECT_FLOAT_EQ(fused(qkv, 0, 4, 1, 1)[t * 8], 2);
}

}  // namespace
}  // namespace tamis::engine
