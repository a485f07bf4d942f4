#include "tamis/engine/nn/module.h"

#include <fmt/format.h>

#include <algorithm>

#include "tamis/base/error.h"
#include "tamis/engine/nn/memory_chain.h"

namespace tamis::nn {

namespace {

std::string join(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

/// Calls f(module, dotted prefix) for a module and all its parts, depth first.
template <typename F>
void walk(const Module& module, const std::string& prefix, F&& f) {
  f(module, prefix);
  for (const auto& [name, part] : module.parts()) walk(*part, join(prefix, name), f);
}

}  // namespace

std::vector<Parameter> Module::parameters() const {
  std::vector<Parameter> all;
  walk(*this, "", [&](const Module& module, const std::string& prefix) {
    for (const Parameter& own : module.own_) all.push_back({join(prefix, own.name), own.variable, own.decay, own.init});
  });
  return all;
}

std::vector<Buffer> Module::buffers() const {
  std::vector<Buffer> all;
  walk(*this, "", [&](const Module& module, const std::string& prefix) {
    for (const Buffer& buffer : module.buffers_) all.push_back({join(prefix, buffer.name), buffer.tensor});
  });
  return all;
}

std::int64_t Module::parameter_count() const {
  std::int64_t count = 0;
  for (const Parameter& parameter : parameters()) count += parameter.variable.value().elements();
  return count;
}

bool Module::meets() const {
  return std::any_of(parts_.begin(), parts_.end(), [](const auto& part) { return part.second->meets(); });
}

void Module::initialize(std::uint64_t seed) {
  for (Parameter& parameter : parameters()) {
    nn::initialize(parameter.variable.leaf_value(), parameter.init, seed, parameter.name);
  }
}

void Module::to(engine::DType dtype) {
  for (Parameter& own : own_) own.variable.leaf_value() = own.variable.value().to(dtype);
  for (Buffer& buffer : buffers_) {
    const engine::DType own = buffer.tensor.dtype();
    if (own == engine::DType::f32 || own == engine::DType::f64) buffer.tensor = buffer.tensor.to(dtype);
  }
  for (auto& [name, part] : parts_) part->to(dtype);
}

void Module::require_free(const std::string& name) const {
  const auto is_named = [&](const auto& thing) { return thing.name == name; };
  if (std::any_of(own_.begin(), own_.end(), is_named) || std::any_of(buffers_.begin(), buffers_.end(), is_named) ||
      std::any_of(parts_.begin(), parts_.end(), [&](const auto& part) { return part.first == name; })) {
    fail_caller("module", fmt::format("the name \"{}\" is taken", name));
  }
}

Variable Module::own(std::string name, const engine::Shape& shape, const Init& init, bool decay) {
  require_free(name);
  Variable variable(Tensor::full(shape, init.kind == Init::Kind::constant ? init.value : 0), true);
  own_.push_back({std::move(name), variable, decay, init});
  return variable;
}

Tensor& Module::own_buffer(std::string name, Tensor value) {
  require_free(name);
  return buffers_.emplace_back(Buffer{std::move(name), std::move(value)}).tensor;
}

void Module::adopt(std::string name, Module& part) {
  require_free(name);
  part.set_path(join(path_, name));
  parts_.emplace_back(std::move(name), &part);
}

void Module::set_path(const std::string& path) {
  path_ = path;
  for (auto& [name, part] : parts_) part->set_path(join(path, name));
}

Variable Layer::forward(const Variable& x, Pass& pass) {
  Variable y = compute(x, pass);
  if (pass.observer != nullptr) pass.observer->after(*this, kind(), x, y);
  return y;
}

Layer& Sequential::add(std::unique_ptr<Layer> layer, std::string name) {
  if (layer == nullptr) fail_caller("sequential", "the layer to add is null");
  adopt(name.empty() ? std::to_string(layers_.size()) : std::move(name), *layer);
  return *layers_.emplace_back(std::move(layer));
}

engine::Shape Sequential::output_shape(const engine::Shape& x) const {
  engine::Shape shape = x;
  for (const auto& layer : layers_) shape = layer->output_shape(shape);
  return shape;
}

Layer::Memory Sequential::memory(const Extent& x, bool training) const {
  MemoryChain chain;
  Extent now = x;
  for (const auto& layer : layers_) {
    chain.then(layer->memory(now, training));
    now.shape = layer->output_shape(now.shape);
  }
  return chain.total();
}

Variable Sequential::compute(const Variable& x, Pass& pass) {
  Variable y = x;
  for (const auto& layer : layers_) y = layer->forward(y, pass);
  return y;
}

}  // namespace tamis::nn
