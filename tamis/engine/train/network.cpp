#include "tamis/engine/train/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "tamis/base/error.h"
#include "tamis/engine/train/layers.h"

namespace tamis::train {

using engine::Shape;

namespace {

using enum Key::Type;

constexpr Key kNetwork[] = {
    {"init", text, "-", "initialiser of all weights; each layer's own when absent"},
    {"gain", real, "-", "scales all initial weights; the initialiser's own when absent"},
    {"segments", integer, "1",
     "pieces of a tower whose insides are computed again in the backward pass, to save memory"},
};

Shape with_rows(std::int64_t rows, const Shape& row) {
  std::vector<std::int64_t> sizes{rows};
  sizes.insert(sizes.end(), row.begin(), row.end());
  return Shape(std::span<const std::int64_t>(sizes));
}

}  // namespace

std::vector<std::string> NetworkConfig::towers() const {
  std::vector<std::string> names;
  for (const Section& layer : layers) {
    const std::string tower = layer.text("tower");
    if (std::find(names.begin(), names.end(), tower) == names.end()) names.push_back(tower);
  }
  return names;
}

NetworkConfig read_network(ConfigFile& file) {
  NetworkConfig config;
  const Section section = file.section("network", kNetwork);
  config.init = section.text("init");
  if (section.has("gain")) config.gain = section.real_in("gain", 1e-30, 1e30);
  config.segments = section.integer_in("segments", 1, 1024);
  config.layers = file.sections("layer", "kind", layer_keys);
  config.where = file.path().string();
  return config;
}

Network::Network(const NetworkConfig& config, const std::vector<Input>& inputs) : segments_(config.segments) {
  if (config.layers.empty()) fail_caller(config.where, "has no [[layer]]; a network needs one or more");
  const std::vector<std::string> names = config.towers();
  if (names.size() != inputs.size()) {
    fail_caller(config.where,
                fmt::format("has {} towers of layers; the task has {} inputs", names.size(), inputs.size()));
  }
  for (std::size_t t = 0; t < names.size(); ++t) {
    Tower tower{names[t], inputs[t], std::make_unique<nn::Sequential>()};
    Place place{with_rows(1, inputs[t].row), inputs[t].vocabulary};
    std::map<std::string, int> count;
    for (const Section& section : config.layers) {
      if (section.text("tower") != tower.name) continue;
      const std::string kind = section.text("kind");
      std::unique_ptr<nn::Layer> layer = make_layer(section, place, config);
      try {
        place = {layer->output_shape(place.shape), 0};
        const std::string numbered = fmt::format("{}_{}", kind, ++count[kind]);
        tower.layers->add(std::move(layer), section.text("name").empty() ? numbered : section.text("name"));
      } catch (const std::invalid_argument& error) {
        section.fail("", fmt::format("{}: {}", kind, error.what()));
      }
    }
    adopt(tower.name, *tower.layers);
    towers_.push_back(std::move(tower));
  }
  if (segments_ > 1 && meets()) {
    fail_caller(config.where, "segments > 1 would count each batch twice in the running moments of batch norm");
  }
}

Shape Network::output_shape(std::size_t tower, std::int64_t rows) const {
  return towers_[tower].layers->output_shape(with_rows(rows, towers_[tower].input.row));
}

nn::Variable Network::forward(std::size_t tower, const nn::Variable& x, nn::Pass& pass) {
  nn::Sequential& layers = *towers_[tower].layers;
  if (segments_ == 1 || !pass.training || !engine::recording()) return layers.forward(x, pass);
  const auto count = static_cast<std::int64_t>(layers.size());
  nn::Variable y = x;
  for (std::int64_t s = 0; s < std::min(segments_, count); ++s) {
    const std::int64_t pieces = std::min(segments_, count);
    const std::int64_t begin = count * s / pieces, end = count * (s + 1) / pieces;
    // The walk runs the segment again after this pass object is gone.
    y = engine::checkpoint(
        [&layers, begin, end, own = pass](const std::vector<nn::Variable>& inputs) mutable {
          nn::Variable inside = inputs[0];
          for (std::int64_t i = begin; i < end; ++i) {
            inside = layers[static_cast<std::size_t>(i)].forward(inside, own);
          }
          return inside;
        },
        {y});
  }
  return y;
}

}  // namespace tamis::train
