#include "tamis/engine/train/config.h"

#include <fmt/format.h>

#include <cmath>

#include "tamis/base/error.h"

namespace tamis::train {

namespace {

using enum Key::Type;

constexpr Key kRoot[] = {
    {"title", text, "-", "what pages are headed with; the file's name when absent"},
    {"task", text, "\"classify\"", "what is learned: classify (labels) or contrast (pairs)"},
};

constexpr Key kOptimizer[] = {
    {"rule", text, "\"adamw\"", "sgd, momentum, nag, nag_lookahead, adagrad, rmsprop, adam or adamw"},
    {"momentum", real, "0.9", "momentum, nag, nag_lookahead: share of the old velocity, 0 to below 1"},
    {"dampening", real, "0", "momentum: the gradient counts 1 - dampening"},
    {"beta1", real, "0.9", "adam, adamw: decay of the mean gradient"},
    {"beta2", real, "0.999", "adam, adamw: decay of the mean square"},
    {"alpha", real, "0.99", "rmsprop: decay of the mean square"},
    {"epsilon", real, "1e-8", "added to the root of the mean square"},
    {"initial_sum", real, "0", "adagrad: what the sum of squares begins with"},
    {"bias_correction", boolean, "true", "adam, adamw: make up for moments that begin at zero"},
    {"centered", boolean, "false", "rmsprop: the mean square about the mean"},
    {"l2", real, "0", "L2 regularisation: this times the weight joins the gradient"},
    {"weight_decay", real, "0", "decoupled decay: a step takes rate times this off each weight"},
    {"decay_all", boolean, "false", "biases and norms are regularised and decay too"},
};

constexpr Key kSchedule[] = {
    {"kind", text, "\"constant\"",
     "constant, step, exponential, cosine, warmup_linear, warmup_cosine, cyclic or one_cycle"},
    {"rate", real, "0.001", "the learning rate (the largest, where it changes), above 0"},
    {"low", real, "0", "cosine, warmups, cyclic: the smallest rate"},
    {"factor", real, "0.1", "step, exponential: what the rate is multiplied by (each period, each step)"},
    {"warmup", real, "-",
     "warmups, one_cycle: epochs of rising rate; three tenths of all when absent (one_cycle), or none"},
    {"period", real, "1", "step, cosine, cyclic: epochs (cyclic: up, and as many down)"},
    {"period_factor", real, "1", "cosine: each period lasts so many times the one before"},
    {"start_divisor", real, "25", "one_cycle: the first rate is rate / start_divisor"},
    {"end_divisor", real, "1e4", "one_cycle: the last rate is the first / end_divisor"},
};

constexpr Key kTrain[] = {
    {"epochs", integer, "10", "times the training set is gone through, at the most"},
    {"batch", integer, "64", "examples of one step; what does not fill a batch is left out of the epoch"},
    {"accumulate", integer, "1", "pieces of the batch gone through one after the other, their gradients added"},
    {"shards", integer, "8", "parts of a piece that are worked on side by side; part of the result, unlike --threads"},
    {"clip_value", real, "0", "each element of the gradient is cut to this; 0: not"},
    {"clip_norm", real, "0", "the whole gradient is scaled down to this norm; 0: not"},
    {"evaluate_every", integer, "0", "steps between evaluations; 0: each epoch"},
    {"checkpoint_every", integer, "0", "steps between checkpoints; 0: each epoch"},
    {"watch", text, "-",
     "metric that tells the best checkpoint, of validation rows or else of test rows; the task's first "
     "beside the loss when absent"},
    {"patience", integer, "0", "evaluations without a better one before the run stops; 0: it does not"},
    {"target", real, "-", "the run stops when the watched metric is this good"},
    {"max_seconds", real, "0", "the run stops after so many; 0: it does not"},
    {"report", text, "\"last\"", "last or best: the weights whose metrics are the result"},
    {"precision", text, "\"f32\"", "f32 or bf16 (products of bf16 numbers, summed in f32; needs AVX-512 BF16)"},
};

constexpr double kEpochs = 1e6;

void read_optimizer(ConfigFile& file, Recipe& recipe) {
  const Section section = file.section("optimizer", kOptimizer);
  try {
    recipe.optimizer.rule = optim::rule_named(section.text("rule"));
  } catch (const std::invalid_argument& error) {
    section.fail("rule", error.what());
  }
  recipe.optimizer.momentum = section.real_in("momentum", 0, 1);
  recipe.optimizer.dampening = section.real_in("dampening", 0, 1);
  recipe.optimizer.beta1 = section.real_in("beta1", 0, 1);
  recipe.optimizer.beta2 = section.real_in("beta2", 0, 1);
  recipe.optimizer.alpha = section.real_in("alpha", 0, 1);
  recipe.optimizer.epsilon = section.real_in("epsilon", 1e-300, 1e3);
  recipe.optimizer.initial_sum = section.real_in("initial_sum", 0, 1e30);
  recipe.optimizer.bias_correction = section.boolean("bias_correction");
  recipe.optimizer.centered = section.boolean("centered");
  recipe.group.l2 = section.real_in("l2", 0, 1e6);
  recipe.group.weight_decay = section.real_in("weight_decay", 0, 1e6);
  recipe.decay_all = section.boolean("decay_all");
}

void read_schedule(ConfigFile& file, Recipe& recipe) {
  const Section section = file.section("schedule", kSchedule);
  try {
    recipe.schedule.kind = optim::schedule_named(section.text("kind"));
  } catch (const std::invalid_argument& error) {
    section.fail("kind", error.what());
  }
  recipe.schedule.base = section.real("rate");
  if (!(recipe.schedule.base > 0)) {
    section.fail("rate", fmt::format("the learning rate is {}; it must be above 0", recipe.schedule.base));
  }
  recipe.schedule.low = section.real("low");
  recipe.schedule.factor = section.real("factor");
  recipe.schedule.period_factor = section.real("period_factor");
  recipe.schedule.start_divisor = section.real("start_divisor");
  recipe.schedule.end_divisor = section.real("end_divisor");
  recipe.period = section.real_in("period", 0, kEpochs);
  const bool one_cycle = recipe.schedule.kind == optim::Schedule::Kind::one_cycle;
  recipe.warmup = section.has("warmup") ? section.real_in("warmup", 0, kEpochs)
                  : one_cycle           ? 0.3 * static_cast<double>(recipe.epochs)
                                        : 0;
  try {
    // Any length of an epoch shows what does not fit together.
    recipe.scheduled(1000).check();
  } catch (const std::invalid_argument& error) {
    section.fail("kind", error.what());
  }
}

void read_train(ConfigFile& file, Recipe& recipe) {
  const Section section = file.section("train", kTrain);
  constexpr std::int64_t kMany = std::int64_t{1} << 40;
  recipe.epochs = section.integer_in("epochs", 1, 1'000'000);
  recipe.batch = section.integer_in("batch", 1, 1 << 24);
  recipe.accumulate = section.integer_in("accumulate", 1, recipe.batch);
  recipe.shards = section.integer_in("shards", 1, 4096);
  recipe.clip_value = section.real_in("clip_value", 0, 1e30);
  recipe.clip_norm = section.real_in("clip_norm", 0, 1e30);
  recipe.evaluate_every = section.integer_in("evaluate_every", 0, kMany);
  recipe.checkpoint_every = section.integer_in("checkpoint_every", 0, kMany);
  recipe.watch = section.text("watch");
  recipe.patience = section.integer_in("patience", 0, kMany);
  if (section.has("target")) recipe.target = section.real("target");
  recipe.max_seconds = section.real_in("max_seconds", 0, 1e9);
  const std::string report = section.text("report"), precision = section.text("precision");
  if (report != "last" && report != "best") section.fail("report", "report is last or best");
  recipe.report_best = report == "best";
  if (precision != "f32" && precision != "bf16") section.fail("precision", "precision is f32 or bf16");
  if (precision == "bf16") {
    if (!engine::has_bf16()) section.fail("precision", "this CPU has no AVX-512 BF16; use precision = \"f32\"");
    recipe.precision = engine::Precision::bf16;
  }
}

}  // namespace

optim::Schedule Recipe::scheduled(std::int64_t steps_per_epoch) const {
  const auto steps = [&](double epoch_count) {
    return static_cast<std::int64_t>(std::llround(epoch_count * static_cast<double>(steps_per_epoch)));
  };
  optim::Schedule result = schedule;
  result.warmup = steps(warmup);
  result.period = std::max<std::int64_t>(steps(period), period > 0 ? 1 : 0);
  result.total = steps(static_cast<double>(epochs));
  return result;
}

Config read_config(ConfigFile& file) {
  Config config;
  const Section root = file.root(kRoot);
  config.title = root.text("title").empty() ? file.path().stem().string() : root.text("title");
  config.task = root.text("task");
  config.network = read_network(file);
  read_train(file, config.recipe);
  read_optimizer(file, config.recipe);
  read_schedule(file, config.recipe);
  return config;
}

std::string describe_config_keys() {
  std::string result = "## Top of the file\n\n" + describe(kRoot);
  result += "\n## `[train]`\n\n" + describe(kTrain);
  result += "\n## `[optimizer]`\n\n" + describe(kOptimizer);
  result += "\n## `[schedule]`\n\n" + describe(kSchedule);
  return result + "\n" + describe_layers();
}

}  // namespace tamis::train
