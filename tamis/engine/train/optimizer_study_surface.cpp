#include <algorithm>
#include <cmath>
#include <limits>

#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/loss.h"
#include "tamis/engine/optim/schedule.h"
#include "tamis/engine/train/optimizer_study.h"

namespace tamis::train {

using engine::DType;
using engine::Variable;

namespace {

// --- two weights -----------------------------------------------------------------------------------------------------

constexpr int kSide = 8;
constexpr std::array<double, 2> kStart{0, 20}, kLow{-34, -42}, kHigh{52, 28};

/// Mean ink of the left and the right half of every 3 and 8, and 1 where it is an 8.
struct TwoHalves {
  Tensor x, y;  ///< f64 [n, 2], [n]
};

TwoHalves two_halves(const LabelledRows& rows) {
  std::vector<double> halves, eights;
  const auto pixels = rows.x.span<float>();
  for (std::size_t row = 0; row < rows.labels.size(); ++row) {
    if (rows.labels[row] != 3 && rows.labels[row] != 8) continue;
    std::array<double, 2> ink{};
    for (std::size_t p = 0; p < kSide * kSide; ++p) {
      ink[p % kSide >= kSide / 2 ? 1 : 0] += pixels[row * kSide * kSide + p] / 16 / 32;
    }
    halves.insert(halves.end(), ink.begin(), ink.end());
    eights.push_back(rows.labels[row] == 8 ? 1 : 0);
  }
  if (eights.empty()) return {};
  const auto n = static_cast<std::int64_t>(eights.size());
  return {Tensor::from(halves, {n, 2}), Tensor::from(eights, {n})};
}

Variable logistic_loss(const TwoHalves& data, const Variable& weights) {
  const Variable scores = engine::matmul(Variable(data.x), engine::reshape(weights, {2, 1}));
  return nn::binary_logistic(engine::reshape(scores, data.y.shape()), data.y);
}

double loss_at(const TwoHalves& data, const std::array<double, 2>& at) {
  const engine::NoGradient off;
  return logistic_loss(data, Variable(Tensor::from(std::span<const double>(at), {2}))).value().item();
}

StudyPath descend(const TwoHalves& data, const StudyRule& rule, double rate, std::int64_t steps) {
  const Variable weights(Tensor::from(std::span<const double>(kStart), {2}), true);
  optim::Optimizer optimizer({{{{"weights", weights, true}}, {}}}, rule.settings);
  StudyPath path{rule.name, rate, {kStart}, 0};
  for (std::int64_t step = 0; step < steps; ++step) {
    optimizer.look_ahead(rate);
    optimizer.step(engine::gradient(logistic_loss(data, weights), {weights}), rate);
    path.points.push_back({weights.value().at(0), weights.value().at(1)});
  }
  path.loss = loss_at(data, path.points.back());
  return path;
}

/// The rate of the grid whose path ends lowest.
StudyPath best_descent(const TwoHalves& data, const StudyRule& rule, std::int64_t steps) {
  StudyPath best;
  best.loss = std::numeric_limits<double>::infinity();
  for (const double rate : {0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0}) {
    StudyPath path = descend(data, rule, rate, steps);
    if (path.loss < best.loss) best = std::move(path);
  }
  return best;
}

// --- two minima ------------------------------------------------------------------------------------------------------

constexpr std::size_t kPixel = 28;  // row 4, column 5: in the middle, dark in most digits and white in the 0
constexpr double kWidth = 0.75;
constexpr double kLowRate = 0.1, kHighRate = 12;
constexpr std::int64_t kPeriod = 100, kBatch = 64;

Variable cauchy_loss(const Tensor& x, const Variable& theta) {
  const Variable distance = engine::mul(engine::sub(Variable(x), theta), 1 / kWidth);
  return engine::mean(engine::log(engine::add(engine::square(distance), 1)));
}

double cauchy_at(const Tensor& x, double theta) {
  const engine::NoGradient off;
  return cauchy_loss(x, Variable(Tensor::full({1}, theta, DType::f64))).value().item();
}

std::vector<double> descend(const Tensor& x, const optim::Schedule& schedule, std::int64_t steps, std::uint64_t seed,
                            std::uint64_t start) {
  const Variable theta(Tensor::zeros({1}, DType::f64), true);
  optim::Settings settings;
  settings.rule = optim::Settings::Rule::sgd;
  optim::Optimizer optimizer({{{{"theta", theta, true}}, {}}}, settings);
  Stream stream(seed, "study.valley", start);
  const auto values = x.span<double>();
  std::vector<double> thetas{0}, batch(kBatch);
  for (std::int64_t step = 0; step < steps; ++step) {
    for (double& value : batch) value = values[stream.below(values.size())];
    optimizer.step(engine::gradient(cauchy_loss(Tensor::from(batch, {kBatch}), theta), {theta}), schedule.rate(step));
    thetas.push_back(theta.value().item());
  }
  return thetas;
}

void find_minima(StudyValley& valley) {
  const auto& f = valley.losses;
  std::vector<std::size_t> minima;
  for (std::size_t i = 1; i + 1 < f.size(); ++i) {
    if (f[i] < f[i - 1] && f[i] <= f[i + 1]) minima.push_back(i);
  }
  std::sort(minima.begin(), minima.end(), [&](std::size_t a, std::size_t b) { return f[a] < f[b]; });
  // On data with one minimum only, the two are the same.
  const std::size_t global = minima.empty() ? 0 : minima[0], local = minima.size() < 2 ? global : minima[1];
  valley.global = valley.theta[global];
  valley.global_loss = f[global];
  valley.local = valley.theta[local];
  valley.local_loss = f[local];
}

StudyValley::Descent many_descents(const StudyValley& valley, const Tensor& x, const std::string& name, double low,
                                   double high, std::int64_t steps, std::uint64_t seed) {
  StudyValley::Descent result{name, low, high, 0, 0, {}};
  optim::Schedule schedule;
  schedule.kind = low < high ? optim::Schedule::Kind::cyclic : optim::Schedule::Kind::constant;
  schedule.base = high;
  schedule.low = low;
  schedule.period = kPeriod;
  std::vector<std::vector<double>> all(static_cast<std::size_t>(valley.starts));
  parallel_for(all.size(), [&](std::size_t start) { all[start] = descend(x, schedule, steps, seed, start); });
  for (const std::vector<double>& thetas : all) {
    const double end = thetas.back();
    result.escaped += std::abs(end - valley.global) < std::abs(end - valley.local) ? 1 : 0;
    result.mean_loss += cauchy_at(x, end) / static_cast<double>(all.size());
  }
  result.thetas = all.front();
  return result;
}

}  // namespace

StudySurface study_surface(const Dataset& digits, std::int64_t steps) {
  StudySurface surface;
  const TwoHalves data = two_halves(digits.train);
  if (!data.x.defined()) return surface;
  surface.low = kLow;
  surface.high = kHigh;
  surface.columns = 61;
  surface.rows = 71;
  surface.losses.resize(static_cast<std::size_t>(surface.columns * surface.rows));
  const auto between = [](double low, double high, int i, int n) { return low + (high - low) * i / (n - 1); };
  parallel_for(static_cast<std::size_t>(surface.rows), [&](std::size_t row) {
    for (int column = 0; column < surface.columns; ++column) {
      const std::array<double, 2> at{between(kLow[0], kHigh[0], column, surface.columns),
                                     between(kLow[1], kHigh[1], static_cast<int>(row), surface.rows)};
      surface.losses[row * static_cast<std::size_t>(surface.columns) + static_cast<std::size_t>(column)] =
          loss_at(data, at);
    }
  });
  const std::vector<StudyRule> rules = study_rules();
  surface.paths.resize(rules.size());
  parallel_for(rules.size(), [&](std::size_t i) { surface.paths[i] = best_descent(data, rules[i], steps); });
  // Far more steps at a tame rate: the minimum to all the digits that are shown.
  StudyRule patient{"", {}};
  patient.settings.rule = optim::Settings::Rule::nag;
  const StudyPath far = descend(data, patient, 30, 20 * steps);
  surface.minimum = far.points.back();
  surface.minimum_loss = far.loss;
  return surface;
}

StudyValley study_valley(const Dataset& digits, std::uint64_t seed, const StudySize& size) {
  StudyValley valley;
  valley.starts = size.valley_starts;
  valley.period = kPeriod;
  const LabelledRows& rows = digits.train;
  const Tensor x = rows.x.slice(1, kPixel, kPixel + 1).packed().to(DType::f64).reshape({-1});
  for (double theta = -2; theta <= 18; theta += 0.0625) {
    valley.theta.push_back(theta);
    valley.losses.push_back(cauchy_at(x, theta));
  }
  find_minima(valley);
  for (const auto& [name, low, high] : {std::tuple{"constant, low", kLowRate, kLowRate},
                                        {"constant, high", kHighRate, kHighRate},
                                        {"cyclic", kLowRate, kHighRate}}) {
    valley.descents.push_back(many_descents(valley, x, name, low, high, size.valley_steps, seed));
  }
  return valley;
}

}  // namespace tamis::train
