#include "tamis/engine/train/doctor_examination.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "tamis/engine/autograd/variable.h"
#include "tamis/engine/tensor/elementwise.h"
#include "tamis/engine/tensor/reduce.h"
#include "tamis/engine/train/contrast.h"
#include "tamis/engine/train/doctor_layers.h"
#include "tamis/engine/train/doctor_rules.h"
#include "tamis/engine/train/doctor_trials.h"
#include "tamis/engine/train/trainer.h"

namespace tamis::doctor {

using engine::Tensor;
using engine::Variable;
using train::Recipe;
using train::Task;
using train::Trainer;

namespace {

constexpr std::int64_t kRowsLookedAt = 512;
constexpr double kWork = 1e11;  // multiplications and additions of the steps examined: some seconds
constexpr std::int64_t kFewestSteps = 50, kMostSteps = 1000;
constexpr std::int64_t kEvaluations = 10;

/// The first examples in the order of training.
std::vector<std::int64_t> first_examples(Trainer& trainer, std::int64_t rows) {
  std::vector<std::int64_t> examples;
  for (std::int64_t step = 0; static_cast<std::int64_t>(examples.size()) < rows; ++step) {
    if (step == trainer.steps_per_epoch()) break;
    const auto more = trainer.examples_of(step);
    examples.insert(examples.end(), more.begin(), more.end());
  }
  if (static_cast<std::int64_t>(examples.size()) > std::max(rows, trainer.recipe().batch))
    examples.resize(static_cast<std::size_t>(std::max(rows, trainer.recipe().batch)));
  return examples;
}

/// True if the message is that of an op that made a NaN or an infinite value, and no other refusal.
bool names_not_finite(const std::string& message) {
  return message.find("] made ") != std::string::npos || message.find("] backward made ") != std::string::npos;
}

/// Runs `look`; an op that makes a NaN is evidence, not an error.
template <typename Look>
void look_safely(std::int64_t step, Evidence& evidence, const Look& look) {
  try {
    look();
  } catch (const std::invalid_argument& error) {
    if (!names_not_finite(error.what())) throw;
    if (!evidence.not_finite) evidence.not_finite = NotFinite{step, error.what()};
  }
}

void describe_recipe(const Trainer& trainer, Evidence& evidence) {
  const Recipe& recipe = trainer.recipe();
  evidence.rule = optim::name(recipe.optimizer.rule);
  evidence.batch = recipe.batch;
  evidence.planned_steps = trainer.total_steps();
  evidence.clip = recipe.clip_norm;
  const optim::Schedule schedule = recipe.scheduled(trainer.steps_per_epoch());
  const std::int64_t stride = std::max<std::int64_t>(1, evidence.planned_steps / 10000);
  for (std::int64_t step = 0; step < evidence.planned_steps; step += stride)
    evidence.peak_rate = std::max(evidence.peak_rate, schedule.rate(step));
}

/// tr(Σ) / |G|² from the gradients of single batches and of all together.
std::optional<double> noise_scale(Trainer& trainer, std::uint64_t seed) {
  const std::int64_t batch = trainer.recipe().batch;
  const std::int64_t batches =
      std::min(std::clamp<std::int64_t>(kRowsLookedAt / batch, 8, 256), trainer.steps_per_epoch());
  if (batches < 4) return std::nullopt;
  std::vector<Variable> targets;
  for (const nn::Parameter& parameter : trainer.parameters()) targets.push_back(parameter.variable);
  std::vector<Tensor> sum;
  double single = 0;
  for (std::int64_t i = 0; i < batches; ++i) {
    const auto examples = trainer.examples_of(i);
    nn::Pass pass;
    pass.training = true;
    pass.seed = seed;
    pass.step = static_cast<std::uint64_t>(i);
    std::vector<Tensor> gradients = engine::gradient(
        trainer.task().loss({examples, 0, static_cast<std::int64_t>(examples.size()), 0}, pass), targets);
    for (const Tensor& gradient : gradients) single += engine::sum_of_squares(gradient);
    for (std::size_t p = 0; p < sum.size(); ++p) sum[p] = engine::add(sum[p], gradients[p]);
    if (sum.empty()) sum = std::move(gradients);
  }
  double all = 0;
  for (const Tensor& gradient : sum) all += engine::sum_of_squares(gradient);
  const auto b = static_cast<double>(batch), n = static_cast<double>(batches);
  const double small = single / n / (b * b), large = all / (n * n * b * b);
  const double length = (n * large - small) / (n - 1);
  const double trace = (small - large) / (1 / b - 1 / (n * b));
  if (!std::isfinite(small) || !std::isfinite(large)) return std::nullopt;
  // More noise than so many rows can tell apart from none.
  const double most = n * b;
  return length > 0 ? std::min(std::max(0.0, trace) / length, most) : most;
}

double weights_length(const Trainer& trainer, const std::vector<Tensor>* before) {
  double squares = 0;
  std::size_t i = 0;
  for (const nn::Parameter& parameter : trainer.parameters()) {
    if (!parameter.decay) continue;
    const Tensor& value = parameter.variable.value();
    squares += engine::sum_of_squares(before == nullptr ? value : engine::sub(value, (*before)[i++]));
  }
  return std::sqrt(squares);
}

std::vector<Tensor> copy_weights(const Trainer& trainer) {
  std::vector<Tensor> copies;
  for (const nn::Parameter& parameter : trainer.parameters()) {
    if (parameter.decay) copies.push_back(parameter.variable.value().clone());
  }
  return copies;
}

/// One step of the run, as it is configured. False if it cannot go on.
bool take_step(Trainer& trainer, std::uint64_t seed, Evidence& evidence) {
  const std::int64_t step = trainer.step();
  const std::vector<Tensor> before = copy_weights(trainer);
  const double length = weights_length(trainer, nullptr);
  const train::StepLine line = trainer.run_step();
  const double update = length > 0 ? weights_length(trainer, &before) / length : 0;
  evidence.steps.push_back({step, line.loss, line.rate, line.norm, update});
  if (std::isfinite(line.loss) && std::isfinite(line.norm)) return true;
  const auto examples = trainer.examples_of(step);
  look_safely(step, evidence, [&] { look_at_layers(trainer.task(), examples, seed); });
  return false;
}

void take_steps(Trainer& trainer, std::int64_t steps, std::uint64_t seed, Progress& progress, Evidence& evidence) {
  progress.begin("steps", static_cast<std::uint64_t>(steps));
  const std::int64_t every = std::max<std::int64_t>(1, steps / kEvaluations);
  const auto has = [&](train::Part part) { return trainer.task().examples(part) > 0; };
  const train::Part held_out = has(train::Part::validation) ? train::Part::validation : train::Part::test;
  for (std::int64_t i = 0; i < steps; ++i) {
    if (!take_step(trainer, seed, evidence)) break;
    progress.advance();
    if (has(held_out) && (i + 1) % every == 0)
      evidence.evaluations.push_back({i + 1, trainer.evaluate(held_out).front()});
  }
  progress.end();
}

/// A warm-up longer than what is examined would show nothing but itself.
Recipe shortened(const Recipe& recipe, std::int64_t steps, std::int64_t steps_per_epoch) {
  Recipe result = recipe;
  const double longest = static_cast<double>(steps) / 4 / static_cast<double>(steps_per_epoch);
  result.warmup = std::min(recipe.warmup, longest);
  return result;
}

/// Layers, first loss and noise of the network as drawn; the work of one example's forward pass.
double look_at_start(Trainer& trainer, std::uint64_t seed, Evidence& evidence) {
  describe_recipe(trainer, evidence);
  double work = 0;
  look_safely(0, evidence, [&] {
    LayersSeen seen = look_at_layers(trainer.task(), first_examples(trainer, kRowsLookedAt), seed);
    evidence.start = std::move(seen.layers);
    evidence.normalizes_itself = seen.normalizes_itself;
    if (!evidence.train_inputs && !seen.inputs.features.empty()) evidence.train_inputs = std::move(seen.inputs);
    work = seen.work;
  });
  if (dynamic_cast<train::Contrast*>(&trainer.task()) != nullptr)
    evidence.chance_loss =
        std::log(static_cast<double>(trainer.recipe().batch) / static_cast<double>(trainer.recipe().accumulate));
  evidence.initial_loss = loss_on_fixed_rows(trainer, seed);
  if (!evidence.not_finite) evidence.noise_scale = noise_scale(trainer, seed);
  return work;
}

}  // namespace

void examine(const Patient& patient, const ExaminationOptions& options, Progress& progress, Evidence& evidence) {
  std::int64_t steps = options.steps;
  std::int64_t steps_per_epoch = 0;
  {
    Trainer trainer(patient.task, patient.recipe, options.seed);
    const double work = look_at_start(trainer, options.seed, evidence);
    const double step_work = 3 * work * static_cast<double>(patient.recipe.batch);
    if (steps == 0)
      steps = std::clamp(static_cast<std::int64_t>(kWork / std::max(1.0, step_work)), kFewestSteps, kMostSteps);
    steps = std::min(steps, evidence.planned_steps);
    steps_per_epoch = trainer.steps_per_epoch();
  }
  if (evidence.not_finite) return;
  {
    Trainer trainer(patient.task, shortened(patient.recipe, steps, steps_per_epoch), options.seed);
    take_steps(trainer, steps, options.seed, progress, evidence);
  }
  if (!evidence.not_finite) look_at_end(patient, options.seed, evidence);
  try_other_settings(patient, steps, options.seed, progress, evidence);
}

void examine_again(const Patient& patient, std::uint64_t seed, Progress& progress, Evidence& evidence) {
  Trainer trainer(patient.task, patient.recipe, seed);
  const double work = look_at_start(trainer, seed, evidence);
  const double step_work = 3 * work * static_cast<double>(patient.recipe.batch);
  const auto steps = std::clamp(static_cast<std::int64_t>(kWork / std::max(1.0, step_work)), kFewestSteps, kMostSteps);
  estimate_updates(trainer, evidence);
  try_other_settings(patient, std::min(steps, evidence.planned_steps), seed, progress, evidence);
}

void look_at_end(const Patient& patient, std::uint64_t seed, Evidence& evidence) {
  std::vector<std::int64_t> examples;
  const std::int64_t rows =
      std::min(std::max(kRowsLookedAt, patient.recipe.batch), patient.task.examples(train::Part::train));
  for (std::int64_t i = 0; i < rows; ++i) examples.push_back(i);
  const auto step = static_cast<std::int64_t>(evidence.steps.size());
  look_safely(step, evidence, [&] { evidence.end = look_at_layers(patient.task, examples, seed).layers; });
}

}  // namespace tamis::doctor
