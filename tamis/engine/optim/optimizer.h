#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/engine/nn/module.h"

namespace tamis::optim {

using engine::Tensor;
using engine::Variable;

/// What all optimizers share. Throughout, θ is a parameter, g its gradient, γ the learning rate.
struct GroupOptions {
  double rate_factor = 1;  ///< this group's γ is the schedule's times this
  double l2 = 0;           ///< λ of L2 regularisation: g ← g + λ θ, before the optimizer's rule
  double weight_decay = 0;  ///< λ of decoupled decay: θ ← θ - γ λ θ, beside the rule. Source: Loshchilov and Hutter,
                            ///< arXiv:1711.05101, algorithm 2
};

/// Parameters with one set of options.
struct Group {
  std::vector<nn::Parameter> parameters;
  GroupOptions options;
};
/// Two groups: decay as given for parameters with `decay`, none for biases and norms. A group without parameters is
/// left out.
std::vector<Group> split_by_decay(std::vector<nn::Parameter> parameters, const GroupOptions& options);

/// The rule and its settings; only those a rule names are read. The formulas are in rules-inl.h. adamw is adam; the
/// name says that its groups have `weight_decay` rather than `l2`.
struct Settings {
  enum class Rule { sgd, momentum, nag, nag_lookahead, adagrad, rmsprop, adam, adamw };
  Rule rule = Rule::adamw;
  double momentum = 0.9;              ///< μ of momentum, nag
  double dampening = 0;               ///< momentum: v ← μ v + (1 - dampening) g, from the first step on
  double beta1 = 0.9, beta2 = 0.999;  ///< adam, adamw
  double alpha = 0.99;                ///< rmsprop's decay of the mean square
  double epsilon = 1e-8;              ///< added to the root (1e-10 is AdaGrad's custom)
  double initial_sum = 0;             ///< adagrad
  bool bias_correction = true;        ///< adam, adamw
  bool centered = false;              ///< rmsprop: subtract the squared mean gradient
};
std::string_view name(Settings::Rule rule);
/// Throws invalid_argument naming the rules.
Settings::Rule rule_named(std::string_view name);

/// Changes parameters by their gradients, one fused pass over memory, parallel over fixed pieces.
class Optimizer {
 public:
  /// Throws invalid_argument for a setting out of its range (rates and epsilons above 0, decays in [0, 1), λ >= 0), a
  /// parameter given twice or that is no leaf, or none at all.
  Optimizer(std::vector<Group> groups, Settings settings);
  ~Optimizer();

  /// One step. gradients[i] belongs to parameters()[i]; undefined means it got none and is left alone (decay too).
  /// Each is multiplied by `gradient_scale` (clipping, loss scale) as it is read. Bias correction goes by steps(), the
  /// same for all. Throws invalid_argument, before anything is changed, unless rate and scale are above 0 and finite
  /// and every gradient has its parameter's shape and dtype.
  void step(const std::vector<Tensor>& gradients, double rate, double gradient_scale = 1);
  /// nag_lookahead: moves θ to θ - γ μ v before the gradient is taken; step() starts from the true θ again. Must come
  /// once before every step (both throw otherwise); does nothing for the other rules.
  void look_ahead(double rate);

  const std::vector<nn::Parameter>& parameters() const;
  const Settings& settings() const;
  std::uint64_t steps() const;
  /// The moments by name ("mean_square.layer.weight"), for a checkpoint; the tensors are the live ones.
  std::vector<nn::Buffer> state() const;
  /// After the tensors of state() were filled from a checkpoint.
  void set_steps(std::uint64_t steps);
  /// Bytes of moments a rule keeps per parameter byte: 0, 1 or 2.
  static int moments(const Settings& settings);

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace tamis::optim
