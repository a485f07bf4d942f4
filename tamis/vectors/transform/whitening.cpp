#include "tamis/vectors/transform/whitening.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tamis/base/error.h"
#include "tamis/base/number.h"
#include "tamis/base/parallel.h"
#include "tamis/engine/tensor/matmul.h"
#include "tamis/engine/train/checkpoint.h"
#include "tamis/vectors/transform/lapack.h"

namespace tamis::transform {

namespace {

using engine::Tensor;

constexpr std::size_t kRows = 1024;  ///< go through a product together
constexpr const char* kKind = "whitening";

std::int64_t rank_of(const std::vector<double>& eigenvalues) {
  const double least =
      std::max(eigenvalues[0], 0.0) * static_cast<double>(eigenvalues.size()) * std::numeric_limits<double>::epsilon();
  return std::count_if(eigenvalues.begin(), eigenvalues.end(), [&](double value) { return value > least; });
}

void require_rank(const std::vector<double>& values, const Moments& moments, std::int64_t needed) {
  const std::size_t C = values.size();
  const std::int64_t rank = rank_of(values);
  const std::string rows = fmt::format("{} rows of {} dimensions", moments.count(), C);
  if (values[0] <= 0 || rank == 0) fail_world("whitening", rows + " are all the same: there is nothing to whiten");
  if (rank < needed) {
    fail_world("whitening",
               fmt::format("the covariance of {} has rank {}, and {} are asked for: more rows, fewer dimensions (at "
                           "most {}) or shrinkage is needed",
                           rows, rank, needed, rank));
  }
}

std::vector<double> numbers_of(const train::Checkpoint& file, const std::string& name,
                               const std::filesystem::path& path) {
  for (const nn::Buffer& buffer : file.tensors) {
    if (buffer.name == name && buffer.tensor.dtype() == engine::DType::f64) return buffer.tensor.numbers();
  }
  fail_world(path.string(), fmt::format("holds no tensor {} of F64: it is no whitening", name));
}

std::string text_of(const train::Checkpoint& file, const std::string& name, const std::filesystem::path& path) {
  const auto found = file.texts.find(name);
  if (found == file.texts.end())
    fail_world(path.string(), fmt::format("does not say its \"{}\": it is no whitening", name));
  return found->second;
}

Tensor tensor_of(const std::vector<double>& values, const engine::Shape& shape) {
  return Tensor::from(values, shape);
}

}  // namespace

std::int64_t rank_of(const Moments& moments) {
  return rank_of(eigen_of(moments.covariance(), static_cast<std::size_t>(moments.dimensions())).values);
}

Whitening fit_whitening(const Moments& moments, const WhiteningOptions& options) {
  const std::int64_t C = moments.dimensions();
  const std::int64_t k = options.dimensions == 0 ? C : options.dimensions;
  if (k < 1 || k > C) fail_caller("whitening", fmt::format("{} dimensions of {}: must be 1 to {}", k, C, C));
  if (!(options.shrinkage >= 0 && options.shrinkage <= 1)) {
    fail_caller("whitening", fmt::format("shrinkage {}: must be 0 to 1", options.shrinkage));
  }
  if (moments.count() < 2) {
    fail_caller("whitening", fmt::format("{} rows are too few: 2 or more are needed", moments.count()));
  }
  std::vector<double> covariance = moments.covariance(options.correction);
  const auto n = static_cast<std::size_t>(C);
  if (options.shrinkage > 0) {
    double trace = 0;
    for (std::size_t c = 0; c < n; ++c) trace += covariance[c * n + c];
    for (double& value : covariance) value *= 1 - options.shrinkage;
    for (std::size_t c = 0; c < n; ++c) covariance[c * n + c] += options.shrinkage * trace / static_cast<double>(C);
  }
  Eigen eigen = eigen_of(covariance, n);
  require_rank(eigen.values, moments, k);
  Whitening made;
  made.mean = moments.mean();
  made.inputs = C;
  made.outputs = k;
  made.rows = moments.count();
  made.options = options;
  made.kernel.resize(n * static_cast<std::size_t>(k));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < static_cast<std::size_t>(k); ++j) {
      made.kernel[i * static_cast<std::size_t>(k) + j] = eigen.vectors[i * n + j] / std::sqrt(eigen.values[j]);
    }
  }
  made.eigenvalues = std::move(eigen.values);
  return made;
}

void Whitening::apply(std::span<const float> rows, std::span<float> out) const {
  const auto C = static_cast<std::size_t>(inputs), k = static_cast<std::size_t>(outputs);
  const std::size_t n = rows.size() / C;
  const Tensor w = tensor_of(kernel, {inputs, outputs}).to(engine::DType::f32);
  // Blocks always have kRows rows, the last one filled up, so that a row's bits do not depend on how many there are.
  parallel_for((n + kRows - 1) / kRows, [&](std::size_t block) {
    const std::size_t begin = block * kRows, count = std::min(kRows, n - begin);
    Tensor centred = Tensor::zeros({static_cast<std::int64_t>(kRows), inputs});
    float* to = centred.data<float>();
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t c = 0; c < C; ++c) to[i * C + c] = static_cast<float>(rows[(begin + i) * C + c] - mean[c]);
    }
    const Tensor y = engine::matmul(centred, w).packed();
    std::copy_n(y.data<float>(), count * k, out.data() + begin * k);
  });
}

void write_whitening(const std::filesystem::path& path, const Whitening& whitening) {
  const auto C = whitening.inputs;
  train::write_checkpoint(path, {{{"mean", tensor_of(whitening.mean, {C})},
                                  {"kernel", tensor_of(whitening.kernel, {C, whitening.outputs})},
                                  {"eigenvalues", tensor_of(whitening.eigenvalues, {C})}},
                                 {{"kind", kKind},
                                  {"rows", fmt::format("{}", whitening.rows)},
                                  {"correction", fmt::format("{}", whitening.options.correction)},
                                  {"shrinkage", fmt::format("{}", whitening.options.shrinkage)},
                                  {"model", whitening.model}}});
}

Whitening read_whitening(const std::filesystem::path& path) {
  const train::Checkpoint file = train::read_checkpoint(path);
  if (const std::string kind = text_of(file, "kind", path); kind != kKind) {
    fail_caller(path.string(), fmt::format("is a transform of the kind \"{}\"; whitening is served", kind));
  }
  Whitening read;
  read.mean = numbers_of(file, "mean", path);
  read.kernel = numbers_of(file, "kernel", path);
  read.eigenvalues = numbers_of(file, "eigenvalues", path);
  read.inputs = static_cast<std::int64_t>(read.mean.size());
  read.outputs = read.inputs > 0 ? static_cast<std::int64_t>(read.kernel.size()) / read.inputs : 0;
  if (read.outputs < 1 || read.outputs * read.inputs != static_cast<std::int64_t>(read.kernel.size())) {
    fail_world(path.string(), "has a mean and a kernel that do not fit each other");
  }
  std::int64_t rows = 0, correction = 0;
  double shrinkage = 0;
  if (!parse_integer(text_of(file, "rows", path), rows) ||
      !parse_integer(text_of(file, "correction", path), correction) ||
      !parse_real(text_of(file, "shrinkage", path), shrinkage)) {
    fail_world(path.string(), "has settings that are no numbers");
  }
  read.rows = static_cast<std::uint64_t>(rows);
  read.options = {.dimensions = read.outputs, .correction = static_cast<int>(correction), .shrinkage = shrinkage};
  read.model = text_of(file, "model", path);
  return read;
}

}  // namespace tamis::transform
