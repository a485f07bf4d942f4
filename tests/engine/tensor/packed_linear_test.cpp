#include "tamis/engine/tensor/packed_linear.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "tamis/engine/tensor/matmul.h"
#include "tamis/engine/tensor/packed_kernel.h"
#include "tamis/engine/tensor/packed_loops_f32.h"
#include "tests/reference/random_tensor.h"

namespace tamis::engine {
namespace {

std::vector<float> numbers(std::int64_t count, std::string_view purpose) {
  const Tensor drawn = reference::random_tensor({count}, purpose, DType::f32);
  const auto values = drawn.span<float>();
  return {values.begin(), values.end()};
}

double gelu_of(double x, Epilogue kind) {
  if (kind == Epilogue::gelu) return 0.5 * x * std::erfc(-x / std::numbers::sqrt2);
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}

struct Case {
  std::int64_t rows, in, out;
  Epilogue epilogue;
  bool bias;
};

/// Largest difference from the sum in f64, in units of the largest number of the result.
double error_of(const Case& c, WeightPrecision precision, int threads = 1) {
  const auto weight = numbers(c.in * c.out, "weight");
  const auto bias = c.bias ? numbers(c.out, "bias") : std::vector<float>();
  const auto x = numbers(c.rows * c.in, "x");
  const auto before = numbers(c.rows * c.out, "y");
  auto y = before;
  PackedLinear(weight, bias, c.in, c.out, c.epilogue, precision).run(x.data(), y.data(), c.rows, threads);
  double worst = 0, largest = 0;
  for (std::int64_t r = 0; r < c.rows; ++r) {
    for (std::int64_t o = 0; o < c.out; ++o) {
      double sum = c.bias ? bias[o] : 0;
      for (std::int64_t i = 0; i < c.in; ++i) sum += double{x[r * c.in + i]} * double{weight[o * c.in + i]};
      if (c.epilogue == Epilogue::add) sum += before[r * c.out + o];
      if (c.epilogue == Epilogue::gelu || c.epilogue == Epilogue::gelu_tanh) sum = gelu_of(sum, c.epilogue);
      worst = std::max(worst, std::fabs(sum - y[r * c.out + o]));
      largest = std::max(largest, std::fabs(sum));
    }
  }
  return worst / largest;
}

const std::vector<Case> kCases = {{1, 1, 1, Epilogue::store, true},      {3, 7, 5, Epilogue::store, false},
                                  {13, 48, 33, Epilogue::gelu, true},    {64, 48, 32, Epilogue::add, true},
                                  {65, 96, 17, Epilogue::add, false},    {130, 33, 64, Epilogue::gelu_tanh, true},
                                  {17, 384, 129, Epilogue::gelu, false}, {70, 129, 96, Epilogue::store, true}};

TEST(PackedLinear, F32AgreesWithTheSumInF64) {
  for (const Case& c : kCases)
    EXPECT_LT(error_of(c, WeightPrecision::f32), 1e-6) << c.rows << ' ' << c.in << ' ' << c.out;
}

TEST(PackedLinear, TwoThreadsGiveTheSameAsOne) {
  for (const Case& c : kCases) EXPECT_LT(error_of(c, WeightPrecision::f32, 2), 1e-6);
}

TEST(PackedLinear, Bf16IsWithinItsRounding) {
  if (!has_bf16()) GTEST_SKIP() << "this CPU does not multiply bf16";
  for (const Case& c : kCases) EXPECT_LT(error_of(c, WeightPrecision::bf16), 1.0 / 128) << c.rows << ' ' << c.in;
}

TEST(PackedLinear, Int8IsWithinItsRounding) {
  for (const Case& c : kCases) EXPECT_LT(error_of(c, WeightPrecision::int8), 1.0 / 32) << c.rows << ' ' << c.in;
}

TEST(PackedLinear, ARowDoesNotDependOnTheOthers) {
  // BERT's own sizes: there kernels cut the inputs into pieces.
  const std::vector<std::pair<std::int64_t, std::int64_t>> sizes = {{384, 1152}, {1536, 384}, {3072, 768}, {100, 77}};
  for (const auto precision : {WeightPrecision::f32, WeightPrecision::int8, WeightPrecision::bf16}) {
    if (precision == WeightPrecision::bf16 && !has_bf16()) continue;
    for (const auto& [in, out] : sizes) {
      const PackedLinear linear(numbers(in * out, "weight"), numbers(out, "bias"), in, out, Epilogue::gelu, precision);
      const auto x = numbers(150 * in, "x");
      std::vector<float> all(150 * out);
      linear.run(x.data(), all.data(), 150);
      for (const std::int64_t count : {1, 2, 4, 5, 13, 28, 63, 64, 100}) {
        for (const int threads : {1, 2, 3}) {
          const std::int64_t first = 150 - count;
          std::vector<float> some(count * out);
          linear.run(x.data() + first * in, some.data(), count, threads);
          EXPECT_EQ(std::memcmp(some.data(), all.data() + first * out, some.size() * sizeof(float)), 0)
              << name(precision) << ' ' << in << " -> " << out << ", " << count << " rows, " << threads << " threads";
        }
      }
    }
  }
}

// The sums of bytes are exact even where every product is as large as can be and has the same sign: a CPU that adds
// pairs of products in 16 bits would stop at 32767 if weights went up to 127.
TEST(PackedLinear, BytesDoNotSaturate) {
  const std::int64_t in = 1024, out = 32, rows = 8;
  const float most = cpu_adds_bytes_exactly() ? 127 : 63;
  for (const float sign : {1.0F, -1.0F}) {
    const std::vector<float> weight(in * out, sign), x(rows * in, 1.0F);
    std::vector<float> y(rows * out);
    PackedLinear(weight, {}, in, out, Epilogue::store, WeightPrecision::int8).run(x.data(), y.data(), rows);
    for (const float sum : y) EXPECT_NEAR(sum, sign * in, 1e-3) << "weights up to " << most;
  }
}

TEST(PackedLinear, Bf16RoundsToEvenAndKeepsNaN) {
  const std::vector<float> x = {1.0F,     1.00390625F, 1.01171875F, -0.0F,       NAN,   INFINITY,
                                3.0e38F,  1.0F,        1.00390625F, 1.01171875F, -0.0F, NAN,
                                INFINITY, 3.0e38F,     2.0F,        -2.0F,       0.5F};
  std::vector<std::uint16_t> y(x.size());
  packed_loops().to_bf16(x.data(), y.data(), static_cast<std::int64_t>(x.size()));
  const std::vector<std::uint16_t> expected = {0x3f80, 0x3f80, 0x3f82, 0x8000, 0x7fc0, 0x7f80, 0x7f62};
  for (std::size_t i = 0; i < 14; ++i) EXPECT_EQ(y[i] & (i % 7 == 4 ? 0x7fff : 0xffff), expected[i % 7]) << i;
  EXPECT_EQ(y[16], 0x3f00);
}

TEST(PackedLinear, QuantizesARow) {
  const std::vector<float> x = {0, 1.27F, -1.27F, 0.01F, 0.005F, -0.016F, NAN, 0.5F};
  std::vector<std::uint8_t> y(x.size());
  float scale = 0;
  packed_loops().quantize_row(x.data(), y.data(), static_cast<std::int64_t>(x.size()), &scale);
  EXPECT_FLOAT_EQ(scale, 0.01F);
  EXPECT_EQ(y, (std::vector<std::uint8_t>{128, 255, 1, 129, y[4], 126, 128, 178}));
  EXPECT_TRUE(y[4] == 128 || y[4] == 129);  // a tie, up to the rounding of the scale
  const std::vector<float> zeros(40, 0.0F);
  std::vector<std::uint8_t> middle(40);
  packed_loops().quantize_row(zeros.data(), middle.data(), 40, &scale);
  EXPECT_EQ(scale, 1);
  for (const auto byte : middle) EXPECT_EQ(byte, 128);
}

TEST(PackedLinear, RefusesWhatDoesNotFit) {
  const std::vector<float> weight(6), bias(2);
  EXPECT_THROW(PackedLinear(weight, bias, 2, 2, Epilogue::store, WeightPrecision::f32), std::invalid_argument);
  EXPECT_THROW(PackedLinear(weight, bias, 2, 3, Epilogue::store, WeightPrecision::f32), std::invalid_argument);
  EXPECT_THROW(PackedLinear({}, {}, 0, 0, Epilogue::store, WeightPrecision::f32), std::invalid_argument);
  const std::vector<float> endless = {1, INFINITY};
  EXPECT_THROW(PackedLinear(endless, {}, 2, 1, Epilogue::store, WeightPrecision::int8), std::invalid_argument);
  if (!has_bf16()) {
    EXPECT_THROW(PackedLinear(weight, bias, 3, 2, Epilogue::store, WeightPrecision::bf16), std::invalid_argument);
  }
}

}  // namespace
}  // namespace tamis::engine
