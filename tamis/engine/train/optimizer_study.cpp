#include "tamis/engine/train/optimizer_study.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/init.h"
#include "tamis/engine/nn/loss.h"
#include "tamis/engine/tensor/index.h"
#include "tamis/engine/tensor/reduce.h"

namespace tamis::train {

using engine::DType;
using engine::Variable;
using optim::Settings;
using Rule = Settings::Rule;

namespace {

constexpr std::int64_t kPixels = 64, kHidden = 32, kClasses = 10;
constexpr double kDarkest = 16;
// Points of a loss curve, enough for a picture.
constexpr std::int64_t kPoints = 40;
// Spaced by the root of ten, wide enough that no rule's best is known beforehand to be at an end.
const std::vector<double> kRates{0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3};

/// Images and labels in one dtype, pixels in 0 .. 1.
struct Digits {
  Tensor train_x, train_y, test_x, test_y;
};

Digits digits_of(const Dataset& data, DType dtype) {
  const auto x = [&](const LabelledRows& rows) { return engine::mul(rows.x, 1 / kDarkest).to(dtype); };
  const auto y = [](const LabelledRows& rows) { return Tensor::from(rows.labels, {rows.rows()}); };
  return {x(data.train), y(data.train), x(data.test), y(data.test)};
}

/// 64 - 32 tanh - 10.
class Network {
 public:
  Network(std::uint64_t seed, DType dtype) {
    add("hidden.weight", {kHidden, kPixels}, seed, dtype);
    add("hidden.bias", {kHidden}, seed, dtype);
    add("output.weight", {kClasses, kHidden}, seed, dtype);
    add("output.bias", {kClasses}, seed, dtype);
  }
  const std::vector<nn::Parameter>& parameters() const { return parameters_; }
  Variable logits(const Tensor& x) const {
    const Variable hidden = engine::tanh(engine::linear(Variable(x), at(0), at(1)));
    return engine::linear(hidden, at(2), at(3));
  }
  double loss(const Tensor& x, const Tensor& y) const {
    const engine::NoGradient off;
    return nn::cross_entropy(logits(x), y).value().item();
  }
  double accuracy(const Tensor& x, const Tensor& y) const {
    const engine::NoGradient off;
    const Tensor right = engine::equal(engine::argmax(logits(x).value(), -1), y.to(DType::i64));
    return engine::mean(right.to(DType::f64)).item();
  }
  std::vector<double> weights() const {
    std::vector<double> all;
    for (const nn::Parameter& parameter : parameters_) {
      for (const double weight : parameter.variable.value().numbers()) all.push_back(weight);
    }
    return all;
  }

 private:
  const Variable& at(std::size_t i) const { return parameters_[i].variable; }
  void add(const std::string& name, const engine::Shape& shape, std::uint64_t seed, DType dtype) {
    // Drawn in f32, so that f64 starts from the same numbers.
    Tensor value = Tensor::zeros(shape);
    if (shape.rank() > 1) nn::initialize(value, nn::Init::xavier_uniform(), seed, "study." + name);
    parameters_.push_back({name, Variable(value.to(dtype), true), shape.rank() > 1});
  }
  std::vector<nn::Parameter> parameters_;
};

/// The rows of mini-batch after mini-batch; each epoch has its own order.
class Batches {
 public:
  Batches(std::int64_t rows, std::int64_t batch, std::uint64_t seed) : batch_(batch), seed_(seed) {
    order_.resize(static_cast<std::size_t>(rows));
    std::iota(order_.begin(), order_.end(), 0);
  }
  /// The last of an epoch may be smaller.
  std::int64_t an_epoch() const { return (rows() + batch_ - 1) / batch_; }
  Tensor ids(std::int64_t step) {
    const std::int64_t epoch = step / an_epoch(), begin = step % an_epoch() * batch_;
    if (begin == 0 && batch_ < rows()) shuffle(static_cast<std::uint64_t>(epoch));
    const auto first = order_.begin() + begin;
    const std::vector<std::int32_t> ids(first, first + std::min(batch_, rows() - begin));
    return Tensor::from(ids, {static_cast<std::int64_t>(ids.size())});
  }

 private:
  std::int64_t rows() const { return static_cast<std::int64_t>(order_.size()); }
  void shuffle(std::uint64_t epoch) {
    Stream stream(seed_, "study.order", epoch);
    for (std::size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[stream.below(i)]);
  }
  std::vector<std::int32_t> order_;
  std::int64_t batch_;
  std::uint64_t seed_;
};

/// What one training is told.
struct Recipe {
  std::string name;
  Settings settings;
  optim::GroupOptions options;
  double rate = 0;
  std::int64_t batch = 0, steps = 0;
};

Network trained(const Digits& digits, const Recipe& recipe, std::uint64_t seed, StudyRun* watched) {
  Network network(seed, digits.train_x.dtype());
  optim::Optimizer optimizer({{network.parameters(), recipe.options}}, recipe.settings);
  std::vector<Variable> leaves;
  for (const nn::Parameter& parameter : network.parameters()) leaves.push_back(parameter.variable);
  const std::int64_t rows = digits.train_x.size(0);
  Batches batches(rows, recipe.batch, seed);
  const std::int64_t every = std::max<std::int64_t>(1, recipe.steps / kPoints);
  const auto look = [&](std::int64_t step) {
    if (watched == nullptr || (step % every != 0 && step != recipe.steps)) return;
    watched->epochs.push_back(static_cast<double>(step) / static_cast<double>(batches.an_epoch()));
    watched->losses.push_back(network.loss(digits.train_x, digits.train_y));
  };
  look(0);
  for (std::int64_t step = 0; step < recipe.steps; ++step) {
    optimizer.look_ahead(recipe.rate);
    const Tensor ids = batches.ids(step);
    const bool whole = recipe.batch >= rows;
    const Tensor x = whole ? digits.train_x : engine::gather_rows(digits.train_x, ids);
    const Tensor y = whole ? digits.train_y : engine::gather_rows(digits.train_y, ids);
    optimizer.step(engine::gradient(nn::cross_entropy(network.logits(x), y), leaves), recipe.rate);
    look(step + 1);
  }
  return network;
}

StudyRun run(const Digits& digits, const Recipe& recipe, std::uint64_t seed) {
  StudyRun result{recipe.name, recipe.rate, recipe.batch, recipe.steps, {}, {}, 0, false};
  const Network network = trained(digits, recipe, seed, &result);
  result.accuracy = network.accuracy(digits.test_x, digits.test_y);
  return result;
}

/// Each recipe at the rate of the grid that leaves the lowest training loss.
std::vector<StudyRun> best_runs(const Digits& digits, const std::vector<Recipe>& recipes, std::uint64_t seed,
                                Progress& progress) {
  const std::size_t rates = kRates.size();
  std::vector<StudyRun> runs(recipes.size() * rates);
  progress.begin("training", runs.size());
  parallel_for(runs.size(), [&](std::size_t i) {
    Recipe recipe = recipes[i / rates];
    recipe.rate = kRates[i % rates];
    runs[i] = run(digits, recipe, seed);
    progress.advance();
  });
  std::vector<StudyRun> best;
  for (std::size_t r = 0; r < recipes.size(); ++r) {
    std::size_t chosen = r * rates;
    const auto left = [&](std::size_t i) {
      const double loss = runs[i].losses.back();
      return std::isfinite(loss) ? loss : std::numeric_limits<double>::max();
    };
    for (std::size_t i = r * rates; i < (r + 1) * rates; ++i) chosen = left(i) < left(chosen) ? i : chosen;
    best.push_back(runs[chosen]);
    best.back().at_edge = chosen == r * rates || chosen + 1 == (r + 1) * rates;
  }
  return best;
}

Settings with(Rule rule) {
  Settings settings;
  settings.rule = rule;
  return settings;
}

double length(const std::vector<double>& numbers) {
  return std::sqrt(std::inner_product(numbers.begin(), numbers.end(), numbers.begin(), 0.0));
}

StudyDecay compare_decay(const Digits& digits, Rule rule, double rate, std::int64_t steps, std::uint64_t seed) {
  constexpr double kLambda = 0.01;
  constexpr std::size_t kWeightsShown = 400;
  Recipe recipe{rule == Rule::sgd ? "SGD" : "Adam", with(rule), {.l2 = kLambda}, rate, 64, steps};
  const Network l2 = trained(digits, recipe, seed, nullptr);
  recipe.options = {.weight_decay = kLambda};
  const Network decay = trained(digits, recipe, seed, nullptr);
  StudyDecay result;
  result.name = recipe.name;
  result.rate = rate;
  result.lambda = kLambda;
  const std::vector<double> a = l2.weights(), b = decay.weights();
  for (std::size_t i = 0; i < a.size(); ++i) {
    result.largest_difference = std::max(result.largest_difference, std::abs(a[i] - b[i]));
    result.largest_weight = std::max(result.largest_weight, std::abs(a[i]));
    if (i % (a.size() / kWeightsShown) == 0) result.weights.push_back({a[i], b[i]});
  }
  result.norm_l2 = length(a);
  result.norm_decay = length(b);
  result.accuracy_l2 = l2.accuracy(digits.test_x, digits.test_y);
  result.accuracy_decay = decay.accuracy(digits.test_x, digits.test_y);
  return result;
}

}  // namespace

std::vector<StudyRule> study_rules() {
  Settings centered = with(Rule::rmsprop);
  centered.centered = true;
  return {{"SGD", with(Rule::sgd)},         {"Momentum", with(Rule::momentum)},
          {"NAG", with(Rule::nag)},         {"NAG, look-ahead", with(Rule::nag_lookahead)},
          {"AdaGrad", with(Rule::adagrad)}, {"RMSProp", with(Rule::rmsprop)},
          {"RMSProp, centered", centered},  {"Adam", with(Rule::adam)}};
}

Dataset read_study_digits(const std::string& folder) {
  DataConfig config;
  config.kind = "table";
  config.folder = folder;
  config.table = "optdigits.tra";
  config.test_table = "optdigits.tes";
  config.format = "csv";
  config.label = "65";
  config.header = false;
  config.classes = kClasses;
  config.normalize = "none";
  config.where = "data";
  Dataset digits = read_dataset(config, 0);
  require_sound(digits);
  for (const LabelledRows* rows : {&digits.train, &digits.test}) {
    if (rows->x.rank() != 2 || rows->x.size(1) != kPixels) {
      fail_caller("data", fmt::format("{}: rows are {}, not 64 pixels and a class", rows->name, rows->x.text()));
    }
    for (const float value : rows->x.span<float>()) {
      if (value >= 0 && value <= kDarkest) continue;
      fail_caller("data", fmt::format("{}: a pixel is {}; pixels are 0 to 16", rows->name, value));
    }
  }
  return digits;
}

void study_networks(OptimizerStudy& study, const Dataset& data, std::uint64_t seed, Progress& progress) {
  const Digits digits = digits_of(data, DType::f32);
  const std::int64_t rows = data.train.rows();
  const auto steps = [&](std::int64_t batch) { return study.size.epochs * ((rows + batch - 1) / batch); };
  std::vector<Recipe> recipes;
  recipes.push_back({"full batch", with(Rule::sgd), {}, 0, rows, steps(rows)});
  for (const std::int64_t batch : {512, 64, 8}) {
    recipes.push_back({fmt::format("batches of {}", batch), with(Rule::sgd), {}, 0, batch, steps(batch)});
  }
  const std::size_t batches = recipes.size();
  for (const Rule rule : {Rule::sgd, Rule::momentum, Rule::nag}) {
    const char* name = rule == Rule::sgd ? "none" : rule == Rule::momentum ? "momentum 0.9" : "Nesterov 0.9";
    recipes.push_back({name, with(rule), {}, 0, rows, study.size.full_steps});
  }
  const std::size_t momentum = recipes.size();
  for (const StudyRule& rule : study_rules()) {
    recipes.push_back({rule.name, rule.settings, {}, 0, 64, steps(64)});
  }
  const std::vector<StudyRun> best = best_runs(digits, recipes, seed, progress);
  const auto at = [&](std::size_t i) { return best.begin() + static_cast<std::ptrdiff_t>(i); };
  study.batches.assign(at(0), at(batches));
  study.momentum.assign(at(batches), at(momentum));
  study.optimizers.assign(at(momentum), best.end());

  const Digits exact = digits_of(data, DType::f64);
  study.decay.resize(2);
  progress.begin("weight decay", 2);
  parallel_for(2, [&](std::size_t i) {
    study.decay[i] = i == 0 ? compare_decay(exact, Rule::sgd, 0.1, study.size.decay_steps, seed)
                            : compare_decay(exact, Rule::adam, 0.003, study.size.decay_steps, seed);
    progress.advance();
  });
}

OptimizerStudy study_optimizers(const Dataset& digits, std::uint64_t seed, const StudySize& size, Progress& progress) {
  OptimizerStudy study;
  study.train_rows = digits.train.rows();
  study.test_rows = digits.test.rows();
  study.size = size;
  study_networks(study, digits, seed, progress);
  progress.begin("surface and valley", 2);
  study.surface = study_surface(digits, size.path_steps);
  progress.advance();
  study.valley = study_valley(digits, seed, size);
  progress.end();
  return study;
}

}  // namespace tamis::train
