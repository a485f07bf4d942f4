#include "tamis/engine/train/doctor_layers.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "tamis/engine/autograd/variable.h"
#include "tamis/engine/tensor/reduce.h"
#include "tamis/engine/train/doctor_data.h"

namespace tamis::doctor {

using engine::DType;
using engine::Tensor;
using engine::Variable;

namespace {

struct Passed {
  const nn::Module* module;
  std::string kind;
  Variable x, y;
};

/// Keeps what every layer was given and made; of a layer that is used twice, the first time.
class Witness : public nn::Observer {
 public:
  void after(const nn::Module& module, std::string_view kind, const Variable& x, const Variable& y) override {
    if (kind == "residual" || kind == "transformer_layer") bypasses_.push_back(module.path() + ".");
    if (!module.parts().empty() || !seen_.insert(&module).second) return;
    passed_.push_back({&module, std::string(kind), x, y});
  }
  const std::vector<Passed>& passed() const { return passed_; }
  bool bypassed(const std::string& path) const {
    return std::any_of(bypasses_.begin(), bypasses_.end(),
                       [&](const std::string& prefix) { return path.starts_with(prefix); });
  }

 private:
  std::vector<Passed> passed_;
  std::vector<std::string> bypasses_;
  std::set<const nn::Module*> seen_;
};

bool is_norm(const std::string& kind) {
  return kind == "batch_norm" || kind == "layer_norm";
}

bool keeps_scale(const std::string& kind) {
  return kind == "flatten" || kind == "dropout";
}

double root_mean_square(const Tensor& x) {
  return std::sqrt(engine::sum_of_squares(x) / static_cast<double>(x.elements()));
}

/// The weight matrix of a layer that multiplies; undefined for others.
Tensor weight_of(const Passed& passed) {
  if (passed.kind != "linear" && passed.kind != "conv2d" && passed.kind != "conv_transpose2d") return {};
  for (const nn::Parameter& parameter : passed.module->parameters()) {
    if (parameter.name.ends_with("weight")) return parameter.variable.value();
  }
  return {};
}

double share_of_twins(const Tensor& weight) {
  const Tensor packed = weight.packed();
  const auto values = packed.span<float>();
  const auto units = static_cast<std::size_t>(weight.size(0));
  const std::size_t fan = values.size() / units;
  std::unordered_map<std::string, std::size_t> counts;
  for (std::size_t unit = 0; unit < units; ++unit) {
    const auto* row = reinterpret_cast<const char*>(values.data() + unit * fan);
    ++counts[std::string(row, fan * sizeof(float))];
  }
  std::size_t twins = 0;
  for (const auto& [row, count] : counts) twins += count > 1 ? count : 0;
  return static_cast<double>(twins) / static_cast<double>(units);
}

double share_saturated(const Tensor& y, bool sigmoid) {
  const Tensor packed = y.packed();
  double count = 0;
  for (const float value : packed.span<float>()) {
    const double slope = sigmoid ? 4.0 * value * (1.0 - value) : 1.0 - static_cast<double>(value) * value;
    count += slope < 0.1 ? 1 : 0;
  }
  return count / static_cast<double>(y.elements());
}

double share_dead(const Tensor& y) {
  const Tensor packed = y.packed();
  const auto values = packed.span<float>();
  std::vector<bool> alive(static_cast<std::size_t>(y.size(-1)));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != 0) alive[i % alive.size()] = true;
  }
  return static_cast<double>(std::count(alive.begin(), alive.end(), false)) / static_cast<double>(alive.size());
}

void look_at_weights(const Passed& passed, Layer& layer, double& work) {
  const Tensor weight = weight_of(passed);
  if (!weight.defined()) return;
  const bool transposed = passed.kind == "conv_transpose2d";
  const auto fan_in = static_cast<double>(weight.elements()) / static_cast<double>(weight.size(transposed ? -1 : 0));
  layer.gain = root_mean_square(weight) * std::sqrt(fan_in);
  if (weight.dtype() == DType::f32 && weight.size(0) > 1) layer.twins = share_of_twins(weight);
  work += 2.0 * static_cast<double>(weight.elements()) * static_cast<double>(passed.y.value().elements()) /
          static_cast<double>(passed.y.shape()[-1]);
}

Layer describe(const Passed& passed, double& work) {
  Layer layer;
  layer.name = passed.module->path();
  layer.kind = passed.kind;
  const Tensor& y = passed.y.value();
  const bool real = passed.x.dtype() == DType::f32;
  if (real) layer.input_rms = root_mean_square(passed.x.value());
  layer.output_rms = root_mean_square(y);
  layer.units = y.size(-1);
  if (passed.kind == "sigmoid" || passed.kind == "tanh") layer.saturated = share_saturated(y, passed.kind == "sigmoid");
  if (passed.kind == "relu") layer.dead = share_dead(y);
  look_at_weights(passed, layer, work);
  return layer;
}

/// dL/d(output) of each layer and dL/d(parameters), the loss being the mean over the examples.
void look_back(const std::vector<Passed>& passed, const Variable& loss, double examples, std::vector<Layer>& layers) {
  std::vector<Variable> targets;
  std::vector<std::pair<std::size_t, bool>> owners;  // of each target: its layer, and whether it is a parameter
  for (std::size_t i = 0; i < passed.size(); ++i) {
    if (passed[i].y.needs_gradient()) {
      targets.push_back(passed[i].y);
      owners.emplace_back(i, false);
    }
    for (const nn::Parameter& parameter : passed[i].module->parameters()) {
      targets.push_back(parameter.variable);
      owners.emplace_back(i, true);
      layers[i].parameter_norm =
          std::hypot(layers[i].parameter_norm, std::sqrt(engine::sum_of_squares(parameter.variable.value())));
    }
  }
  const std::vector<Tensor> gradients = engine::gradient(loss, targets);
  for (std::size_t t = 0; t < targets.size(); ++t) {
    const double length = std::sqrt(engine::sum_of_squares(gradients[t])) / examples;
    Layer& layer = layers[owners[t].first];
    if (owners[t].second) {
      layer.gradient_norm = std::hypot(layer.gradient_norm, length);
    } else {
      layer.signal = length;
    }
  }
}

/// Running statistics follow every pass; this puts them back.
class BufferKeeper {
 public:
  explicit BufferKeeper(const nn::Module& network) : live_(network.buffers()) {
    for (const nn::Buffer& buffer : live_) kept_.push_back(buffer.tensor.clone());
  }
  ~BufferKeeper() {
    for (std::size_t i = 0; i < live_.size(); ++i) live_[i].tensor.assign(kept_[i]);
  }
  BufferKeeper(const BufferKeeper&) = delete;
  BufferKeeper& operator=(const BufferKeeper&) = delete;

 private:
  std::vector<nn::Buffer> live_;
  std::vector<Tensor> kept_;
};

}  // namespace

LayersSeen look_at_layers(train::Task& task, std::span<const std::int64_t> examples, std::uint64_t seed) {
  const BufferKeeper keeper(task.network());
  const engine::AnomalyMode named;
  Witness witness;
  nn::Pass pass;
  pass.training = true;
  pass.seed = seed;
  pass.observer = &witness;
  const auto count = static_cast<std::int64_t>(examples.size());
  const Variable loss = task.loss({examples, 0, count, 0}, pass);

  LayersSeen seen;
  const std::vector<Passed>& passed = witness.passed();
  for (std::size_t i = 0; i < passed.size(); ++i) {
    Layer layer = describe(passed[i], seen.work);
    layer.bypassed = witness.bypassed(layer.name);
    std::size_t next = i + 1;
    while (next < passed.size() && keeps_scale(passed[next].kind)) ++next;
    layer.renormed = next < passed.size() && is_norm(passed[next].kind);
    seen.layers.push_back(std::move(layer));
  }
  for (auto layer = seen.layers.rbegin(); layer != seen.layers.rend(); ++layer) {
    if (!layer->gain) continue;
    layer->last = true;
    break;
  }
  seen.work /= static_cast<double>(count);
  const auto first = std::find_if(passed.begin(), passed.end(), [](const Passed& p) { return !keeps_scale(p.kind); });
  if (first != passed.end()) {
    seen.normalizes_itself = is_norm(first->kind);
    if (first->x.dtype() == DType::f32) seen.inputs = look_at_inputs(first->x.value());
  }
  look_back(passed, loss, static_cast<double>(count), seen.layers);
  return seen;
}

}  // namespace tamis::doctor
