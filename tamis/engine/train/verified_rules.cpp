#include "tamis/engine/train/verified_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "tamis/base/error.h"
#include "tamis/base/random.h"
#include "tamis/engine/nn/conv.h"
#include "tamis/engine/nn/linear.h"
#include "tamis/engine/nn/loss.h"
#include "tamis/engine/nn/pool.h"

namespace tamis::train {

namespace {

using engine::DType;
using engine::Tensor;
using engine::Variable;
using hand::Array;

Array array_of(const Tensor& tensor) {
  const auto sizes = tensor.shape().sizes();
  return {Array::sizes_of({sizes.begin(), sizes.end()}), tensor.numbers()};
}

/// What a linear layer sees: rows, whatever the axes before the last.
Array rows_of(const Array& array, std::int64_t columns) {
  return array.reshaped({static_cast<std::int64_t>(array.values().size()) / columns, columns, 1, 1});
}

/// What a rule made of dL/d(output): the gradients of the input and of the parameters by name.
struct ByHand {
  Array input;
  std::optional<Array> weight = {}, bias = {};
  const Array* parameter(const std::string& name) const {
    const std::optional<Array>& found = name == "weight" ? weight : bias;
    return found ? &*found : nullptr;
  }
};

ByHand by_hand(const nn::Conv2d& layer, const Array& g, const Tensor& x) {
  const engine::Conv2dOptions& options = layer.geometry();
  const auto padded = engine::conv2d_geometry(x.shape(), layer.weight().shape(), options, "gradcheck");
  const hand::Placement at{options.stride_h, options.stride_w, options.dilation_h, options.dilation_w,
                           padded.top,       padded.left,      options.groups};
  const Array image = array_of(x);
  const Array weight = array_of(layer.weight().value());
  return {hand::conv_input(g, weight, image.sizes(), at), hand::conv_weight(g, image, weight.sizes(), at),
          hand::conv_bias(g)};
}

ByHand by_hand(const nn::Linear& layer, const Array& g, const Tensor& x) {
  const Array weight = array_of(layer.weight().value());
  const Array rows = rows_of(g, weight.size(0));
  return {hand::linear_input(rows, weight), hand::linear_weight(rows, rows_of(array_of(x), weight.size(1))),
          hand::linear_bias(rows)};
}

ByHand by_hand(const nn::MaxPool2d& layer, const Array& g, const Tensor& x) {
  const engine::PoolOptions& options = layer.options();
  const auto padded = engine::pool2d_geometry(x.shape(), options, "gradcheck");
  const hand::Placement at{
      .stride_h = options.stride_h, .stride_w = options.stride_w, .top = padded.top, .left = padded.left};
  return {hand::max_pool_input(g, array_of(x), options.window_h, options.window_w, at)};
}

/// Nothing where nobody derived the rule.
std::optional<ByHand> rule_of(const nn::Layer& layer, const Array& g, const Tensor& x) {
  if (const auto* conv = dynamic_cast<const nn::Conv2d*>(&layer)) return by_hand(*conv, g, x);
  if (const auto* linear = dynamic_cast<const nn::Linear*>(&layer)) return by_hand(*linear, g, x);
  if (const auto* pool = dynamic_cast<const nn::MaxPool2d*>(&layer)) return by_hand(*pool, g, x);
  if (layer.kind() == "relu") return ByHand{hand::relu_input(g, array_of(x))};
  if (layer.kind() == "flatten") return ByHand{g.reshaped(array_of(x).sizes())};
  return std::nullopt;
}

/// Elements to move: all, or as many as asked for, drawn without repeats.
std::vector<std::size_t> chosen(std::size_t elements, const RuleOptions& options, std::uint64_t index) {
  std::vector<std::size_t> all(elements);
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto wanted = static_cast<std::size_t>(options.elements);
  if (elements <= wanted) return all;
  Stream stream(options.seed, "gradcheck.elements", index);
  for (std::size_t i = 0; i < wanted; ++i) std::swap(all[i], all[i + stream.below(elements - i)]);
  all.resize(wanted);
  return all;
}

/// The derivative of `loss` by one number of a tensor it reads, or nothing at a kink. Where the loss is smooth, the
/// difference of the two one-sided slopes shrinks with the step (h f''); at a kink it does not.
std::optional<double> central_difference(double& at, double step, const std::function<double()>& loss,
                                         double loss_here) {
  const double before = at;
  const auto loss_at = [&](double value) {
    at = value;
    const double result = loss();
    at = before;
    return result;
  };
  const double up = loss_at(before + step), down = loss_at(before - step);
  const double half_up = loss_at(before + step / 2), half_down = loss_at(before - step / 2);
  const double bend = (up + down - 2 * loss_here) / step;
  const double half_bend = (half_up + half_down - 2 * loss_here) / (step / 2);
  constexpr double kSmooth = 1e-7;
  if (std::abs(bend - 2 * half_bend) > kSmooth * std::max(1.0, std::abs(loss_here))) return std::nullopt;
  return (up - down) / (2 * step);
}

/// The network with all that one run of it left behind.
class Verification {
 public:
  Verification(nn::Sequential& network, const Tensor& x, const RuledLoss& loss, const nn::Pass& pass,
               const RuleOptions& options);
  VerifiedRules run();

 private:
  /// The rows of layer i. `g` is the gradient of its output by hand, if there is one; then that of its input.
  std::vector<RuleRow> rows_of_layer(std::size_t i, std::optional<Array>& g);
  /// One gradient of layer i; `moved` is the tensor whose elements are moved, `loss` reads it.
  RuleRow compare(std::size_t i, std::string gradient, const Tensor& tape, Tensor moved,
                  const std::function<double()>& loss, const Array* rule);
  /// The loss if layer i were given `input`.
  double loss_from(std::size_t i, const Tensor& input);
  const Tensor& tape(const Variable& variable) const { return tape_.at(variable.node().get()); }

  nn::Sequential& network_;
  const RuledLoss& loss_;
  nn::Pass pass_;
  const RuleOptions& options_;
  std::vector<Variable> values_;  ///< the input, then each layer's output
  std::unordered_map<const engine::Node*, Tensor> tape_;
  double loss_here_ = 0;
  std::uint64_t compared_ = 0;
};

Verification::Verification(nn::Sequential& network, const Tensor& x, const RuledLoss& loss, const nn::Pass& pass,
                           const RuleOptions& options)
    : network_(network), loss_(loss), pass_(pass), options_(options) {
  if (network.size() == 0) fail_caller("gradcheck", "the network has no layers");
  network.to(DType::f64);
  values_.emplace_back(x, true);
  for (std::size_t i = 0; i < network.size(); ++i) values_.push_back(network[i].forward(values_.back(), pass_));
  const Variable total = loss.value(values_.back());
  loss_here_ = total.value().item();
  std::vector<Variable> targets = values_;
  for (const nn::Parameter& parameter : network.parameters()) targets.push_back(parameter.variable);
  const std::vector<Tensor> gradients = engine::gradient(total, targets);
  for (std::size_t i = 0; i < targets.size(); ++i) tape_.emplace(targets[i].node().get(), gradients[i]);
}

double Verification::loss_from(std::size_t i, const Tensor& input) {
  const engine::NoGradient nothing_recorded;
  Variable value(input);
  for (; i < network_.size(); ++i) value = network_[i].forward(value, pass_);
  return loss_.value(value).value().item();
}

RuleRow Verification::compare(std::size_t i, std::string gradient, const Tensor& tape, Tensor moved,
                              const std::function<double()>& loss, const Array* rule) {
  RuleRow row;
  row.layer = network_.parts()[i].first;
  row.kind = network_[i].kind();
  row.gradient = std::move(gradient);
  row.shape = tape.shape();
  const std::vector<double> by_tape = tape.numbers();
  for (const double value : by_tape) row.magnitude = std::max(row.magnitude, std::abs(value));
  const auto raise = [&row](std::optional<double>& largest, double p, double q) {
    largest = std::max(largest.value_or(0), std::abs(p - q) / std::max(1e-3, row.magnitude));
  };
  for (std::size_t at = 0; rule != nullptr && at < by_tape.size(); ++at) {
    raise(row.tape_rule, by_tape[at], rule->values()[at]);
  }
  double* numbers = moved.data<double>();
  for (const std::size_t at : chosen(by_tape.size(), options_, compared_++)) {
    ++row.looked_at;
    const std::optional<double> difference = central_difference(numbers[at], options_.step, loss, loss_here_);
    if (!difference) {
      ++row.kinks;
      continue;
    }
    raise(row.tape_differences, by_tape[at], *difference);
    if (rule != nullptr) raise(row.rule_differences, rule->values()[at], *difference);
  }
  row.largest =
      std::max({row.tape_rule.value_or(0), row.tape_differences.value_or(0), row.rule_differences.value_or(0)});
  return row;
}

std::vector<RuleRow> Verification::rows_of_layer(std::size_t i, std::optional<Array>& g) {
  nn::Layer& layer = network_[i];
  const std::vector<nn::Parameter> parameters = layer.parameters();
  const Variable &x = values_[i], &y = values_[i + 1];
  std::optional<ByHand> rule = rule_of(layer, g ? *g : array_of(tape(y)), x.value());

  std::vector<RuleRow> rows;
  const Tensor output = y.value().clone();
  rows.push_back(compare(
      i, parameters.empty() ? "dL/da" : "dL/dz", tape(y), output, [&] { return loss_from(i + 1, output); },
      g ? &*g : nullptr));
  for (const nn::Parameter& parameter : parameters) {
    const std::string name = parameter.name.substr(parameter.name.rfind('.') + 1);
    rows.push_back(compare(
        i,
        "dL/d" + (name == "weight" ? "W"
                  : name == "bias" ? "b"
                                   : parameter.name),
        tape(parameter.variable), parameter.variable.value(), [&] { return loss_from(i, x.value()); },
        rule ? rule->parameter(name) : nullptr));
  }
  if (i == 0 || !parameters.empty()) {
    const Tensor input = x.value().clone();
    rows.push_back(compare(
        i, "dL/dx", tape(x), input, [&] { return loss_from(i, input); }, rule ? &rule->input : nullptr));
  }
  g = rule ? std::optional(std::move(rule->input)) : std::nullopt;
  return rows;
}

VerifiedRules Verification::run() {
  VerifiedRules result;
  result.loss = loss_here_;
  std::optional<Array> g;
  if (loss_.rule) g = loss_.rule(array_of(values_.back().value()));
  for (std::size_t i = network_.size(); i-- > 0;) {
    if (options_.progress) options_.progress(network_.parts()[i].first);
    std::vector<RuleRow> rows = rows_of_layer(i, g);
    for (const RuleRow& row : rows) result.largest = std::max(result.largest, row.largest);
    result.rows.insert(result.rows.begin(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
  }
  return result;
}

}  // namespace

RuledLoss soft_cross_entropy_loss(const Tensor& labels) {
  return {[labels](const Variable& output) { return nn::soft_cross_entropy(output, labels); },
          [labels](const Array& output) {
            const Array y = array_of(labels);
            return hand::softmax_cross_entropy_input(output, y, 1.0 / static_cast<double>(y.size(0)));
          }};
}

VerifiedRules verify_rules(nn::Sequential& network, const Tensor& x, const RuledLoss& loss, const nn::Pass& pass,
                           const RuleOptions& options) {
  return Verification(network, x, loss, pass, options).run();
}

VerifiedRules verify_rules(Classify& task, std::int64_t examples, const RuleOptions& options) {
  const std::int64_t there = task.examples(Part::train);
  if (examples < 1 || examples > there) {
    fail_caller("gradcheck", fmt::format("{} examples are asked for; the training set has {}", examples, there));
  }
  std::vector<std::int64_t> first(static_cast<std::size_t>(examples));
  std::iota(first.begin(), first.end(), std::int64_t{0});
  Tensor labels({examples, task.dataset().classes}, DType::f64);
  Stream stream(options.seed, "gradcheck.labels");
  for (double& label : labels.span<double>()) label = stream.uniform();
  nn::Pass pass;
  pass.training = true;
  pass.seed = options.seed;
  return verify_rules(*task.towers().towers()[0].layers, task.rows_of(Part::train, first, 0).to(DType::f64),
                      soft_cross_entropy_loss(labels), pass, options);
}

}  // namespace tamis::train
