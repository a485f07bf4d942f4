#include "tamis/engine/tensor/packed_linear.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "tamis/base/error.h"
#include "tamis/engine/tensor/matmul.h"
#include "tamis/engine/tensor/packed_kernel.h"
#include "tamis/engine/tensor/packed_loops_f32.h"
#include "tamis/engine/tensor/sharded_cache.h"
#include "tamis/engine/tensor/storage.h"

namespace tamis::engine {

namespace {

/// The height that all others have to agree with. Those for one thread are multiples of it, for a kernel is dear to
/// make; a single text, which threads share, has one of its own height.
constexpr std::int64_t kLeastRows = 4;

std::int64_t rounded_up(std::int64_t rows) {
  return (rows + kLeastRows - 1) / kLeastRows * kLeastRows;
}

/// Numbers for trying a kernel out: none is round, so another order of summing shows.
std::vector<float> made_up(std::int64_t count) {
  std::vector<float> numbers(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = static_cast<float>(std::sin(0.7 * static_cast<double>(i)));
  return numbers;
}

template <typename T>
T* memory_for(std::shared_ptr<void>& holder, std::int64_t count) {
  holder = allocate(static_cast<std::size_t>(count) * sizeof(T));
  return static_cast<T*>(holder.get());
}

}  // namespace

std::string_view name(WeightPrecision precision) {
  switch (precision) {
    case WeightPrecision::bf16:
      return "bf16";
    case WeightPrecision::int8:
      return "int8";
    case WeightPrecision::f32:
      break;
  }
  return "f32";
}

void require_precision(WeightPrecision precision) {
  if (precision == WeightPrecision::bf16 && !has_bf16()) {
    fail_caller("precision", "bf16 needs a CPU with AVX-512 BF16; this one computes in f32 or int8");
  }
}

struct PackedLinear::Inside {
  std::int64_t in, out;
  Epilogue epilogue;
  WeightPrecision precision;
  PackedWeights weights;
  std::vector<float> bias;          ///< int8: zeros where there is none
  std::vector<float> scale;         ///< int8: of each output
  std::vector<std::int32_t> shift;  ///< int8: 128 times the sum of each output's weights

  void pack_bytes(std::span<const float> weight);
  PackedKernel kernel(std::int64_t rows, int threads) const {
    if (precision == WeightPrecision::int8) return {precision, rows, in, out, Epilogue::store, false, threads};
    return {precision, rows, in, out, epilogue, !bias.empty(), threads};
  }
  void block(const float* x, float* y, std::int64_t rows, int threads) const;
  bool agrees(std::int64_t rows, int threads) const;
  bool try_out(std::int64_t rows, int threads) const;
  void any_rows(const float* x, float* y, std::int64_t rows, int threads) const;
};

void PackedLinear::Inside::pack_bytes(std::span<const float> weight) {
  const float most = cpu_adds_bytes_exactly() ? 127 : 63;
  std::vector<std::int8_t> bytes(weight.size());
  scale.resize(static_cast<std::size_t>(out));
  shift.resize(static_cast<std::size_t>(out));
  if (bias.empty()) bias.resize(static_cast<std::size_t>(out));
  for (std::int64_t o = 0; o < out; ++o) {
    const auto row = weight.subspan(static_cast<std::size_t>(o * in), static_cast<std::size_t>(in));
    float size = 0;
    for (const float w : row) size = std::max(size, std::fabs(w));
    if (!std::isfinite(size)) fail_caller("int8", fmt::format("weights of output {} are not finite; use f32", o));
    const float step = size > 0 ? size / most : 1;
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const auto byte = static_cast<std::int8_t>(std::lrint(row[i] / step));
      bytes[static_cast<std::size_t>(o * in) + i] = byte;
      sum += byte;
    }
    scale[static_cast<std::size_t>(o)] = step;
    shift[static_cast<std::size_t>(o)] = 128 * sum;
  }
  weights = pack_weights(precision, in, out, bytes.data());
}

void PackedLinear::Inside::block(const float* x, float* y, std::int64_t rows, int threads) const {
  const PackedKernel of = kernel(rows, threads);
  std::shared_ptr<void> narrow, sums, scales;
  switch (precision) {
    case WeightPrecision::f32:
      return run_kernel(of, weights, bias.data(), x, y);
    case WeightPrecision::bf16: {
      auto* const halves = memory_for<std::uint16_t>(narrow, rows * in);
      packed_loops().to_bf16(x, halves, rows * in);
      return run_kernel(of, weights, bias.data(), halves, y);
    }
    case WeightPrecision::int8: {
      auto* const bytes = memory_for<std::uint8_t>(narrow, rows * in);
      auto* const row_scales = memory_for<float>(scales, rows);
      auto* const totals = memory_for<std::int32_t>(sums, rows * out);
      for (std::int64_t r = 0; r < rows; ++r)
        packed_loops().quantize_row(x + r * in, bytes + r * in, in, row_scales + r);
      run_kernel(of, weights, nullptr, bytes, totals);
      packed_loops().dequantize({totals, row_scales, scale.data(), shift.data(), bias.data()}, y, rows, out, epilogue);
    }
  }
}

bool PackedLinear::Inside::try_out(std::int64_t rows, int threads) const {
  const std::int64_t padded = rounded_up(rows);
  const std::vector<float> x = made_up(padded * in);
  std::vector<float> low = made_up(padded * out);  // an epilogue adds to what is there
  std::vector<float> high(low.begin(), low.begin() + rows * out);
  block(x.data(), high.data(), rows, threads);
  for (std::int64_t r = 0; r < rows; r += kLeastRows) block(x.data() + r * in, low.data() + r * out, kLeastRows, 1);
  return std::memcmp(high.data(), low.data(), high.size() * sizeof(float)) == 0;
}

bool PackedLinear::Inside::agrees(std::int64_t rows, int threads) const {
  if (rows == kLeastRows && threads == 1) return true;
  if (precision == WeightPrecision::int8) return true;  // sums of integers are exact in any order
  static auto* const verdicts = new ShardedCache<bool, 7>;
  return *verdicts->get({static_cast<std::int64_t>(precision), rows, in, out, static_cast<std::int64_t>(epilogue),
                         bias.empty() ? 0 : 1, threads},
                        [&] { return try_out(rows, threads); });
}

void PackedLinear::Inside::any_rows(const float* x, float* y, std::int64_t rows, int threads) const {
  std::int64_t step = threads > 1 ? rows : rounded_up(rows);
  int team = threads;
  while (!agrees(step, team)) {
    if (step <= kLeastRows) team = 1;
    step = std::max(kLeastRows, step / 2 / kLeastRows * kLeastRows);
  }
  for (std::int64_t r = 0; r < rows; r += step) {
    const std::int64_t count = std::min(step, rows - r);
    if (count == step) {
      block(x + r * in, y + r * out, step, team);
      continue;
    }
    // The rows that are not there are zeros, in a copy.
    std::shared_ptr<void> held_x, held_y;
    auto* const padded = memory_for<float>(held_x, step * in);
    auto* const result = memory_for<float>(held_y, step * out);
    std::fill(std::copy_n(x + r * in, count * in, padded), padded + step * in, 0.0F);
    if (epilogue == Epilogue::add) std::fill(std::copy_n(y + r * out, count * out, result), result + step * out, 0.0F);
    block(padded, result, step, team);
    std::copy_n(result, count * out, y + r * out);
  }
}

PackedLinear::PackedLinear(std::span<const float> weight, std::span<const float> bias, std::int64_t in,
                           std::int64_t out, Epilogue epilogue, WeightPrecision precision) {
  require_precision(precision);
  if (in < 1 || out < 1 || static_cast<std::int64_t>(weight.size()) != in * out ||
      (!bias.empty() && static_cast<std::int64_t>(bias.size()) != out)) {
    fail_caller("packed_linear",
                fmt::format("weight of {} numbers, bias of {}: in {} and out {} need {} and {} or none", weight.size(),
                            bias.size(), in, out, in * out, out));
  }
  Inside inside{in, out, epilogue, precision, {}, {bias.begin(), bias.end()}, {}, {}};
  if (precision == WeightPrecision::int8) {
    inside.pack_bytes(weight);
  } else {
    inside.weights = pack_weights(precision, in, out, weight.data());
  }
  inside_ = std::make_unique<const Inside>(std::move(inside));
}

PackedLinear::~PackedLinear() = default;
PackedLinear::PackedLinear(PackedLinear&&) noexcept = default;
PackedLinear& PackedLinear::operator=(PackedLinear&&) noexcept = default;

std::int64_t PackedLinear::in() const {
  return inside_->in;
}
std::int64_t PackedLinear::out() const {
  return inside_->out;
}
std::uint64_t PackedLinear::bytes() const {
  return inside_->weights.bytes;
}

void PackedLinear::run(const float* x, float* y, std::int64_t rows, int threads) const {
  for (std::int64_t r = 0; r < rows; r += kRowBlock) {
    inside_->any_rows(x + r * inside_->in, y + r * inside_->out, std::min(kRowBlock, rows - r), threads);
  }
}

}  // namespace tamis::engine
