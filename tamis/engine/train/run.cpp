#include "tamis/engine/train/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/random.h"
#include "tamis/engine/train/curves.h"

namespace tamis::train {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

std::string fingerprint(std::string_view bytes) {
  return fmt::format("{:016x}", fnv1a(bytes));
}

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

/// "log.jsonl" becomes "log.old.jsonl".
void set_aside(const fs::path& path) {
  if (!fs::exists(path)) return;
  fs::path old = path;
  old.replace_filename(path.stem().string() + ".old" + path.extension().string());
  std::error_code error;
  fs::rename(path, old, error);
  if (error) fail_world(path.string(), "cannot be set aside: " + error.message());
}

/// What a run knows beyond the trainer's tensors; a function of the steps done, but for `seconds`.
struct State {
  std::int64_t step = 0;
  std::uint64_t log_bytes = 0;
  std::int64_t since_best = 0;
  std::optional<EvaluationLine> best, last;
  double epoch_loss = 0, train_loss = 0;  ///< sum over this epoch's steps; mean of the one before
  std::string stopped;
  double seconds = 0;
};

Json json_of(const std::optional<EvaluationLine>& line) {
  if (!line) return nullptr;
  return {{"step", line->step}, {"epoch", line->epoch}, {"part", line->part}, {"metrics", line->metrics}};
}

std::optional<EvaluationLine> evaluation_of(const Json& json) {
  if (json.is_null()) return std::nullopt;
  EvaluationLine line;
  line.step = json.at("step");
  line.epoch = json.at("epoch");
  line.part = json.at("part");
  line.metrics = json.at("metrics").get<std::map<std::string, double>>();
  return line;
}

Json json_of(const State& state) {
  return {{"step", state.step},
          {"log_bytes", state.log_bytes},
          {"since_best", state.since_best},
          {"best", json_of(state.best)},
          {"last", json_of(state.last)},
          {"epoch_loss", state.epoch_loss},
          {"train_loss", state.train_loss},
          {"stopped", state.stopped},
          {"seconds", state.seconds}};
}

State state_of(const Json& json) {
  State state;
  state.step = json.at("step");
  state.log_bytes = json.at("log_bytes");
  state.since_best = json.at("since_best");
  state.best = evaluation_of(json.at("best"));
  state.last = evaluation_of(json.at("last"));
  state.epoch_loss = json.at("epoch_loss");
  state.train_loss = json.at("train_loss");
  state.stopped = json.at("stopped");
  state.seconds = json.at("seconds");
  return state;
}

class Run {
 public:
  Run(Trainer& trainer, const RunOptions& options, Progress& progress);
  RunResult go();

 private:
  void begin();
  void resume();
  void step();
  void evaluate();
  void save();
  bool due(std::int64_t every) const;
  std::string reason_to_stop() const;
  RunResult result();
  void draw() const { write_file(options_.out / "curves.html", curves_page(read_log(options_.out / "log.jsonl"))); }

  Trainer& trainer_;
  RunOptions options_;
  Progress& progress_;
  std::vector<Metric> metrics_;
  std::size_t watched_ = 0;
  std::optional<Part> held_out_;
  State state_;
  std::unique_ptr<LogWriter> log_;
  Clock::time_point begun_ = Clock::now();
  double evaluate_seconds_ = 0;
  std::int64_t first_step_ = 0;
};

Run::Run(Trainer& trainer, const RunOptions& options, Progress& progress)
    : trainer_(trainer), options_(options), progress_(progress), metrics_(trainer.task().metrics()) {
  for (const Part part : {Part::validation, Part::test}) {
    if (!held_out_ && trainer.task().examples(part) > 0) held_out_ = part;
  }
  const std::string& watch = trainer.recipe().watch;
  watched_ = watch.empty() && metrics_.size() > 1 ? 1 : 0;
  if (watch.empty()) return;
  const auto found = std::find_if(metrics_.begin(), metrics_.end(), [&](const Metric& m) { return m.name == watch; });
  if (found == metrics_.end()) {
    std::string known;
    for (const Metric& metric : metrics_) known += (known.empty() ? "" : ", ") + metric.name;
    fail_caller("train", fmt::format("watch = \"{}\" is no metric of this task; it has: {}", watch, known));
  }
  watched_ = static_cast<std::size_t>(found - metrics_.begin());
}

void Run::begin() {
  for (const char* file : {"log.jsonl", "last.safetensors", "best.safetensors", "curves.html"}) {
    set_aside(options_.out / file);
  }
  write_file(options_.out / "config.toml", options_.config);
  LogHeading heading;
  heading.task = trainer_.task().name();
  heading.title = options_.title;
  heading.seed = options_.seed;
  heading.config = fingerprint(options_.config);
  heading.batch = trainer_.recipe().batch;
  heading.shards = trainer_.recipe().shards;
  heading.steps_per_epoch = trainer_.steps_per_epoch();
  heading.steps = trainer_.total_steps();
  heading.examples = trainer_.task().examples(Part::train);
  heading.watch = metrics_[watched_].name;
  for (const Metric& metric : metrics_) heading.metrics.push_back(metric.name);
  heading.layers = trainer_.layers();
  heading.weights = trainer_.weight_norms();
  log_ = std::make_unique<LogWriter>(options_.out / "log.jsonl", heading);
}

void Run::resume() {
  const fs::path path = options_.out / "last.safetensors";
  const Checkpoint checkpoint = read_checkpoint(path);
  const auto require_same = [&](const char* key, const std::string& wanted) {
    const auto found = checkpoint.texts.find(key);
    if (found == checkpoint.texts.end() || found->second != wanted) {
      fail_caller(path.string(),
                  fmt::format("was made with another {}; resume with the same, or begin in another folder", key));
    }
  };
  require_same("config", fingerprint(options_.config));
  require_same("seed", std::to_string(options_.seed));
  restore(checkpoint, trainer_.tensors(), path);
  try {
    state_ = state_of(Json::parse(checkpoint.texts.at("state")));
  } catch (const std::exception&) {
    fail_world(path.string(), "holds no training state; best.safetensors and other weights cannot be resumed from");
  }
  trainer_.set_step(state_.step);
  const fs::path log = options_.out / "log.jsonl";
  if (!fs::exists(log) || fs::file_size(log) < state_.log_bytes) {
    fail_world(log.string(), "is shorter than when the checkpoint was made; begin in another folder");
  }
  log_ = std::make_unique<LogWriter>(log, state_.log_bytes);
}

bool Run::due(std::int64_t every) const {
  return state_.step % (every > 0 ? every : trainer_.steps_per_epoch()) == 0;
}

void Run::step() {
  const StepLine line = trainer_.run_step();
  log_->add(line);
  if (!std::isfinite(line.loss) || !std::isfinite(line.norm)) {
    log_->flush();
    draw();
    const auto bad =
        std::find_if(line.norms.begin(), line.norms.end(), [](double norm) { return !std::isfinite(norm); });
    const std::string place =
        bad == line.norms.end() ? ""
                                : "; first in " + trainer_.layers()[static_cast<std::size_t>(bad - line.norms.begin())];
    throw NotFinite(fmt::format("[{}] step {}: the {} is not finite{}; a smaller rate or clip_norm may help",
                                options_.out.string(), line.step, std::isfinite(line.loss) ? "gradient" : "loss",
                                place));
  }
  state_.step = trainer_.step();
  state_.epoch_loss += line.loss;
  if (due(0)) {
    state_.train_loss = state_.epoch_loss / static_cast<double>(trainer_.steps_per_epoch());
    state_.epoch_loss = 0;
  }
  progress_.note(fmt::format("loss {:.3g}", line.loss));
  progress_.advance();
}

void Run::evaluate() {
  if (!held_out_) return;
  const Clock::time_point begun = Clock::now();
  EvaluationLine line;
  line.step = state_.step;
  line.epoch = (state_.step - 1) / trainer_.steps_per_epoch() + 1;
  line.part = name(*held_out_);
  const std::vector<double> values = trainer_.evaluate(*held_out_);
  for (std::size_t m = 0; m < metrics_.size(); ++m) line.metrics[metrics_[m].name] = values[m];
  const std::string& watch = metrics_[watched_].name;
  const double value = line.metrics[watch];
  const double before = state_.best ? state_.best->metrics.at(watch) : value;
  line.best = !state_.best || (metrics_[watched_].more_is_better ? value > before : value < before);
  line.weights = trainer_.weight_norms();
  log_->add(line);
  state_.last = line;
  state_.since_best = line.best ? 0 : state_.since_best + 1;
  if (line.best) {
    state_.best = line;
    write_checkpoint(
        options_.out / "best.safetensors",
        {trainer_.weights(), {{"step", std::to_string(line.step)}, {"config", fingerprint(options_.config)}}});
  }
  evaluate_seconds_ += seconds_since(begun);
}

void Run::save() {
  log_->flush();
  state_.log_bytes = log_->bytes();
  // Times would make two equal runs differ; only a run that ends by the clock must know how long it has been.
  if (trainer_.recipe().max_seconds > 0) {
    state_.seconds += seconds_since(begun_);
    begun_ = Clock::now();
  }
  write_checkpoint(options_.out / "last.safetensors", {trainer_.tensors(),
                                                       {{"state", json_of(state_).dump()},
                                                        {"seed", std::to_string(options_.seed)},
                                                        {"config", fingerprint(options_.config)}}});
}

std::string Run::reason_to_stop() const {
  const Recipe& recipe = trainer_.recipe();
  if (recipe.target && state_.last) {
    const double value = state_.last->metrics.at(metrics_[watched_].name);
    if (metrics_[watched_].more_is_better ? value >= *recipe.target : value <= *recipe.target) return "target";
  }
  if (recipe.patience > 0 && state_.since_best >= recipe.patience) return "patience";
  if (state_.step >= trainer_.total_steps()) return "epochs";
  if (recipe.max_seconds > 0 && state_.seconds + seconds_since(begun_) >= recipe.max_seconds) return "seconds";
  return "";
}

RunResult Run::go() {
  make_output_folder(options_.out);
  if (options_.resume && fs::exists(options_.out / "last.safetensors")) {
    resume();
  } else {
    begin();
  }
  first_step_ = state_.step;
  begun_ = Clock::now();
  const Clock::time_point whole = begun_;
  progress_.begin("train", static_cast<std::uint64_t>(trainer_.total_steps() - state_.step));
  while (state_.stopped.empty()) {
    step();
    const bool last_step = state_.step >= trainer_.total_steps();
    if (due(trainer_.recipe().evaluate_every) || last_step) evaluate();
    state_.stopped = reason_to_stop();
    if (due(trainer_.recipe().checkpoint_every) || !state_.stopped.empty()) save();
  }
  progress_.end();
  const double seconds = seconds_since(whole);
  RunResult made = result();
  made.train_seconds = seconds - evaluate_seconds_;
  made.evaluate_seconds = evaluate_seconds_;
  const double examples = static_cast<double>((state_.step - first_step_) * trainer_.recipe().batch);
  made.examples_per_second = made.train_seconds > 0 ? examples / made.train_seconds : 0;
  draw();
  return made;
}

RunResult Run::result() {
  RunResult made;
  made.stopped = state_.stopped;
  made.steps = state_.step;
  made.epochs = (state_.step + trainer_.steps_per_epoch() - 1) / trainer_.steps_per_epoch();
  made.train_loss = state_.train_loss;
  made.best = state_.best;
  if (!held_out_) return made;
  const Part part = trainer_.task().examples(Part::test) > 0 ? Part::test : Part::validation;
  made.part = name(part);
  if (trainer_.recipe().report_best && state_.best) {
    const fs::path path = options_.out / "best.safetensors";
    restore(read_checkpoint(path), trainer_.weights(), path);
  }
  const std::vector<double> values = trainer_.evaluate(part);
  for (std::size_t m = 0; m < metrics_.size(); ++m) made.metrics.emplace_back(metrics_[m].name, values[m]);
  return made;
}

}  // namespace

RunResult run(Trainer& trainer, const RunOptions& options, Progress& progress) {
  return Run(trainer, options, progress).go();
}

}  // namespace tamis::train
