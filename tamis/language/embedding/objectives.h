#pragma once

#include <cstdint>

#include "tamis/engine/autograd/variable.h"
#include "tamis/engine/tensor/tensor.h"

namespace tamis::embedding {

using engine::Tensor;
using engine::Variable;

/// The two published forms of SimCSE's loss.
enum class ContrastForm : std::uint8_t {
  one_side,  ///< B anchors, B candidates (and B hard negatives): Gao et al., arXiv:2104.08821, equations 1 and 5
  both,      ///< 2B anchors, each against the 2B - 1 others (and the hard negatives): Chen et al., arXiv:2002.05709,
             ///< equation 1
};

/// One shard's rows of a batch, and all shards' rows, which they are compared with.
struct ContrastViews {
  Variable a, b;           ///< [n, C]: the anchors, and what belongs to each
  Variable all_a, all_b;   ///< [B, C]; all_a is read by `both` alone
  Variable negatives;      ///< [B, C], one hard negative an anchor of the batch; undefined: none
  std::int64_t first = 0;  ///< rows of the batch before this shard's
};

/// Sum over the shard's anchors of -log softmax of cosine / temperature at what belongs to each. `both` gives the mean
/// of an example's two anchors. Throws invalid_argument for a temperature that is not above 0, or a batch of 1 without
/// hard negatives, which has nothing to tell apart.
Variable contrast_loss(const ContrastViews& views, ContrastForm form, double temperature);

/// Sum over pairs of the cross-entropy of W [u; v; |u - v|], W [K, 3C], labels [n] in 0 .. K - 1. Source: Reimers and
/// Gurevych, arXiv:1908.10084, section 3 ("classification objective").
Variable classification_loss(const Variable& u, const Variable& v, const Variable& weight, const Tensor& labels);
/// Sum over pairs of (cos(u, v) - target)^2, targets [n] of the vectors' dtype. Source: the same ("regression").
Variable regression_loss(const Variable& u, const Variable& v, const Tensor& targets);

}  // namespace tamis::embedding
