#include "tamis/engine/optim/settings.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string>

#include "tamis/base/error.h"

namespace tamis::optim {

namespace {

using Rule = Settings::Rule;

constexpr std::array<std::string_view, 8> kNames{"sgd",     "momentum", "nag",  "nag_lookahead",
                                                 "adagrad", "rmsprop",  "adam", "adamw"};

void require(bool holds, std::string_view whose, std::string_view setting, double given, std::string_view accepted) {
  if (!holds) fail_caller("optimizer", fmt::format("{}: {} is {}; it must be {}", whose, setting, given, accepted));
}

void require_decay(std::string_view whose, std::string_view setting, double given) {
  require(given >= 0 && given < 1, whose, setting, given, "0 or more and below 1");
}

void require_above_zero(std::string_view whose, std::string_view setting, double given) {
  require(given > 0 && std::isfinite(given), whose, setting, given, "above 0");
}

void require_not_negative(std::string_view whose, std::string_view setting, double given) {
  require(given >= 0 && std::isfinite(given), whose, setting, given, "0 or more");
}

}  // namespace

std::string_view name(Rule rule) {
  return kNames[static_cast<std::size_t>(rule)];
}

Rule rule_named(std::string_view name) {
  std::string known;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Rule>(i);
    known += (i == 0 ? "" : ", ") + std::string(kNames[i]);
  }
  fail_caller("optimizer", fmt::format("\"{}\" is no rule; the rules are: {}", name, known));
}

void check(const Settings& settings) {
  const std::string_view whose = name(settings.rule);
  switch (settings.rule) {
    case Rule::sgd:
      return;
    case Rule::momentum:
      require_decay(whose, "dampening", settings.dampening);
      [[fallthrough]];
    case Rule::nag:
    case Rule::nag_lookahead:
      return require_decay(whose, "momentum", settings.momentum);
    case Rule::adagrad:
      require_not_negative(whose, "initial_sum", settings.initial_sum);
      return require_above_zero(whose, "epsilon", settings.epsilon);
    case Rule::rmsprop:
      require_decay(whose, "alpha", settings.alpha);
      return require_above_zero(whose, "epsilon", settings.epsilon);
    case Rule::adam:
    case Rule::adamw:
      require_decay(whose, "beta1", settings.beta1);
      require_decay(whose, "beta2", settings.beta2);
      return require_above_zero(whose, "epsilon", settings.epsilon);
  }
}

void check(const GroupOptions& options) {
  require_above_zero("group", "rate_factor", options.rate_factor);
  require_not_negative("group", "l2", options.l2);
  require_not_negative("group", "weight_decay", options.weight_decay);
}

void check_step(double rate, double gradient_scale) {
  require_above_zero("step", "the learning rate", rate);
  require(gradient_scale > 0 && std::isfinite(gradient_scale), "step", "the gradient scale", gradient_scale,
          "above 0 (clipping gives 0 or nan where a gradient is not finite)");
}

std::vector<std::string_view> moment_names(const Settings& settings) {
  switch (settings.rule) {
    case Rule::sgd:
      return {};
    case Rule::momentum:
    case Rule::nag:
      return {"velocity"};
    case Rule::nag_lookahead:
      return {"velocity", "position"};
    case Rule::adagrad:
      return {"sum"};
    case Rule::rmsprop:
      if (settings.centered) return {"mean_square", "mean"};
      return {"mean_square"};
    case Rule::adam:
    case Rule::adamw:
      break;
  }
  return {"mean", "mean_square"};
}

StepConstants step_constants(const Settings& settings, const GroupOptions& options, std::uint64_t step, double rate,
                             double gradient_scale) {
  StepConstants c;
  c.gradient_scale = gradient_scale;
  c.l2 = options.l2;
  c.rate = rate * options.rate_factor;
  c.keep = 1 - c.rate * options.weight_decay;
  c.momentum = settings.momentum;
  c.fresh = 1 - settings.dampening;
  c.beta1 = settings.beta1;
  c.beta2 = settings.rule == Rule::rmsprop ? settings.alpha : settings.beta2;
  c.epsilon = settings.epsilon;
  const bool is_adam = settings.rule == Rule::adam || settings.rule == Rule::adamw;
  if (is_adam && settings.bias_correction) {
    const auto t = static_cast<double>(step);
    c.rate /= 1 - std::pow(settings.beta1, t);
    c.unbias = 1 / std::sqrt(1 - std::pow(settings.beta2, t));
  }
  return c;
}

}  // namespace tamis::optim
