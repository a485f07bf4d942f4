#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tamis/base/error.h"
#include "tamis/base/number.h"
#include "tamis/base/random.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/train/trainer.h"
#include "tamis/vectors/transform/flow.h"

namespace tamis::transform {

namespace {

using train::Part;

constexpr const char* kKind = "flow";
constexpr std::int64_t kStartRows = 4096;

/// Bits per dimension of rows under a flow, as what a trainer minimises.
class FlowTask : public train::Task {
 public:
  FlowTask(Flow& flow, std::span<const float> rows, std::vector<std::int64_t> training,
           std::vector<std::int64_t> held_out)
      : flow_(flow), rows_(rows), training_(std::move(training)), held_out_(std::move(held_out)) {}

  std::string_view name() const override { return kKind; }
  nn::Module& network() override { return flow_; }
  /// The flow's weights are its own: the trainer begins with what start() made.
  void initialize(std::uint64_t seed) override { flow_.start(rows_of(training_, kStartRows), seed); }
  std::int64_t examples(Part part) const override {
    return static_cast<std::int64_t>(part == Part::train        ? training_.size()
                                     : part == Part::validation ? held_out_.size()
                                                                : 0);
  }
  Variable loss(const train::Share& share, nn::Pass& pass) override {
    return bits(chosen(training_, share.examples), pass);
  }
  std::vector<train::Metric> metrics() const override { return {{"loss", false}}; }
  std::vector<double> measure(Part, std::span<const std::int64_t> examples) override {
    nn::Pass pass;
    return {bits(chosen(held_out_, examples), pass).value().item()};
  }
  std::vector<InputFile> inputs() const override { return {}; }

 private:
  static std::vector<std::int64_t> chosen(const std::vector<std::int64_t>& from,
                                          std::span<const std::int64_t> examples) {
    std::vector<std::int64_t> rows;
    for (const std::int64_t example : examples) rows.push_back(from[static_cast<std::size_t>(example)]);
    return rows;
  }
  Tensor rows_of(const std::vector<std::int64_t>& numbers, std::int64_t most) const {
    const std::int64_t C = flow_.dimensions(), n = std::min(most, static_cast<std::int64_t>(numbers.size()));
    Tensor x({n, C});
    for (std::int64_t i = 0; i < n; ++i)
      std::copy_n(rows_.data() + numbers[static_cast<std::size_t>(i)] * C, C, x.data<float>() + i * C);
    return x;
  }
  Variable bits(const std::vector<std::int64_t>& numbers, nn::Pass& pass) {
    const auto C = static_cast<double>(flow_.dimensions()), n = static_cast<double>(numbers.size());
    Variable log_determinants;
    const Variable z =
        flow_.forward(Variable(rows_of(numbers, static_cast<std::int64_t>(numbers.size()))), log_determinants, pass);
    // -log N(z; 0, I) = |z|^2 / 2 + C/2 log 2 pi
    const Variable nats =
        engine::add(engine::mul(engine::sum(engine::square(z)), 0.5), n * C / 2 * std::log(2 * std::numbers::pi));
    return engine::mul(engine::sub(nats, engine::sum(log_determinants)), 1 / (C * std::numbers::ln2));
  }

  Flow& flow_;
  std::span<const float> rows_;
  std::vector<std::int64_t> training_, held_out_;
};

void check(std::span<const float> rows, std::int64_t C, const FlowFitting& how) {
  if (how.epochs < 1 || how.batch < 2 || !(how.rate > 0) || !(how.held_out >= 0 && how.held_out <= 0.5))
    fail_caller("flow", fmt::format("{} epochs, batch {}, rate {}, {} held out: needed are 1 or more, 2 or more, above "
                                    "0, 0 to 0.5",
                                    how.epochs, how.batch, how.rate, how.held_out));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!std::isfinite(rows[i]))
      fail_world(fmt::format("row {}", i / static_cast<std::size_t>(C)), "has a component that is not finite");
  }
}

const std::string& text_of(const train::Checkpoint& file, const std::string& name, const std::filesystem::path& path) {
  const auto found = file.texts.find(name);
  if (found == file.texts.end()) fail_world(path.string(), fmt::format("does not say its \"{}\": it is no flow", name));
  return found->second;
}

std::int64_t number_of(const train::Checkpoint& file, const std::string& name, const std::filesystem::path& path,
                       std::int64_t most) {
  std::int64_t number = 0;
  if (!parse_integer(text_of(file, name, path), number) || number < 0 || number > most)
    fail_world(path.string(), fmt::format("its \"{}\" is no number from 0 to {}", name, most));
  return number;
}

std::vector<nn::Buffer> tensors_of(const Flow& flow) {
  std::vector<nn::Buffer> tensors = flow.buffers();
  for (const nn::Parameter& parameter : flow.parameters())
    tensors.push_back({parameter.name, parameter.variable.value()});
  return tensors;
}

}  // namespace

FittedFlow fit_flow(std::span<const float> rows, std::int64_t dimensions, const FlowFitting& how, Progress& progress) {
  FittedFlow made;
  made.flow = std::make_unique<Flow>(dimensions, how.flow);
  check(rows, dimensions, how);
  const auto n = static_cast<std::int64_t>(rows.size()) / dimensions;
  std::vector<std::int64_t> training, held_out;
  const Luck luck(how.seed, "flow.held_out");
  for (std::int64_t i = 0; i < n; ++i)
    (luck.uniform(static_cast<std::uint32_t>(i)) < how.held_out ? held_out : training).push_back(i);
  if (static_cast<std::int64_t>(training.size()) < how.batch)
    fail_caller("flow", fmt::format("{} rows to learn from are fewer than a batch of {}", training.size(), how.batch));
  made.rows = static_cast<std::uint64_t>(n);
  const ColumnSpread spread = column_spread(rows, dimensions);
  double size = 0;
  for (const double mean : spread.mean) size = std::max(size, std::fabs(mean));
  if (spread.largest <= 1e-7 * size) fail_world("flow", fmt::format("the {} rows are all the same", n));
  for (std::size_t c = 0; c < static_cast<std::size_t>(dimensions); ++c) made.flat += spread.flat(c) ? 1 : 0;
  FlowTask task(*made.flow, rows, training, held_out);
  train::Recipe recipe;
  recipe.optimizer.rule = optim::Settings::Rule::adam;
  recipe.schedule.kind = optim::Schedule::Kind::warmup_linear;
  recipe.schedule.base = how.rate;
  recipe.epochs = how.epochs;
  recipe.batch = how.batch;
  recipe.clip_norm = 1;
  train::Trainer trainer(task, recipe, how.seed);
  progress.begin("flow", static_cast<std::uint64_t>(trainer.total_steps()));
  double sum = 0;
  while (trainer.step() < trainer.total_steps()) {
    const train::StepLine line = trainer.run_step();
    if (!std::isfinite(line.loss) || !std::isfinite(line.norm))
      fail_world("flow", fmt::format("step {}: the loss is not finite; a smaller rate may help", line.step));
    sum += line.loss;
    progress.note(fmt::format("{:.4f} bits/dim", line.loss));
    progress.advance();
    if (trainer.step() % trainer.steps_per_epoch() != 0) continue;
    made.bits.push_back(sum / static_cast<double>(trainer.steps_per_epoch()));
    sum = 0;
    if (!held_out.empty()) made.held_out_bits.push_back(trainer.evaluate(Part::validation)[0]);
  }
  progress.end();
  return made;
}

void write_flow(const std::filesystem::path& path, const FittedFlow& fitted) {
  const FlowOptions& options = fitted.flow->options();
  train::write_checkpoint(path, {tensors_of(*fitted.flow),
                                 {{"kind", kKind},
                                  {"dimensions", fmt::format("{}", fitted.flow->dimensions())},
                                  {"levels", fmt::format("{}", options.levels)},
                                  {"steps", fmt::format("{}", options.steps)},
                                  {"hidden", fmt::format("{}", options.hidden)},
                                  {"coupling", options.coupling == Coupling::affine ? "affine" : "additive"},
                                  {"rows", fmt::format("{}", fitted.rows)},
                                  {"model", fitted.model}}});
}

FittedFlow read_flow(const std::filesystem::path& path) {
  const train::Checkpoint file = train::read_checkpoint(path);
  if (text_of(file, "kind", path) != kKind) fail_world(path.string(), "is no flow");
  FlowOptions options;
  options.levels = static_cast<int>(number_of(file, "levels", path, 30));
  options.steps = static_cast<int>(number_of(file, "steps", path, 1000));
  options.hidden = number_of(file, "hidden", path, 1 << 20);
  const std::string& coupling = text_of(file, "coupling", path);
  if (coupling != "additive" && coupling != "affine")
    fail_world(path.string(), fmt::format("its coupling is \"{}\"; additive and affine are served", coupling));
  options.coupling = coupling == "affine" ? Coupling::affine : Coupling::additive;
  FittedFlow read;
  read.flow = std::make_unique<Flow>(number_of(file, "dimensions", path, 1 << 20), options);
  train::restore(file, tensors_of(*read.flow), path);
  for (const nn::Buffer& order : read.flow->buffers()) {
    std::vector<bool> seen(static_cast<std::size_t>(order.tensor.elements()));
    for (const std::int32_t column : order.tensor.span<std::int32_t>()) {
      if (column < 0 || column >= order.tensor.elements() || seen[static_cast<std::size_t>(column)])
        fail_world(path.string(), order.name + " is no permutation");
      seen[static_cast<std::size_t>(column)] = true;
    }
  }
  read.rows = static_cast<std::uint64_t>(number_of(file, "rows", path, std::int64_t{1} << 60));
  read.model = text_of(file, "model", path);
  return read;
}

}  // namespace tamis::transform
