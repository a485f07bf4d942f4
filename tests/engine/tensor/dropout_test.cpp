#include "tamis/engine/tensor/dropout.h"

#include "tamis/engine/tensor/elementwise.h"
#include "tamis/engine/tensor/reduce.h"
#include "tests/reference/compare_tensors.h"
#include "tests/reference/naive_tensor.h"

namespace tamis::engine {
namespace {

using reference::refusal;
using reference::uniform_tensor;

/// As the header says: word position % 4 of the block position / 4.
bool kept(const Dropout& mask, std::uint64_t i) {
  const std::uint64_t position = mask.first + i, block = position / 4;
  const auto words = philox4x32_10({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
                                    static_cast<std::uint32_t>(mask.step), static_cast<std::uint32_t>(mask.step >> 32)},
                                   mask.key);
  return words[position % 4] >= mask.rate * 0x1p32;
}

TEST(Dropout, DropsWhatTheAddressedNumbersSay) {
  const std::uint64_t far = (std::uint64_t{1} << 34) - 20;  // the block's number grows beyond 32 bits
  for (const std::int64_t n : {1, 2, 5, 16, 31, 257, 2047, 2049, 5000}) {
    for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{3}, far}) {
      const Dropout mask{0.3, {0x12345678U, 0x9abcdef0U}, (std::uint64_t{7} << 32) + 5, first};
      const Tensor x = uniform_tensor({n}, 1);
      const Tensor y = dropout(x, mask), y32 = dropout(x.to(DType::f32), mask);
      for (std::int64_t i = 0; i < n; ++i) {
        const double expected = kept(mask, static_cast<std::uint64_t>(i)) ? x.at(i) / 0.7 : 0;
        ASSERT_NEAR(y.at(i), expected, 1e-14) << n << " " << first << " " << i;
        ASSERT_NEAR(y32.at(i), expected, 1e-6);
      }
    }
  }
}

TEST(Dropout, ShardsMakeTheMaskOfTheBatch) {
  const Tensor x = Tensor::full({10, 33}, 1);
  Dropout mask{0.5, {1, 2}, 3, 0};
  const Tensor whole = dropout(x, mask);
  mask.first = 4 * 33;
  EXPECT_EQ(dropout(x.slice(0, 4, 10), mask).numbers(), whole.slice(0, 4, 10).numbers());
}

TEST(Dropout, KeepsTheMean) {
  for (const double rate : {0.1, 0.5, 0.9}) {
    const Tensor factors = dropout_mask({400, 500}, {rate, {1, 2}, 3, 0}, DType::f64);
    // The mean of 200,000 factors has the standard deviation sqrt(rate / (1 - rate) / 200,000); five of them.
    EXPECT_NEAR(mean(factors).item(), 1, 5 * std::sqrt(rate / (1 - rate) / 200000)) << rate;
    EXPECT_EQ(max(factors).item(), 1 / (1 - rate));
    EXPECT_EQ(min(factors).item(), 0);
  }
}

TEST(Dropout, StepsAndKeysDiffer) {
  const Tensor a = dropout_mask({1000}, {0.5, {1, 2}, 3, 0});
  EXPECT_EQ(a.numbers(), dropout_mask({1000}, {0.5, {1, 2}, 3, 0}).numbers());
  EXPECT_NE(a.numbers(), dropout_mask({1000}, {0.5, {1, 2}, 4, 0}).numbers());
  EXPECT_NE(a.numbers(), dropout_mask({1000}, {0.5, {1, 3}, 3, 0}).numbers());
}

TEST(Dropout, EndsOfTheRate) {
  const Tensor x = uniform_tensor({100}, 1);
  EXPECT_EQ(dropout(x, {0, {1, 2}, 3, 0}).numbers(), x.numbers());
  EXPECT_DOUBLE_EQ(dropout(x, {1e-12, {1, 2}, 3, 0}).at(50), x.at(50) / (1 - 1e-12));
  EXPECT_EQ(dropout(x, {1 - 1e-12, {1, 2}, 3, 0}).numbers(), std::vector<double>(100));
  EXPECT_EQ(refusal([&] { dropout(x, {1, {1, 2}, 3, 0}); }), "[dropout] rate 1 must be at least 0 and below 1");
  EXPECT_EQ(refusal([&] { dropout(x, {-0.1, {1, 2}, 3, 0}); }), "[dropout] rate -0.1 must be at least 0 and below 1");
  EXPECT_EQ(refusal([&] { dropout(x, {NAN, {1, 2}, 3, 0}); }), "[dropout] rate nan must be at least 0 and below 1");
  EXPECT_EQ(refusal([&] {
              dropout(Tensor({2}, DType::i32), {0.5, {1, 2}, 3, 0});
            }),
            "[dropout] i32[2]: only f32 and f64; convert with to()");
  EXPECT_EQ(refusal([&] { dropout(Tensor(), {0.5, {1, 2}, 3, 0}); }), "[dropout] the tensor is undefined");
}

}  // namespace
}  // namespace tamis::engine
