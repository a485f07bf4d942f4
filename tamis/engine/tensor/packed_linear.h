#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "tamis/engine/tensor/elementwise.h"

// y = f(x W^T + b) with weights that stay: packed once into the form the CPU's kernel reads, used by any number of
// threads. For inference; matmul.h has the products that training takes.
namespace tamis::engine {

/// f32; bf16 weights and inputs with f32 sums (AVX-512 BF16 or AMX only); int8 weights, scaled per output, and 8-bit
/// inputs, scaled per row, with exact 32-bit sums.
enum class WeightPrecision : std::uint8_t { f32, bf16, int8 };
std::string_view name(WeightPrecision precision);
/// Throws invalid_argument if this CPU cannot compute in it, saying what can.
void require_precision(WeightPrecision precision);

/// What is done with x W^T + b.
enum class Epilogue : std::uint8_t {
  store,      ///< y = it
  gelu,       ///< y = gelu(it), exact
  gelu_tanh,  ///< its tanh form
  add,        ///< y += it
};

/// Rows are taken in blocks of at most kRowBlock. Every row's result is the same, bit for bit, whatever stands in the
/// other rows, however many there are, and however many threads compute it: a kernel for a height of block is used only
/// after it gave the same bits as the kernel for the least.
class PackedLinear {
 public:
  static constexpr std::int64_t kRowBlock = 64;

  /// weight [out, in], row-major; bias [out] or empty. Throws invalid_argument for sizes below 1 or that do not fit,
  /// or a precision that this CPU lacks.
  PackedLinear(std::span<const float> weight, std::span<const float> bias, std::int64_t in, std::int64_t out,
               Epilogue epilogue, WeightPrecision precision);
  ~PackedLinear();
  PackedLinear(PackedLinear&&) noexcept;
  PackedLinear& operator=(PackedLinear&&) noexcept;

  std::int64_t in() const;
  std::int64_t out() const;
  std::uint64_t bytes() const;  ///< of the packed weights

  /// x [rows, in], y [rows, out], both contiguous; they may not overlap. `threads` threads share each block (1: the
  /// calling thread alone). Thread-safe.
  void run(const float* x, float* y, std::int64_t rows, int threads = 1) const;

 private:
  struct Inside;
  std::unique_ptr<const Inside> inside_;
};

}  // namespace tamis::engine
