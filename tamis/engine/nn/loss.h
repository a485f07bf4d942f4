#pragma once

#include "tamis/engine/autograd/variable.h"

// Losses: functions of variables. `mean` divides the sum by the number of rows (elements, for mse, mae and
// binary_logistic); `none` keeps one value for each. Shards of a batch take `sum` and divide by the whole batch's rows.
// Shapes that do not agree throw invalid_argument("[op] …").
namespace tamis::nn {

using engine::Tensor;
using engine::Variable;

enum class Reduction { mean, sum, none };
/// Losses one by one, made one number unless `none`.
Variable reduced(const Variable& losses, Reduction reduction);

/// -sum over k of q_k log softmax(logits)_k, for logits [.., K] and labels [..] (i32 or i64) in 0 .. K - 1, with q =
/// (1 - smoothing) onehot(label) + smoothing / K. Throws invalid_argument naming a label out of range and its position,
/// and unless 0 <= smoothing < 1. Source of the smoothing: Szegedy et al., arXiv:1512.00567, section 7.
Variable cross_entropy(const Variable& logits, const Tensor& labels, double smoothing = 0,
                       Reduction reduction = Reduction::mean);
/// -sum over k of y_k log softmax(logits)_k for soft labels y, of logits' shape and dtype. The gradient is a sum(y) - y
/// with a = softmax(logits): a - y where the labels sum to 1.
Variable soft_cross_entropy(const Variable& logits, const Tensor& labels, Reduction reduction = Reduction::mean);
/// log(1 + e^z) - y z for each element: the negative logarithm of a Bernoulli likelihood with p = sigmoid(z). Targets
/// of logits' shape and dtype, in [0, 1].
Variable binary_logistic(const Variable& logits, const Tensor& targets, Reduction reduction = Reduction::mean);
/// (x - target)^2.
Variable mse(const Variable& x, const Variable& target, Reduction reduction = Reduction::mean);
/// |x - target|.
Variable mae(const Variable& x, const Variable& target, Reduction reduction = Reduction::mean);

/// Rows of length 1: x / max(|x|, 1e-12).
Variable unit_rows(const Variable& x);
/// [n, C], [n, C] -> [n]: the cosine of each pair of rows.
Variable cosine_similarity(const Variable& a, const Variable& b);
/// 1 - cos(a_i, b_i).
Variable cosine(const Variable& a, const Variable& b, Reduction reduction = Reduction::mean);
/// max(0, |a - p| - |a - n| + margin) for rows [n, C]. Source: Reimers and Gurevych, arXiv:1908.10084, section 3.
Variable triplet(const Variable& anchor, const Variable& positive, const Variable& negative, double margin = 1,
                 Reduction reduction = Reduction::mean);

struct InfoNceOptions {
  double temperature = 0.05;
  bool normalize = true;            ///< compare directions (cosines); false: inner products
  std::int64_t first_positive = 0;  ///< the candidate that belongs to anchor 0; anchor i's is i rows further
};
/// -log of the softmax, over all candidates, of similarity / temperature at each anchor's positive: anchors [n, C],
/// candidates [m, C], m >= first_positive + n. In a sharded batch the candidates are gather_shards(..) and
/// first_positive the rows of the shards before. Source: van den Oord et al., arXiv:1807.03748, equation 4.
Variable info_nce(const Variable& anchors, const Variable& candidates, const InfoNceOptions& options = {},
                  Reduction reduction = Reduction::mean);
/// Half of info_nce(a, all_b) and half of info_nce(b, all_a): each side finds its partner. a, b [n, C] are rows
/// first_positive .. of all_a, all_b [m, C]. Source: Radford et al., arXiv:2103.00020, figure 3.
Variable symmetric_info_nce(const Variable& a, const Variable& b, const Variable& all_a, const Variable& all_b,
                            const InfoNceOptions& options = {}, Reduction reduction = Reduction::mean);

}  // namespace tamis::nn
