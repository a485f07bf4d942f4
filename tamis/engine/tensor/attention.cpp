#include "tamis/engine/tensor/attention.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "tamis/base/error.h"
#include "tamis/engine/tensor/attention_f32.h"
#include "tamis/engine/tensor/matmul.h"
#include "tamis/engine/tensor/product.h"
#include "tamis/engine/tensor/softmax_f32.h"
#include "tamis/engine/tensor/visit.h"

namespace tamis::engine {

namespace {

/// Throws unless the arguments are as attention.h says; returns the offsets.
std::span<const std::int32_t> checked_offsets(const Tensor& qkv, const Tensor& offsets, std::int64_t heads,
                                              const Dropout& dropout, const char* op) {
  require_real(qkv, op);
  if (qkv.rank() != 2 || heads < 1 || qkv.size(1) % (3 * heads) != 0) {
    fail_caller(op, fmt::format("qkv {}, {} heads: qkv must be [T, 3 C] with C divisible by heads", qkv.text(), heads));
  }
  if (!offsets.defined() || offsets.dtype() != DType::i32 || offsets.rank() != 1 || offsets.size(0) < 2 ||
      !offsets.contiguous()) {
    fail_caller(op, fmt::format("offsets {}: they must be i32[B + 1], B at least 1", offsets.text()));
  }
  const auto values = offsets.span<std::int32_t>();
  if (values.front() != 0 || values.back() != qkv.size(0)) {
    fail_caller(op, fmt::format("offsets {} .. {} must go from 0 to the {} tokens of qkv", values.front(),
                                values.back(), qkv.size(0)));
  }
  for (std::size_t b = 0; b + 1 < values.size(); ++b) {
    if (values[b] >= values[b + 1]) {
      fail_caller(op, fmt::format("sequence {} is tokens {} .. {}: it is empty", b, values[b], values[b + 1] - 1));
    }
  }
  if (!(dropout.rate >= 0 && dropout.rate < 1)) {
    fail_caller(op, fmt::format("dropout rate {} must be at least 0 and below 1", dropout.rate));
  }
  return values;
}

/// One head of one sequence: where it is, and which of the mask's numbers are its own.
struct Head {
  std::int64_t index;         ///< h
  std::int64_t begin, count;  ///< tokens
  std::int64_t block;         ///< where its count x count probabilities begin
  Dropout mask;
};

template <typename Body>
void for_heads(std::span<const std::int32_t> offsets, std::int64_t heads, const Dropout& dropout, const Body& body) {
  std::int64_t block = 0;
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    const std::int64_t count = offsets[b + 1] - offsets[b];
    for (std::int64_t h = 0; h < heads; ++h) {
      Head head{h, offsets[b], count, block, dropout};
      head.mask.first = ((dropout.first + b) << 32) + static_cast<std::uint64_t>(h * count * count);
      body(head);
      block += count * count;
    }
  }
}

/// The columns that one head holds of its tokens, in a tensor of `parts` groups of C columns ([T, C] or [T, 3 C]).
template <typename T>
class HeadColumns {
 public:
  HeadColumns(const T* data, std::int64_t parts, std::int64_t channels, std::int64_t heads)
      : data_(data), step_(parts * channels), channels_(channels), width_(channels / heads) {}

  MatrixView<T> at(const Head& head, std::int64_t part) const {
    return {data_ + offset(head, part), head.count, width_, step_, 1};
  }
  std::int64_t offset(const Head& head, std::int64_t part) const {
    return head.begin * step_ + part * channels_ + head.index * width_;
  }
  std::int64_t step() const { return step_; }

 private:
  const T* data_;
  std::int64_t step_, channels_, width_;
};

template <typename T>
MatrixView<T> square(const T* data, std::int64_t count) {
  return {data, count, count, count, 1};
}

void softmax_row(float* row, std::int64_t n) {
  softmax_rows().softmax(row, row, n);
}

void softmax_row(double* row, std::int64_t n) {
  const double most = *std::max_element(row, row + n);
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += row[i] = std::exp(row[i] - most);
  for (std::int64_t i = 0; i < n; ++i) row[i] /= sum;
}

void score_slopes(const float* weights, const float* probabilities, float* slopes, std::int64_t rows, std::int64_t n) {
  score_slopes_f32(weights, probabilities, slopes, rows, n);
}

/// As in attention_f32.h.
void score_slopes(const double* weights, const double* probabilities, double* slopes, std::int64_t rows,
                  std::int64_t n) {
  for (std::int64_t row = 0; row < rows; ++row, weights += n, probabilities += n, slopes += n) {
    double sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += slopes[i] *= weights[i];
    for (std::int64_t i = 0; i < n; ++i) slopes[i] -= probabilities[i] * sum;
  }
}

/// The factor on q k^T.
template <typename T>
T scale_of(std::int64_t channels, std::int64_t heads) {
  return static_cast<T>(1 / std::sqrt(static_cast<double>(channels / heads)));
}

/// The probabilities of one head after dropout: a view of them if nothing is dropped.
Tensor kept(const Tensor& probabilities, const Head& head) {
  return dropout(probabilities.slice(0, head.block, head.block + head.count * head.count), head.mask);
}

std::int64_t probability_count(std::span<const std::int32_t> offsets, std::int64_t heads) {
  std::int64_t count = 0;
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    const std::int64_t tokens = offsets[b + 1] - offsets[b];
    count += heads * tokens * tokens;
  }
  return count;
}

template <typename T>
void forward(const Tensor& qkv, std::span<const std::int32_t> offsets, std::int64_t heads, const Dropout& dropout,
             Attended& out) {
  const std::int64_t channels = qkv.size(1) / 3;
  const T scale = scale_of<T>(channels, heads);
  const HeadColumns<T> given(qkv.data<T>(), 3, channels, heads);
  const HeadColumns<T> made(out.y.data<T>(), 1, channels, heads);
  for_heads(offsets, heads, dropout, [&](const Head& head) {
    T* const scores = out.probabilities.data<T>() + head.block;
    product(given.at(head, 0), given.at(head, 1).transposed(), scores, head.count, false, scale);
    for (std::int64_t i = 0; i < head.count; ++i) softmax_row(scores + i * head.count, head.count);
    const Tensor weights = kept(out.probabilities, head);
    product(square(weights.data<T>(), head.count), given.at(head, 2), out.y.data<T>() + made.offset(head, 0),
            made.step(), false);
  });
}

template <typename T>
void backward(const Tensor& g, const Tensor& qkv, std::span<const std::int32_t> offsets, std::int64_t heads,
              const Tensor& probabilities, const Dropout& mask, Tensor& out) {
  const std::int64_t channels = qkv.size(1) / 3;
  const T scale = scale_of<T>(channels, heads);
  const HeadColumns<T> given(qkv.data<T>(), 3, channels, heads);
  const HeadColumns<T> upper(g.data<T>(), 1, channels, heads);
  T* const to = out.data<T>();
  for_heads(offsets, heads, mask, [&](const Head& head) {
    const std::int64_t n = head.count;
    const MatrixView<T> dy = upper.at(head, 0);
    const Tensor weights = kept(probabilities, head);
    product(square(weights.data<T>(), n).transposed(), dy, to + given.offset(head, 2), given.step(), false);
    Tensor slopes({n * n}, qkv.dtype());  // of the probabilities, then of the scores
    product(dy, given.at(head, 2).transposed(), slopes.data<T>(), n, false);
    score_slopes(weights.data<T>(), probabilities.data<T>() + head.block, slopes.data<T>(), n, n);
    const MatrixView<T> scores = square<T>(slopes.data<T>(), n);
    product(scores, given.at(head, 1), to + given.offset(head, 0), given.step(), false, scale);
    product(scores.transposed(), given.at(head, 0), to + given.offset(head, 1), given.step(), false, scale);
  });
}

}  // namespace

Attended attention(const Tensor& qkv, const Tensor& offsets, std::int64_t heads, const Dropout& dropout) {
  const auto bounds = checked_offsets(qkv, offsets, heads, dropout, "attention");
  // The products of one head are small, and their sums are what softmax magnifies: f32 whatever the scope says.
  const PrecisionScope exact(Precision::f32);
  Attended out{Tensor({qkv.size(0), qkv.size(1) / 3}, qkv.dtype()),
               Tensor({probability_count(bounds, heads)}, qkv.dtype())};
  visit_real(qkv.dtype(),
             [&](auto tag) { forward<typename decltype(tag)::type>(qkv.packed(), bounds, heads, dropout, out); });
  return out;
}

Tensor attention_backward(const Tensor& g, const Tensor& qkv, const Tensor& offsets, std::int64_t heads,
                          const Tensor& probabilities, const Dropout& dropout) {
  constexpr const char* op = "attention_backward";
  const auto bounds = checked_offsets(qkv, offsets, heads, dropout, op);
  require_same_dtype(g, qkv, op);
  require_same_dtype(probabilities, qkv, op);
  if (g.shape() != Shape{qkv.size(0), qkv.size(1) / 3} ||
      probabilities.shape() != Shape{probability_count(bounds, heads)}) {
    fail_caller(op, fmt::format("g {}, qkv {}, probabilities {} do not belong together", g.shape().text(),
                                qkv.shape().text(), probabilities.shape().text()));
  }
  const PrecisionScope exact(Precision::f32);
  Tensor out(qkv.shape(), qkv.dtype());
  visit_real(qkv.dtype(), [&](auto tag) {
    backward<typename decltype(tag)::type>(g.packed(), qkv.packed(), bounds, heads, probabilities.packed(), dropout,
                                           out);
  });
  return out;
}

}  // namespace tamis::engine
