#pragma once

#include <cstdint>

// Attention for inference: attention.h without the probabilities that a gradient would need.
namespace tamis::engine {

/// Floats of scratch that attention_fused() takes for a sequence of n tokens and heads of `width` components.
std::int64_t attention_scratch(std::int64_t n, std::int64_t width);

/// y = softmax(q k^T / sqrt(width)) v for heads first .. last - 1 of one sequence of n tokens. qkv [n, 3 C] as in
/// attention.h, y [n, C] (other heads' columns are left alone), C = heads * width. scratch: aligned to 64, as many
/// floats as attention_scratch() says. Every row is computed alike, whatever n is cut into: same bits on any thread.
/// Source: Vaswani et al., arXiv:1706.03762, equation 1.
void attention_fused(const float* qkv, std::int64_t n, std::int64_t heads, std::int64_t width, std::int64_t first,
                     std::int64_t last, float* y, float* scratch);

}  // namespace tamis::engine
