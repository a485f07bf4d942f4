#include "tamis/engine/optim/optimizer.h"

#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>

#include "tamis/base/parallel.h"
#include "tamis/base/random.h"

namespace tamis::optim {
namespace {

using engine::DType;
using engine::Shape;
using Rule = Settings::Rule;

constexpr int kRules = 8;

Settings with(Rule rule) {
  Settings settings;
  settings.rule = rule;
  return settings;
}

nn::Parameter parameter(const std::string& name, const std::vector<double>& values, bool decay = true) {
  return {name, Variable(Tensor::from(values, {static_cast<std::int64_t>(values.size())}), true), decay};
}

Tensor values(const std::vector<double>& numbers) {
  return Tensor::from(numbers, {static_cast<std::int64_t>(numbers.size())});
}

std::string complaint(const std::function<void()>& body) {
  try {
    body();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

std::vector<double> numbers(const Optimizer& optimizer) {
  std::vector<double> all;
  for (const nn::Parameter& parameter : optimizer.parameters()) {
    for (const double number : parameter.variable.value().numbers()) all.push_back(number);
  }
  return all;
}

TEST(Optimizer, TwoStepsOfMomentumByHand) {
  Optimizer optimizer({{{parameter("w", {1, -2})}, {}}}, with(Rule::momentum));
  optimizer.step({values({0.5, 1})}, 0.1);
  optimizer.step({values({0.5, 1})}, 0.1, 2);
  // v = 0.5, then 0.9 * 0.5 + 2 * 0.5 = 1.45.
  EXPECT_NEAR(numbers(optimizer)[0], 1 - 0.05 - 0.145, 1e-15);
  EXPECT_NEAR(numbers(optimizer)[1], -2 - 0.1 - 0.29, 1e-15);
  EXPECT_EQ(optimizer.steps(), 2);
}

TEST(Optimizer, FirstStepOfAdamIsTheRateWhateverTheGradient) {
  Optimizer optimizer({{{parameter("w", {1, 1, 1})}, {}}}, with(Rule::adam));
  optimizer.step({values({1e-3, -5, 1e6})}, 0.01);
  const auto found = numbers(optimizer);
  EXPECT_NEAR(found[0], 0.99, 1e-7);
  EXPECT_NEAR(found[1], 1.01, 1e-7);
  EXPECT_NEAR(found[2], 0.99, 1e-7);
}

TEST(Optimizer, LookAheadStandsAheadAndComesBack) {
  Optimizer optimizer({{{parameter("w", {1}), parameter("u", {3})}, {}}}, with(Rule::nag_lookahead));
  optimizer.look_ahead(0.1);
  EXPECT_EQ(numbers(optimizer), (std::vector<double>{1, 3}));
  optimizer.step({values({2}), values({1})}, 0.1);
  EXPECT_DOUBLE_EQ(numbers(optimizer)[0], 0.8);
  optimizer.look_ahead(0.1);
  EXPECT_DOUBLE_EQ(numbers(optimizer)[0], 0.8 - 0.1 * 0.9 * 2);
  optimizer.step({values({1}), Tensor()}, 0.1);
  // v = 0.9 * 2 + 1.
  EXPECT_DOUBLE_EQ(numbers(optimizer)[0], 0.8 - 0.1 * 2.8);
  EXPECT_DOUBLE_EQ(numbers(optimizer)[1], 2.9);
}

TEST(Optimizer, LookAheadAndStepTakeTurns) {
  Optimizer optimizer({{{parameter("w", {1})}, {}}}, with(Rule::nag_lookahead));
  EXPECT_TRUE(complaint([&] { optimizer.step({values({1})}, 0.1); }).starts_with("[optimizer] nag_lookahead"));
  optimizer.look_ahead(0.1);
  EXPECT_TRUE(complaint([&] { optimizer.look_ahead(0.1); }).starts_with("[optimizer] nag_lookahead"));
  Optimizer other({{{parameter("w", {1})}, {}}}, with(Rule::nag));
  other.look_ahead(0.1);
  EXPECT_EQ(numbers(other), std::vector<double>{1});
}

TEST(Optimizer, AParameterWithoutGradientIsLeftAlone) {
  for (int rule = 0; rule < kRules; ++rule) {
    Optimizer optimizer({{{parameter("w", {1, 2}), parameter("u", {3})}, {.l2 = 0.1, .weight_decay = 0.1}}},
                        with(static_cast<Rule>(rule)));
    for (int step = 0; step < 3; ++step) {
      optimizer.look_ahead(0.1);
      optimizer.step({Tensor(), values({0.5})}, 0.1);
    }
    EXPECT_EQ(numbers(optimizer)[0], 1) << rule;
    EXPECT_EQ(numbers(optimizer)[1], 2) << rule;
    EXPECT_LT(numbers(optimizer)[2], 3) << rule;
  }
}

TEST(Optimizer, WeightDecayIsL2InSgdButNotInAdam) {
  const auto after = [](Rule rule, GroupOptions options) {
    Optimizer optimizer({{{parameter("w", {1, -2})}, options}}, with(rule));
    for (int step = 0; step < 5; ++step) optimizer.step({values({0.3, 0.01})}, 0.1);
    return numbers(optimizer);
  };
  const auto sgd_l2 = after(Rule::sgd, {.l2 = 0.1}), sgd_decay = after(Rule::sgd, {.weight_decay = 0.1});
  const auto adam_l2 = after(Rule::adam, {.l2 = 0.1}), adam_decay = after(Rule::adam, {.weight_decay = 0.1});
  EXPECT_NEAR(sgd_l2[0], sgd_decay[0], 1e-15);
  EXPECT_NEAR(sgd_l2[1], sgd_decay[1], 1e-15);
  EXPECT_GT(std::abs(adam_l2[1] - adam_decay[1]), 0.5);
  EXPECT_EQ(adam_decay, after(Rule::adamw, {.weight_decay = 0.1}));
}

TEST(Optimizer, SplitByDecayMakesTwoGroups) {
  const auto groups =
      split_by_decay({parameter("w", {1}), parameter("b", {1}, false), parameter("u", {1})}, {0.5, 0.1, 0.2});
  ASSERT_EQ(groups.size(), 2);
  ASSERT_EQ(groups[0].parameters.size(), 2);
  EXPECT_EQ(groups[0].parameters[1].name, "u");
  EXPECT_EQ(groups[0].options.weight_decay, 0.2);
  EXPECT_EQ(groups[1].parameters[0].name, "b");
  EXPECT_EQ(groups[1].options.rate_factor, 0.5);
  EXPECT_EQ(groups[1].options.l2, 0);
  EXPECT_EQ(groups[1].options.weight_decay, 0);
  EXPECT_EQ(split_by_decay({parameter("b", {1}, false)}, {}).size(), 1);
}

/// Parameters large and small, f32, and gradients made from (step, parameter).
struct Many {
  std::vector<nn::Parameter> parameters;
  Many() {
    for (std::size_t i = 0; i < 40; ++i) {
      const std::int64_t size = i == 7 ? 100'003 : static_cast<std::int64_t>(1 + 37 * i);
      parameters.push_back({"p" + std::to_string(i), Variable(tensor(0, i, size), true), i % 2 == 0});
    }
  }
  static Tensor tensor(std::uint64_t step, std::uint64_t i, std::int64_t size) {
    Stream stream(step, "many", i);
    std::vector<float> numbers(static_cast<std::size_t>(size));
    for (float& number : numbers) number = static_cast<float>(stream.uniform() - 0.5);
    return Tensor::from(numbers, {size});
  }
  std::vector<Tensor> gradients(std::uint64_t step) const {
    std::vector<Tensor> all;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      all.push_back(tensor(step, i, parameters[i].variable.value().elements()));
    }
    return all;
  }
  Optimizer optimizer(Rule rule, bool centered) const {
    Settings settings = with(rule);
    settings.centered = centered;
    return {split_by_decay(parameters, {.weight_decay = 0.1}), settings};
  }
};

void run(Optimizer& optimizer, const Many& many, std::uint64_t from, std::uint64_t to) {
  // split_by_decay() has put the parameters into another order than they came.
  for (std::uint64_t step = from; step < to; ++step) {
    std::vector<Tensor> gradients;
    for (const nn::Parameter& parameter : optimizer.parameters()) {
      const auto i = std::stoull(parameter.name.substr(1));
      gradients.push_back(Many::tensor(step, i, parameter.variable.value().elements()));
    }
    optimizer.look_ahead(0.01);
    optimizer.step(gradients, 0.01);
  }
  EXPECT_EQ(many.parameters.size(), optimizer.parameters().size());
}

TEST(Optimizer, SameBitsAtAnyNumberOfThreads) {
  const int before = threads();
  for (int rule = 0; rule < kRules; ++rule) {
    std::vector<std::vector<double>> results;
    for (const int count : {1, 2, 3}) {
      set_threads(count);
      const Many many;
      Optimizer optimizer = many.optimizer(static_cast<Rule>(rule), false);
      run(optimizer, many, 1, 4);
      results.push_back(numbers(optimizer));
    }
    EXPECT_EQ(results[0], results[1]) << rule;
    EXPECT_EQ(results[0], results[2]) << rule;
  }
  set_threads(before);
}

TEST(Optimizer, SavedAndRestoredBitForBit) {
  for (int rule = 0; rule < kRules; ++rule) {
    for (const bool centered : {false, true}) {
      if (centered && static_cast<Rule>(rule) != Rule::rmsprop) continue;
      const Many straight, broken;
      Optimizer whole = straight.optimizer(static_cast<Rule>(rule), centered);
      run(whole, straight, 1, 7);

      Optimizer first = broken.optimizer(static_cast<Rule>(rule), centered);
      run(first, broken, 1, 4);
      // What a checkpoint holds: copies of parameters and state, by name.
      Optimizer second = broken.optimizer(static_cast<Rule>(rule), centered);
      const auto saved = first.state(), restored = second.state();
      ASSERT_EQ(saved.size(), restored.size());
      for (std::size_t i = 0; i < saved.size(); ++i) {
        EXPECT_EQ(saved[i].name, restored[i].name);
        Tensor live = restored[i].tensor;
        live.assign(saved[i].tensor);
      }
      second.set_steps(first.steps());
      run(second, broken, 4, 7);
      EXPECT_EQ(numbers(whole), numbers(second)) << rule;
      EXPECT_EQ(second.steps(), 6);
    }
  }
}

TEST(Optimizer, StateIsNamedByMomentAndParameter) {
  const auto names = [](Settings settings) {
    std::vector<std::string> result;
    const Optimizer optimizer({{{parameter("w", {1}), parameter("b", {1})}, {}}}, settings);
    for (const nn::Buffer& buffer : optimizer.state()) result.push_back(buffer.name);
    return result;
  };
  EXPECT_TRUE(names(with(Rule::sgd)).empty());
  EXPECT_EQ(names(with(Rule::adam)), (std::vector<std::string>{"mean.w", "mean.b", "mean_square.w", "mean_square.b"}));
  EXPECT_EQ(names(with(Rule::nag_lookahead)), (std::vector<std::string>{"velocity.w", "velocity.b"}));
  EXPECT_EQ(Optimizer::moments(with(Rule::sgd)), 0);
  EXPECT_EQ(Optimizer::moments(with(Rule::adagrad)), 1);
  EXPECT_EQ(Optimizer::moments(with(Rule::adamw)), 2);
}

TEST(Optimizer, RefusesRatesAndScalesBeforeChangingAnything) {
  Optimizer optimizer({{{parameter("w", {1})}, {}}}, with(Rule::sgd));
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double rate : {0.0, -0.1, std::nan(""), infinity}) {
    EXPECT_TRUE(
        complaint([&] { optimizer.step({values({1})}, rate); }).starts_with("[optimizer] step: the learning rate is "))
        << rate;
  }
  for (const double scale : {0.0, -1.0, std::nan(""), infinity}) {
    EXPECT_TRUE(complaint([&] {
                  optimizer.step({values({1})}, 0.1, scale);
                }).starts_with("[optimizer] step: the gradient scale is "))
        << scale;
  }
  EXPECT_EQ(numbers(optimizer), std::vector<double>{1});
  EXPECT_EQ(optimizer.steps(), 0);
}

TEST(Optimizer, RefusesGradientsThatDoNotFit) {
  Optimizer optimizer({{{parameter("w", {1, 2}), parameter("b", {1})}, {}}}, with(Rule::adam));
  EXPECT_EQ(complaint([&] { optimizer.step({values({1, 2})}, 0.1); }), "[optimizer] 1 gradients for 2 parameters");
  EXPECT_EQ(complaint([&] {
              optimizer.step({values({1, 2}), values({1, 2})}, 0.1);
            }),
            "[optimizer] parameter b f64[1], gradient f64[2]: shape or dtype differ");
  EXPECT_EQ(complaint([&] {
              optimizer.step({values({1, 2}).to(DType::f32), values({1})}, 0.1);
            }),
            "[optimizer] parameter w f64[2], gradient f32[2]: shape or dtype differ");
  EXPECT_EQ(numbers(optimizer), (std::vector<double>{1, 2, 1}));
}

TEST(Optimizer, RefusesSettingsOutOfRange) {
  const auto made = [](Rule rule, auto change) {
    Settings settings = with(rule);
    change(settings);
    return complaint([&] { Optimizer({{{parameter("w", {1})}, {}}}, settings); });
  };
  EXPECT_EQ(made(Rule::momentum, [](Settings& s) { s.momentum = 1; }),
            "[optimizer] momentum: momentum is 1; it must be 0 or more and below 1");
  EXPECT_EQ(made(Rule::momentum, [](Settings& s) { s.dampening = -0.1; }),
            "[optimizer] momentum: dampening is -0.1; it must be 0 or more and below 1");
  EXPECT_EQ(made(Rule::adamw, [](Settings& s) { s.beta1 = -0.1; }),
            "[optimizer] adamw: beta1 is -0.1; it must be 0 or more and below 1");
  EXPECT_EQ(made(Rule::adam, [](Settings& s) { s.beta2 = std::nan(""); }),
            "[optimizer] adam: beta2 is nan; it must be 0 or more and below 1");
  EXPECT_EQ(made(Rule::rmsprop, [](Settings& s) { s.alpha = 2; }),
            "[optimizer] rmsprop: alpha is 2; it must be 0 or more and below 1");
  EXPECT_EQ(made(Rule::adagrad, [](Settings& s) { s.epsilon = 0; }),
            "[optimizer] adagrad: epsilon is 0; it must be above 0");
  EXPECT_EQ(made(Rule::adagrad, [](Settings& s) { s.initial_sum = -1; }),
            "[optimizer] adagrad: initial_sum is -1; it must be 0 or more");
  EXPECT_EQ(made(Rule::sgd, [](Settings& s) { s.momentum = 7; }), "");
}

TEST(Optimizer, RefusesGroupsThatMakeNoSense) {
  const auto made = [](std::vector<Group> groups) {
    return complaint([&] { Optimizer(std::move(groups), with(Rule::sgd)); });
  };
  const nn::Parameter w = parameter("w", {1});
  EXPECT_EQ(made({}), "[optimizer] there is no parameter to change");
  EXPECT_EQ(made({{{w}, {}}, {{w}, {}}}), "[optimizer] parameter w is given twice");
  EXPECT_EQ(made({{{w}, {.rate_factor = 0}}}), "[optimizer] group: rate_factor is 0; it must be above 0");
  EXPECT_EQ(made({{{w}, {.l2 = -1}}}), "[optimizer] group: l2 is -1; it must be 0 or more");
  EXPECT_EQ(made({{{w}, {.weight_decay = std::nan("")}}}),
            "[optimizer] group: weight_decay is nan; it must be 0 or more");
  EXPECT_EQ(made({{{{"c", Variable(values({1})), true}}, {}}}),
            "[optimizer] parameter c is no contiguous leaf that needs gradients");
}

TEST(Optimizer, NamesGoBothWays) {
  for (int i = 0; i < kRules; ++i) EXPECT_EQ(rule_named(name(static_cast<Rule>(i))), static_cast<Rule>(i));
  EXPECT_EQ(
      complaint([] { rule_named("adma"); }),
      "[optimizer] \"adma\" is no rule; the rules are: sgd, momentum, nag, nag_lookahead, adagrad, rmsprop, adam, "
      "adamw");
}

}  // namespace
}  // namespace tamis::optim
