#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tamis/base/random.h"
#include "tamis/engine/autograd/gradcheck.h"
#include "tamis/engine/autograd/ops.h"

namespace tamis::engine {

/// f64, uniform on [low, high).
inline Tensor uniform(const Shape& shape, double low, double high, std::uint64_t index) {
  Tensor x(shape, DType::f64);
  Stream stream(7, "test.autograd", index);
  for (double& value : x.span<double>()) value = low + (high - low) * stream.uniform();
  return x;
}

/// f64, on [-2, -0.1] and [0.1, 2]: away from 0, where many ops have a kink.
inline Tensor off_zero(const Shape& shape, std::uint64_t index) {
  Tensor x = uniform(shape, -1.9, 1.9, index);
  for (double& value : x.span<double>()) value += value < 0 ? -0.1 : 0.1;
  return x;
}

/// f64, values 0.1 apart in shuffled order: no two are nearly equal.
inline Tensor distinct(const Shape& shape, std::uint64_t index) {
  Tensor x(shape, DType::f64);
  auto values = x.span<double>();
  Stream stream(7, "test.autograd.distinct", index);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = 0.1 * static_cast<double>(i) - 1;
    std::swap(values[i], values[stream.below(i + 1)]);
  }
  return x;
}

inline Variable leaf(const Tensor& value) {
  return Variable(value, true);
}

inline std::vector<Variable> leaves(const std::vector<Tensor>& values) {
  std::vector<Variable> made;
  for (const Tensor& value : values) made.push_back(leaf(value));
  return made;
}

using Function = std::function<Variable(const std::vector<Variable>&)>;

/// The same values, no two of them neighbours in memory, the last axis outermost.
inline Tensor scattered(const Tensor& x) {
  std::vector<std::int64_t> sizes(x.shape().begin(), x.shape().end());
  std::reverse(sizes.begin(), sizes.end());
  sizes.push_back(2);
  std::vector<int> order;
  for (int axis = x.rank(); axis >= 0; --axis) order.push_back(axis);
  Tensor view = Tensor::zeros(Shape(std::span<const std::int64_t>(sizes)), x.dtype()).permute(order).row(0);
  view.assign(x);
  return view;
}

/// The gradients of the contraction with `seed`; `alone` in 0 .. says which input needs gradients, -1 all.
inline std::vector<Tensor> tape(const Function& function, const std::vector<Tensor>& inputs, const Tensor& seed,
                                int alone = -1) {
  std::vector<Variable> variables, targets;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const bool wanted = alone < 0 || i == static_cast<std::size_t>(alone);
    variables.emplace_back(inputs[i], wanted);
    if (wanted) targets.push_back(variables.back());
  }
  return gradient(function(variables), targets, {seed, false});
}

inline void expect_close(const Tensor& found, const Tensor& expected, double tolerance, const std::string& what) {
  ASSERT_EQ(found.shape(), expected.shape()) << what;
  double scale = 1;
  for (const double number : expected.numbers()) scale = std::max(scale, std::abs(number));
  for (std::int64_t i = 0; i < expected.elements(); ++i) {
    EXPECT_NEAR(found.at(i), expected.at(i), tolerance * scale) << what << ", element " << i;
  }
}

/// Holds the tape against central differences, to 1e-6, element by element and along random directions. Then the same
/// gradients must come in f32 (to 1e-4), from views in disorder, and with each input alone needing gradients.
inline void expect_gradients(const Function& function, const std::vector<Tensor>& inputs) {
  const GradcheckResult elements = gradcheck(function, inputs, {1e-5, 512, 8, 1});
  EXPECT_LE(elements.largest, 1e-6) << "input " << elements.input << " element " << elements.element << ": tape "
                                    << elements.tape << ", differences " << elements.numeric;
  EXPECT_GT(elements.compared, 0);
  const GradcheckResult directions = gradcheck(function, inputs, {1e-5, 0, 2, 2});
  EXPECT_LE(directions.largest, 1e-6) << "input " << directions.input << ": tape " << directions.tape
                                      << ", differences " << directions.numeric;
  const Tensor seed = uniform(function(leaves(inputs)).shape(), -1, 1, 99);
  const std::vector<Tensor> expected = tape(function, inputs, seed);
  std::vector<Tensor> singles, views;
  for (const Tensor& input : inputs) {
    singles.push_back(input.to(DType::f32));
    views.push_back(scattered(input));
  }
  const std::vector<Tensor> in_f32 = tape(function, singles, seed.to(DType::f32));
  const std::vector<Tensor> of_views = tape(function, views, scattered(seed));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::string which = "input " + std::to_string(i);
    expect_close(in_f32[i], expected[i], 1e-4, which + " in f32");
    expect_close(of_views[i], expected[i], 1e-12, which + " of views");
    EXPECT_EQ(tape(function, inputs, seed, static_cast<int>(i))[0].numbers(), expected[i].numbers()) << which;
  }
}

/// The gradient of sum(weights * function(x)).
inline std::vector<double> slopes(const std::function<Variable(const Variable&)>& function, const Tensor& x,
                                  const Tensor& weights) {
  const Variable at = leaf(x);
  return gradient(function(at), {at}, {weights, false})[0].numbers();
}

/// What the call throws, "" if nothing.
template <typename Error = std::invalid_argument>
std::string complaint(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace tamis::engine
