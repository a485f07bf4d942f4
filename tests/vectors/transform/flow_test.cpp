#include "tamis/vectors/transform/flow.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "tamis/base/file.h"
#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/train/checkpoint.h"
#include "tests/base/scratch.h"

namespace tamis::transform {
namespace {

using engine::DType;
using test::Scratch;

/// Two clumps, bent: what no linear map makes Gaussian.
std::vector<float> rows_of(std::size_t n, std::size_t C, std::uint64_t seed = 1) {
  std::vector<float> rows(n * C);
  for (std::size_t i = 0; i < n; ++i) {
    Stream stream(seed, "rows", i);
    double before = stream.uniform() < 0.5 ? -2 : 2;
    for (std::size_t c = 0; c < C; ++c) {
      before = 0.5 * before + 0.3 * before * before * (c % 2 == 0 ? 1 : -1) + 0.5 * stream.normal();
      before = std::tanh(before) * 2;
      rows[i * C + c] = static_cast<float>(before + 1);
    }
  }
  return rows;
}

/// A flow whose couplings are not the identity any more.
Flow& moved(Flow& flow, std::uint64_t seed, double how_far) {
  const auto C = static_cast<std::size_t>(flow.dimensions());
  flow.start(Tensor::from(rows_of(64, C), {64, flow.dimensions()}), seed);
  for (const nn::Parameter& parameter : flow.parameters()) {
    Variable variable = parameter.variable;
    Stream stream(seed, parameter.name);
    for (float& value : variable.leaf_value().span<float>()) value += static_cast<float>(how_far * stream.normal());
  }
  return flow;
}

TEST(Flow, InverseUndoesIt) {
  for (const Coupling coupling : {Coupling::additive, Coupling::affine}) {
    for (const std::int64_t C : {4, 7, 32}) {
      Flow flow(C, {.levels = 2, .steps = 3, .hidden = 16, .coupling = coupling});
      moved(flow, 3, 0.03);
      const Tensor x = Tensor::from(rows_of(50, static_cast<std::size_t>(C), 2), {50, C});
      nn::Pass pass;
      Variable determinants;
      const engine::NoGradient nothing_recorded;
      const Variable z = flow.forward(Variable(x), determinants, pass);
      const Tensor back = flow.inverse(z, pass).value().packed();
      for (std::int64_t i = 0; i < x.elements(); ++i)
        EXPECT_NEAR(back.at(i), x.at(i), 1e-5 * std::max(1.0, std::fabs(x.at(i))));
      // Where the map is rough, rounding grows on the way back; in f64 there is little of it.
      moved(flow, 3, 0.3);
      flow.to(DType::f64);
      const Variable rough = flow.forward(Variable(x.to(DType::f64)), determinants, pass);
      const Tensor exact = flow.inverse(rough, pass).value().packed();
      for (std::int64_t i = 0; i < x.elements(); ++i) EXPECT_NEAR(exact.at(i), x.at(i), 1e-9);
    }
  }
}

/// log |det| of a matrix [n, n] by elimination.
double log_determinant(std::vector<double> a, std::size_t n) {
  double sum = 0;
  for (std::size_t c = 0; c < n; ++c) {
    std::size_t pivot = c;
    for (std::size_t r = c; r < n; ++r)
      if (std::fabs(a[r * n + c]) > std::fabs(a[pivot * n + c])) pivot = r;
    for (std::size_t k = 0; k < n; ++k) std::swap(a[c * n + k], a[pivot * n + k]);
    sum += std::log(std::fabs(a[c * n + c]));
    for (std::size_t r = c + 1; r < n; ++r) {
      const double factor = a[r * n + c] / a[c * n + c];
      for (std::size_t k = c; k < n; ++k) a[r * n + k] -= factor * a[c * n + k];
    }
  }
  return sum;
}

TEST(Flow, DeterminantIsThatOfTheNumericalJacobian) {
  for (const Coupling coupling : {Coupling::additive, Coupling::affine}) {
    const std::int64_t C = 9;
    const auto width = static_cast<std::size_t>(C);
    Flow flow(C, {.levels = 3, .steps = 2, .hidden = 12, .coupling = coupling});
    moved(flow, 5, 0.2);
    flow.to(DType::f64);
    const std::vector<float> rows = rows_of(4, width, 9);
    nn::Pass pass;
    const engine::NoGradient nothing_recorded;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::vector<double> x(rows.begin() + static_cast<std::ptrdiff_t>(i * width),
                                  rows.begin() + static_cast<std::ptrdiff_t>((i + 1) * width));
      std::vector<double> jacobian(width * width);
      const double h = 1e-6;
      Variable determinant, unused;
      flow.forward(Variable(Tensor::from(x, {1, C})), determinant, pass);
      for (std::size_t c = 0; c < width; ++c) {
        std::vector<double> up = x, down = x;
        up[c] += h;
        down[c] -= h;
        const Tensor above = flow.forward(Variable(Tensor::from(up, {1, C})), unused, pass).value();
        const Tensor below = flow.forward(Variable(Tensor::from(down, {1, C})), unused, pass).value();
        for (std::size_t r = 0; r < width; ++r) {
          jacobian[r * width + c] =
              (above.at(static_cast<std::int64_t>(r)) - below.at(static_cast<std::int64_t>(r))) / (2 * h);
        }
      }
      EXPECT_NEAR(determinant.value().item(), log_determinant(jacobian, width), 1e-4);
    }
  }
}

TEST(Flow, StartsWithNormalColumns) {
  const std::int64_t C = 8, n = 500;
  Flow flow(C, {.levels = 1, .steps = 1});
  const Tensor rows = Tensor::from(rows_of(500, 8), {n, C});
  flow.start(rows, 1);
  nn::Pass pass;
  Variable unused;
  const engine::NoGradient nothing_recorded;
  const Tensor z = flow.forward(Variable(rows), unused, pass).value().packed();
  for (std::int64_t c = 0; c < C; ++c) {
    double mean = 0, square = 0;
    for (std::int64_t i = 0; i < n; ++i) mean += z.at(i * C + c) / static_cast<double>(n);
    for (std::int64_t i = 0; i < n; ++i) square += std::pow(z.at(i * C + c) - mean, 2) / static_cast<double>(n);
    EXPECT_NEAR(mean, 0, 1e-5);
    EXPECT_NEAR(square, 1, 1e-4);
  }
}

TEST(Flow, LearnsAndIsTheSameAtAnyNumberOfThreads) {
  const std::vector<float> rows = rows_of(2000, 6);
  FlowFitting how{.flow = {.levels = 1, .steps = 4, .hidden = 24, .coupling = Coupling::affine},
                  .epochs = 12,
                  .batch = 64,
                  .rate = 3e-3,
                  .held_out = 0.1,
                  .seed = 4};
  Progress silent;
  const int before = threads();
  set_threads(1);
  const FittedFlow one = fit_flow(rows, 6, how, silent);
  set_threads(2);
  const FittedFlow two = fit_flow(rows, 6, how, silent);
  set_threads(before);
  EXPECT_EQ(one.bits, two.bits);
  EXPECT_EQ(one.held_out_bits, two.held_out_bits);
  ASSERT_EQ(one.held_out_bits.size(), 12u);
  // Better than a Gaussian for each column, which is all that actnorm knows.
  double columns = 0;
  for (std::size_t c = 0; c < 6; ++c) {
    double mean = 0, square = 0;
    for (std::size_t i = c; i < rows.size(); i += 6) mean += rows[i] / 2000.0;
    for (std::size_t i = c; i < rows.size(); i += 6) square += std::pow(rows[i] - mean, 2) / 2000;
    columns += 0.5 * std::log2(2 * std::numbers::pi * std::numbers::e * square) / 6;
  }
  EXPECT_LT(one.held_out_bits.back(), columns - 0.15);
  Scratch scratch;
  write_flow(scratch / "flow.safetensors", one);
  const FittedFlow read = read_flow(scratch / "flow.safetensors");
  std::vector<float> a(rows.size()), b(rows.size()), first(6);
  one.flow->apply(rows, a);
  read.flow->apply(rows, b);
  EXPECT_EQ(a, b);
  read.flow->apply(std::span(rows).first(6), first);
  EXPECT_TRUE(std::equal(first.begin(), first.end(), a.begin()));
}

/// What was thrown, of whatever kind.
template <typename F>
std::string refusal(F call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Flow, RefusesWhatItCannotLearnFrom) {
  Progress silent;
  const auto message = [&](std::vector<float> rows, std::int64_t C, FlowFitting how) {
    how.batch = 8;
    return refusal([&] { fit_flow(rows, C, how, silent); });
  };
  std::vector<float> rows = rows_of(40, 4);
  EXPECT_NE(message(rows, 4, {.flow = {.levels = 4}}).find("2 or more are needed"), std::string::npos);
  EXPECT_NE(message(rows, 4, {.flow = {}, .epochs = 0}).find("epochs"), std::string::npos);
  EXPECT_NE(message(rows_of(4, 4), 4, {}).find("fewer than a batch of 8"), std::string::npos);
  std::vector<float> constant = rows;
  for (std::size_t i = 0; i < constant.size(); i += 4) constant[i + 2] = 7;
  // Real encoders have columns that never vary: they are counted, and their noise is not blown up.
  const FittedFlow flat = fit_flow(constant, 4, {.flow = {.levels = 1}, .epochs = 2, .batch = 8}, silent);
  EXPECT_EQ(flat.flat, 1);
  EXPECT_NE(message(std::vector<float>(160, 3), 4, {}).find("all the same"), std::string::npos);
  rows[9] = NAN;
  EXPECT_NE(message(rows, 4, {}).find("row 2"), std::string::npos);
  Scratch scratch;
  Progress progress;
  FittedFlow made = fit_flow(rows_of(40, 4), 4, {.flow = {}, .epochs = 1, .batch = 8}, progress);
  write_flow(scratch / "f", made);
  made.flow->buffers()[0].tensor.data<std::int32_t>()[0] = 1;
  made.flow->buffers()[0].tensor.data<std::int32_t>()[1] = 1;
  write_flow(scratch / "g", made);
  EXPECT_NE(refusal([&] { read_flow(scratch / "g"); }).find("no permutation"), std::string::npos);
  test::put(scratch / "h", read_file(scratch / "f").substr(0, 500));
  EXPECT_NE(refusal([&] { read_flow(scratch / "h"); }).find("h"), std::string::npos);
}

}  // namespace
}  // namespace tamis::transform
