#include "tamis/engine/autograd/gradcheck.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tamis/base/error.h"
#include "tamis/base/random.h"

namespace tamis::engine {

namespace {

using Function = std::function<Variable(const std::vector<Variable>&)>;

/// The function's result contracted with fixed weights, at points moved about one set of inputs.
class Contracted {
 public:
  Contracted(const Function& function, const std::vector<Tensor>& inputs, std::uint64_t seed) : function_(function) {
    for (const Tensor& input : inputs) inputs_.push_back(input.clone());
    const std::vector<Variable> leaves = variables(true);
    const Variable y = function_(leaves);
    weights_ = Tensor::full(y.shape(), 1, DType::f64);
    if (y.value().elements() > 1) {
      Stream stream(seed, "gradcheck.weights");
      for (double& weight : weights_.span<double>()) weight = stream.normal();
    }
    gradients_ = gradient(y, leaves, {weights_, false});
  }

  Tensor& input(std::size_t i) { return inputs_[i]; }
  const Tensor& tape(std::size_t i) const { return gradients_[i]; }
  double operator()() const {
    const NoGradient off;
    const Tensor y = function_(variables(false)).value().packed();
    const auto values = y.span<double>();
    const auto weights = weights_.span<double>();
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += values[i] * weights[i];
    return sum;
  }

 private:
  std::vector<Variable> variables(bool needs_gradient) const {
    std::vector<Variable> made;
    for (const Tensor& input : inputs_) made.emplace_back(input, needs_gradient);
    return made;
  }

  const Function& function_;
  std::vector<Tensor> inputs_, gradients_;
  Tensor weights_;
};

void compare(GradcheckResult& result, std::size_t input, std::int64_t element, double tape, double numeric) {
  ++result.compared;
  const double difference = std::abs(tape - numeric) / std::max({1.0, std::abs(tape), std::abs(numeric)});
  if (difference <= result.largest) return;  // not so for NaN, which stays the largest
  if (std::isnan(result.largest)) return;
  result = {difference, input, element, tape, numeric, result.compared};
}

void check_elements(Contracted& function, std::size_t input, double step, GradcheckResult& result) {
  auto values = function.input(input).span<double>();
  const auto tape = function.tape(input).span<double>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double at = values[i];
    const double h = step * std::max(1.0, std::abs(at));
    values[i] = at + h;
    const double above = values[i], after = function();
    values[i] = at - h;
    const double below = values[i], before = function();
    values[i] = at;
    compare(result, input, static_cast<std::int64_t>(i), tape[i], (after - before) / (above - below));
  }
}

void check_directions(Contracted& function, std::size_t input, const GradcheckOptions& options,
                      GradcheckResult& result) {
  auto values = function.input(input).span<double>();
  const auto tape = function.tape(input).span<double>();
  const std::vector<double> at(values.begin(), values.end());
  for (int k = 0; k < options.directions; ++k) {
    Stream stream(options.seed, "gradcheck.direction", input * 1000 + static_cast<std::size_t>(k));
    std::vector<double> direction(at.size());
    double slope = 0;
    for (std::size_t i = 0; i < at.size(); ++i) {
      direction[i] = stream.below(2) == 0 ? -1 : 1;
      slope += tape[i] * direction[i];
    }
    const auto value_at = [&](double h) {
      for (std::size_t i = 0; i < at.size(); ++i) values[i] = at[i] + h * direction[i];
      return function();
    };
    const double after = value_at(options.step), before = value_at(-options.step);
    std::copy(at.begin(), at.end(), values.begin());
    compare(result, input, -1, slope, (after - before) / (2 * options.step));
  }
}

}  // namespace

GradcheckResult gradcheck(const Function& function, const std::vector<Tensor>& inputs,
                          const GradcheckOptions& options) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].defined() && inputs[i].dtype() == DType::f64) continue;
    fail_caller("gradcheck",
                fmt::format("input {} is {}, not f64", i, inputs[i].defined() ? inputs[i].text() : "none"));
  }
  Contracted contracted(function, inputs, options.seed);
  GradcheckResult result;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].elements() <= options.all_up_to) {
      check_elements(contracted, i, options.step, result);
    } else {
      check_directions(contracted, i, options, result);
    }
  }
  return result;
}

}  // namespace tamis::engine
