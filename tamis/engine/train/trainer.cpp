#include "tamis/engine/train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/engine/autograd/meeting.h"
#include "tamis/engine/optim/clip.h"

namespace tamis::train {

namespace {

/// The module that a parameter belongs to: its name without the last word.
std::string layer_of_name(const std::string& name) {
  return name.substr(0, name.rfind('.'));
}

std::vector<optim::Group> groups_of(Task& task, const Recipe& recipe, std::uint64_t seed) {
  task.initialize(seed);
  std::vector<nn::Parameter> parameters = task.network().parameters();
  if (recipe.decay_all) return {{parameters, recipe.group}};
  return optim::split_by_decay(parameters, recipe.group);
}

std::int64_t batches(Task& task, const Recipe& recipe) {
  const std::int64_t examples = task.examples(Part::train);
  if (examples < recipe.batch) {
    fail_caller("train", fmt::format("a batch of {} examples is more than the {} to train on", recipe.batch, examples));
  }
  return examples / recipe.batch;
}

double root_of_sum(const std::vector<double>& squares) {
  return std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.0));
}

}  // namespace

std::string_view name(Part part) {
  return part == Part::train ? "train" : part == Part::validation ? "validation" : "test";
}

Trainer::Trainer(Task& task, const Recipe& recipe, std::uint64_t seed)
    : task_(task),
      recipe_(recipe),
      seed_(seed),
      optimizer_(groups_of(task, recipe, seed), recipe.optimizer),
      steps_per_epoch_(batches(task, recipe)),
      schedule_(recipe.scheduled(steps_per_epoch_)),
      stores_(static_cast<std::size_t>(recipe.shards)),
      sum_(optimizer_.parameters()) {
  schedule_.check();
  if (recipe.accumulate > recipe.batch) {
    fail_caller("train", fmt::format("a batch of {} cannot be cut into {}", recipe.batch, recipe.accumulate));
  }
  // Constructed once so that a CPU that cannot is found before the first step.
  const engine::PrecisionScope possible(recipe.precision);
  std::vector<std::string> names;
  for (const nn::Parameter& parameter : task.network().parameters()) {
    const std::string layer = layer_of_name(parameter.name);
    if (std::find(layers_.begin(), layers_.end(), layer) == layers_.end()) layers_.push_back(layer);
  }
  for (const nn::Parameter& parameter : parameters()) {
    const auto found = std::find(layers_.begin(), layers_.end(), layer_of_name(parameter.name));
    layer_of_.push_back(static_cast<std::size_t>(found - layers_.begin()));
  }
}

std::vector<std::int64_t> Trainer::examples_of(std::int64_t step) const {
  const std::int64_t epoch = step / steps_per_epoch_;
  if (epoch != order_epoch_) {
    order_.resize(static_cast<std::size_t>(task_.examples(Part::train)));
    std::iota(order_.begin(), order_.end(), 0);
    Stream stream(seed_, "train.order", static_cast<std::uint64_t>(epoch));
    for (std::size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[stream.below(i)]);
    order_epoch_ = epoch;
  }
  const auto begin = order_.begin() + (step % steps_per_epoch_) * recipe_.batch;
  return {begin, begin + recipe_.batch};
}

double Trainer::gradient_of(std::span<const std::int64_t> examples, std::int64_t micro_batch, nn::Observer* observer) {
  const auto count = static_cast<std::int64_t>(examples.size());
  const std::int64_t shards = std::min(recipe_.shards, count);
  std::vector<double> losses(static_cast<std::size_t>(shards));
  const auto body = [&](int shard, engine::Meeting* meeting) {
    const engine::PrecisionScope precision(recipe_.precision);
    const Range range = piece_of(count, shards, shard);
    nn::Pass pass;
    pass.training = true;
    pass.seed = seed_;
    pass.step = static_cast<std::uint64_t>(step_ * recipe_.accumulate + micro_batch);
    pass.shard = shard;
    pass.meeting = meeting;
    pass.observer = observer;
    const Share share{.examples = examples.subspan(static_cast<std::size_t>(range.begin),
                                                   static_cast<std::size_t>(range.end - range.begin)),
                      .first = range.begin,
                      .batch = count,
                      .epoch = step_ / steps_per_epoch_};
    const Variable loss = task_.loss(share, pass);
    losses[static_cast<std::size_t>(shard)] = loss.value().item();
    engine::BackwardOptions options;
    options.seed = Tensor::scalar(1.0 / static_cast<double>(recipe_.batch), loss.dtype());
    engine::backward(loss, stores_[static_cast<std::size_t>(shard)], options);
  };
  engine::run_shards(static_cast<int>(shards), task_.meets(), body);
  return std::accumulate(losses.begin(), losses.end(), 0.0);
}

StepLine Trainer::compute_gradient(nn::Observer* observer) {
  sum_.forget();
  for (engine::GradientStore& store : stores_) store.clear();
  const std::vector<std::int64_t> examples = examples_of(step_);
  StepLine line;
  line.step = step_;
  line.epoch = step_ / steps_per_epoch_;
  line.rate = schedule_.rate(step_);
  for (std::int64_t m = 0; m < recipe_.accumulate; ++m) {
    const Range range = piece_of(recipe_.batch, recipe_.accumulate, m);
    const auto part = std::span(examples).subspan(static_cast<std::size_t>(range.begin),
                                                  static_cast<std::size_t>(range.end - range.begin));
    line.loss += gradient_of(part, m, observer) / static_cast<double>(recipe_.batch);
  }
  sum_.add_up(stores_);
  line.norms = by_layer(sum_.squares());
  line.norm = root_of_sum(sum_.squares());
  return line;
}

StepLine Trainer::run_step(nn::Observer* observer) {
  optimizer_.look_ahead(schedule_.rate(step_));
  StepLine line = compute_gradient(observer);
  double norm = line.norm;
  if (recipe_.clip_value > 0) {
    optim::clip_values(sum_.gradients(), recipe_.clip_value);
    sum_.square_again();
    norm = root_of_sum(sum_.squares());
  }
  if (recipe_.clip_norm > 0) line.clip = optim::clip_factor(norm, recipe_.clip_norm);
  if (std::isfinite(line.loss) && std::isfinite(norm)) optimizer_.step(sum_.gradients(), line.rate, line.clip);
  ++step_;
  return line;
}

std::vector<double> Trainer::evaluate(Part part) {
  if (auto whole = task_.measure_whole(part)) return *whole;
  const std::int64_t count = task_.examples(part);
  const std::size_t metrics = task_.metrics().size();
  const auto chunks = static_cast<std::size_t>((count + kEvaluated - 1) / kEvaluated);
  std::vector<std::vector<double>> sums(chunks);
  parallel_for(chunks, [&](std::size_t i) {
    const engine::NoGradient nothing_recorded;
    const engine::PrecisionScope precision(recipe_.precision);
    const auto begin = static_cast<std::int64_t>(i) * kEvaluated;
    std::vector<std::int64_t> examples(static_cast<std::size_t>(std::min(kEvaluated, count - begin)));
    std::iota(examples.begin(), examples.end(), begin);
    sums[i] = task_.measure(part, examples);
  });
  std::vector<double> means(metrics);
  for (const std::vector<double>& sum : sums) {
    for (std::size_t m = 0; m < metrics; ++m) means[m] += sum[m];
  }
  for (double& mean : means) mean /= static_cast<double>(count);
  return means;
}

std::vector<double> Trainer::by_layer(const std::vector<double>& squares) const {
  std::vector<double> norms(layers_.size());
  for (std::size_t p = 0; p < squares.size(); ++p) norms[layer_of_[p]] += squares[p];
  for (double& norm : norms) norm = std::sqrt(norm);
  return norms;
}

std::vector<double> Trainer::weight_norms() const {
  std::vector<double> squares;
  for (const nn::Parameter& parameter : parameters()) {
    const double norm = optim::global_norm({parameter.variable.value()});
    squares.push_back(norm * norm);
  }
  return by_layer(squares);
}

std::vector<nn::Buffer> Trainer::weights() const {
  std::vector<nn::Buffer> tensors;
  for (const nn::Parameter& parameter : parameters()) tensors.push_back({parameter.name, parameter.variable.value()});
  for (const nn::Buffer& buffer : task_.network().buffers()) tensors.push_back(buffer);
  return tensors;
}

std::vector<nn::Buffer> Trainer::tensors() const {
  std::vector<nn::Buffer> tensors = weights();
  for (const nn::Buffer& moment : optimizer_.state()) tensors.push_back({"optimizer." + moment.name, moment.tensor});
  return tensors;
}

void Trainer::set_step(std::int64_t step) {
  step_ = step;
  optimizer_.set_steps(static_cast<std::uint64_t>(step));
}

}  // namespace tamis::train
