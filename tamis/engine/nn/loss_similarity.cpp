#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "tamis/base/error.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/loss.h"

namespace tamis::nn {

namespace {

void require_rows(const Variable& a, const Variable& b, const char* op) {
  if (a.shape() != b.shape() || a.shape().rank() != 2) {
    fail_caller(op, fmt::format("lhs {}, rhs {}: needs rows [n, C] of one shape", a.shape().text(), b.shape().text()));
  }
}

void require_candidates(const Variable& anchors, const Variable& candidates, const InfoNceOptions& options) {
  const char* op = "info_nce";
  const engine::Shape &a = anchors.shape(), &c = candidates.shape();
  if (a.rank() != 2 || c.rank() != 2 || a[1] != c[1]) {
    fail_caller(op, fmt::format("anchors {}, candidates {}: needs rows [n, C] and [m, C]", a.text(), c.text()));
  }
  if (options.first_positive < 0 || options.first_positive + a[0] > c[0]) {
    fail_caller(op, fmt::format("anchors {}, candidates {}: positives {} .. {} are not all among the candidates",
                                a.text(), c.text(), options.first_positive, options.first_positive + a[0] - 1));
  }
  if (!(options.temperature > 0) || !std::isfinite(options.temperature)) {
    fail_caller(op, fmt::format("temperature {}: must be above 0", options.temperature));
  }
}

}  // namespace

Variable unit_rows(const Variable& x) {
  const double infinity = std::numeric_limits<double>::infinity();
  return engine::div(x, engine::clip(engine::norm(x, -1, true), 1e-12, infinity));
}

Variable cosine_similarity(const Variable& a, const Variable& b) {
  require_rows(a, b, "cosine_similarity");
  return engine::sum(engine::mul(unit_rows(a), unit_rows(b)), -1);
}

Variable cosine(const Variable& a, const Variable& b, Reduction reduction) {
  require_rows(a, b, "cosine");
  return reduced(engine::add(engine::neg(cosine_similarity(a, b)), 1), reduction);
}

Variable triplet(const Variable& anchor, const Variable& positive, const Variable& negative, double margin,
                 Reduction reduction) {
  require_rows(anchor, positive, "triplet");
  require_rows(anchor, negative, "triplet");
  const Variable near = engine::norm(engine::sub(anchor, positive), -1);
  const Variable far = engine::norm(engine::sub(anchor, negative), -1);
  return reduced(engine::relu(engine::add(engine::sub(near, far), margin)), reduction);
}

Variable info_nce(const Variable& anchors, const Variable& candidates, const InfoNceOptions& options,
                  Reduction reduction) {
  require_candidates(anchors, candidates, options);
  const Variable a = options.normalize ? unit_rows(anchors) : anchors;
  const Variable c = options.normalize ? unit_rows(candidates) : candidates;
  // The few numbers of the anchors are scaled, not the many of the product.
  const Variable logits = engine::matmul(engine::mul(a, 1 / options.temperature), c, false, true);
  Tensor labels = Tensor::range(anchors.shape()[0], engine::DType::i64);
  for (std::int64_t& label : labels.span<std::int64_t>()) label += options.first_positive;
  return cross_entropy(logits, labels, 0, reduction);
}

Variable symmetric_info_nce(const Variable& a, const Variable& b, const Variable& all_a, const Variable& all_b,
                            const InfoNceOptions& options, Reduction reduction) {
  require_rows(a, b, "info_nce");
  require_rows(all_a, all_b, "info_nce");
  const Variable there = info_nce(a, all_b, options, reduction), back = info_nce(b, all_a, options, reduction);
  return engine::mul(engine::add(there, back), 0.5);
}

}  // namespace tamis::nn
