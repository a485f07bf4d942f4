#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tamis/engine/nn/module.h"
#include "tamis/engine/train/classify.h"
#include "tamis/engine/train/hand_rules.h"

namespace tamis::train {

/// One gradient of a network, computed three ways: by the tape, by the rule derived by hand (hand_rules.h), by central
/// differences of the loss. Differences are |p - q| over the gradient's largest magnitude (or over 1e-3, if that is
/// more: below it central differences have no digits left).
struct RuleRow {
  std::string layer;     ///< its name in the network
  std::string kind;      ///< Layer::kind()
  std::string gradient;  ///< of the output: "dL/dz" if the layer has weights, else "dL/da"; "dL/dW", "dL/db",
                         ///< "dL/dNAME" of a parameter; "dL/dx" of the input
  engine::Shape shape;
  double magnitude = 0;                    ///< of the largest element, by the tape
  std::optional<double> tape_rule;         ///< largest difference; absent: the layer has no rule by hand
  std::optional<double> tape_differences;  ///< absent: every element looked at sits on a kink
  std::optional<double> rule_differences;
  double largest = 0;          ///< of the three
  std::int64_t looked_at = 0;  ///< elements that were moved for the central differences
  std::int64_t kinks = 0;      ///< of them, those left out: the loss has no derivative within the step
};

struct RuleOptions {
  double step = 1e-5;
  /// A gradient with more elements is compared with central differences at so many of them, drawn at random. The tape
  /// and the rule are compared everywhere.
  std::int64_t elements = 200;
  std::uint64_t seed = 0;
  std::function<void(const std::string& layer)> progress = {};  ///< before each layer's central differences
};

/// A loss of a network's output and, if it has one, its rule: dL/d(output) of the output.
struct RuledLoss {
  std::function<engine::Variable(const engine::Variable& output)> value;
  std::function<hand::Array(const hand::Array& output)> rule;
};
/// Softmax and cross-entropy with soft labels [B, K] f64, the mean over the rows.
RuledLoss soft_cross_entropy_loss(const engine::Tensor& labels);

struct VerifiedRules {
  double loss = 0;
  double largest = 0;
  std::vector<RuleRow> rows;  ///< from the first layer to the last
};

/// Runs the network, converted to f64, on x (f64) once and compares. The rule of a layer is given what the rules after
/// it computed (the tape's, where the next layer has none). Rules by hand: conv2d, linear, relu, max_pool2d, flatten.
/// Other layers of the sequence, whatever is inside them, are compared with central differences alone. Throws
/// invalid_argument for a network without layers, or shapes that do not fit.
VerifiedRules verify_rules(nn::Sequential& network, const engine::Tensor& x, const RuledLoss& loss,
                           const nn::Pass& pass, const RuleOptions& options = {});
/// The same for a task's network on its first training examples, with soft labels drawn at random (seed, "gradcheck
/// labels") that do not sum to 1. Throws invalid_argument if there are fewer examples.
VerifiedRules verify_rules(Classify& task, std::int64_t examples, const RuleOptions& options = {});

}  // namespace tamis::train
