#pragma once

#include <array>
#include <cstdint>

namespace tamis::engine {

/// words[4 b + j] = word j of philox4x32_10({block lo, block hi, step lo, step hi}, key) for block = first + b.
void philox_words(std::array<std::uint32_t, 2> key, std::uint64_t step, std::uint64_t first, std::int64_t blocks,
                  std::uint32_t* words);

/// y[i] = words[i] > threshold ? x[i] factor : 0.
void keep_above(const float* x, const std::uint32_t* words, std::uint32_t threshold, float factor, float* y,
                std::int64_t n);

}  // namespace tamis::engine
