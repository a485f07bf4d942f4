#include "tamis/engine/tensor/dropout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tamis/base/error.h"
#include "tamis/engine/tensor/dropout_f32.h"

namespace tamis::engine {

namespace {

constexpr std::int64_t kChunk = 2048;  // words made ahead: 8 KiB, which stay in the nearest cache

/// Calls body(begin, words, n) for consecutive chunks of n elements; words[i] is that of element begin + i.
template <typename Body>
void for_words(const Dropout& mask, std::int64_t elements, const Body& body) {
  alignas(64) std::uint32_t words[kChunk + 4];
  for (std::int64_t begin = 0; begin < elements; begin += kChunk) {
    const std::int64_t n = std::min(kChunk, elements - begin);
    const std::uint64_t position = mask.first + static_cast<std::uint64_t>(begin);
    const auto skipped = static_cast<std::int64_t>(position % 4);  // words of the first block before this element
    philox_words(mask.key, mask.step, position / 4, (skipped + n + 3) / 4, words);
    body(begin, words + skipped, n);
  }
}

void require_rate(const Dropout& mask, const char* op) {
  if (!(mask.rate >= 0 && mask.rate < 1)) {
    fail_caller(op, fmt::format("rate {} must be at least 0 and below 1", mask.rate));
  }
}

/// An element is kept if its word is above this: the largest integer below rate 2^32.
std::uint32_t threshold(double rate) {
  return static_cast<std::uint32_t>(std::ceil(rate * 0x1p32) - 1);
}

}  // namespace

Tensor dropout(const Tensor& x, const Dropout& mask) {
  require_rate(mask, "dropout");
  require_real(x, "dropout");
  if (mask.rate == 0) return x;
  const Tensor from = x.packed();
  Tensor y(x.shape(), x.dtype());
  const std::uint32_t above = threshold(mask.rate);
  const double factor = 1 / (1 - mask.rate);
  for_words(mask, x.elements(), [&](std::int64_t begin, const std::uint32_t* words, std::int64_t n) {
    if (x.dtype() == DType::f32) {
      keep_above(from.data<float>() + begin, words, above, static_cast<float>(factor), y.data<float>() + begin, n);
      return;
    }
    for (std::int64_t i = 0; i < n; ++i) {
      y.data<double>()[begin + i] = words[i] > above ? from.data<double>()[begin + i] * factor : 0;
    }
  });
  return y;
}

Tensor dropout_mask(const Shape& shape, const Dropout& mask, DType dtype) {
  return dropout(Tensor::full(shape, 1, dtype), mask);
}

}  // namespace tamis::engine
