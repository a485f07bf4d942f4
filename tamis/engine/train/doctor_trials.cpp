#include "tamis/engine/train/doctor_trials.h"

#include <algorithm>
#include <cmath>

#include "tamis/engine/autograd/variable.h"
#include "tamis/engine/tensor/reduce.h"
#include "tamis/engine/train/doctor_rules.h"

namespace tamis::doctor {

using train::Recipe;
using train::Trainer;

namespace {

constexpr std::int64_t kRows = 256;
constexpr std::int64_t kFewestSteps = 25, kMostSteps = 100;
constexpr double kLearned = 0.8;      // of the loss without skill: nothing to look for
constexpr double kLongSteps = 0.03;   // |change| / |weights|
constexpr double kRise = 3;           // of the loss, over its start
constexpr double kNoise = 10;         // noise scale over batch
constexpr double kNoiseIfFailed = 4;  // the same, where the run learns little
constexpr std::int64_t kSmallBatch = 32;

bool warms_up(const Recipe& recipe) {
  using Kind = optim::Schedule::Kind;
  const Kind kind = recipe.schedule.kind;
  return kind == Kind::warmup_linear || kind == Kind::warmup_cosine || kind == Kind::one_cycle;
}

/// The run's recipe at a constant rate (after a warm-up over a fifth of the steps, if the run has one).
Recipe altered(const Patient& patient, double rate, double batch_factor, std::int64_t steps) {
  Recipe recipe = patient.recipe;
  const std::int64_t examples = patient.task.examples(train::Part::train);
  recipe.batch =
      std::min(examples, static_cast<std::int64_t>(std::llround(static_cast<double>(recipe.batch) * batch_factor)));
  const bool warm = warms_up(recipe);
  recipe.schedule = {};
  recipe.schedule.base = rate;
  recipe.epochs = steps + 1;  // enough, whatever the batch
  recipe.warmup = recipe.period = 0;
  if (warm) {
    recipe.schedule.kind = optim::Schedule::Kind::warmup_linear;
    recipe.schedule.low = rate;
    recipe.warmup = static_cast<double>(steps) / 5 / static_cast<double>(examples / recipe.batch);
  }
  return recipe;
}

/// Runs trials, all of them as long, and keeps them.
class Trials {
 public:
  Trials(const Patient& patient, std::int64_t steps, std::uint64_t seed, Progress& progress, Evidence& evidence)
      : patient_(patient), steps_(steps), seed_(seed), progress_(progress), evidence_(evidence) {}

  Trial run(double rate_factor, double batch_factor) {
    Trial trial{.rate_factor = rate_factor, .batch_factor = batch_factor, .steps = steps_};
    // Both train the one network of the task; this one knows the run's batches, in which the loss is taken.
    Trainer as_run(patient_.task, patient_.recipe, seed_);
    trial.first_loss = loss_on_fixed_rows(as_run, seed_);
    Trainer trainer(patient_.task, altered(patient_, evidence_.peak_rate * rate_factor, batch_factor, steps_), seed_);
    bool finite = true;
    for (std::int64_t i = 0; i < steps_ && finite; ++i) {
      finite = std::isfinite(trainer.run_step().loss);
      progress_.advance();
    }
    const double last = finite ? loss_on_fixed_rows(as_run, seed_) : NAN;
    if (std::isfinite(last)) trial.last_loss = last;
    evidence_.trials.push_back(trial);
    return trial;
  }

 private:
  const Patient& patient_;
  std::int64_t steps_;
  std::uint64_t seed_;
  Progress& progress_;
  Evidence& evidence_;
};

}  // namespace

double loss_on_fixed_rows(Trainer& trainer, std::uint64_t seed) {
  const engine::NoGradient quiet;
  std::vector<engine::Tensor> kept;
  const std::vector<nn::Buffer> buffers = trainer.task().network().buffers();
  for (const nn::Buffer& buffer : buffers) kept.push_back(buffer.tensor.clone());
  double sum = 0, rows = 0;
  for (std::int64_t step = 0; rows < kRows && step < trainer.steps_per_epoch(); ++step) {
    const auto examples = trainer.examples_of(step);
    nn::Pass pass;
    pass.training = true;
    pass.seed = seed;
    pass.step = static_cast<std::uint64_t>(step);
    const auto count = static_cast<std::int64_t>(examples.size());
    sum += trainer.task().loss({examples, 0, count, 0}, pass).value().item();
    rows += static_cast<double>(count);
  }
  for (std::size_t i = 0; i < kept.size(); ++i) engine::Tensor(buffers[i].tensor).assign(kept[i]);
  return sum / rows;
}

void try_other_settings(const Patient& patient, std::int64_t steps, std::uint64_t seed, Progress& progress,
                        Evidence& evidence) {
  const auto level = no_skill(evidence);
  if (!level || !std::isfinite(*level) || evidence.initial_loss.value_or(0) > 1e30 || !course(evidence)) return;
  const double noise =
      evidence.noise_scale.value_or(0) / static_cast<double>(std::max<std::int64_t>(1, evidence.batch));
  const bool fails = stuck(evidence, kLearned);
  const bool noisy = noise >= (fails ? kNoiseIfFailed : kNoise) && (evidence.batch < kSmallBatch || fails);
  const bool unwell = fails || ran_away(evidence) || typical_update(evidence).value_or(0) > kLongSteps ||
                      highest_rise(evidence) > kRise;
  if (!noisy && !unwell) return;

  const std::int64_t length = std::clamp(steps / 4, kFewestSteps, kMostSteps);
  progress.begin("trials", 0);
  Trials trials(patient, length, seed, progress, evidence);
  const Trial base = trials.run(1, 1);
  if (noisy) trials.run(1, 16);
  if (unwell) {
    bool cured = false;
    for (const double factor : {0.1, 0.01, 0.001}) {
      if (!cured) cured = trials.run(factor, 1).last_loss < kLearned * *level;
    }
    for (const double factor : {10.0, 100.0, 1e3, 1e4}) {
      if (cured || !(base.last_loss > kLearned * *level) || !std::isfinite(base.last_loss)) break;
      cured = trials.run(factor, 1).last_loss < 0.7 * *level;
    }
  }
  progress.end();
}

void estimate_updates(const Trainer& trainer, Evidence& evidence) {
  const optim::Settings& settings = trainer.recipe().optimizer;
  using Rule = optim::Settings::Rule;
  double squares = 0, count = 0;
  for (const nn::Parameter& parameter : trainer.parameters()) {
    if (!parameter.decay) continue;
    squares += engine::sum_of_squares(parameter.variable.value());
    count += static_cast<double>(parameter.variable.value().elements());
  }
  if (squares <= 0) return;
  const bool plain = settings.rule == Rule::sgd || settings.rule == Rule::momentum || settings.rule == Rule::nag ||
                     settings.rule == Rule::nag_lookahead;
  // Momentum gathers at most 1 / (1 - momentum) gradients; an adaptive step is at most about the rate in each element.
  const double gathers = settings.rule == Rule::sgd ? 1 : 1 / (1 - settings.momentum);
  const double limit = trainer.recipe().clip_norm;
  for (Step& step : evidence.steps) {
    if (step.update || !std::isfinite(step.gradient_norm)) continue;
    const double norm = limit > 0 ? std::min(limit, step.gradient_norm) : step.gradient_norm;
    step.update = step.rate * (plain ? gathers * norm : std::sqrt(count)) / std::sqrt(squares);
  }
}

}  // namespace tamis::doctor
