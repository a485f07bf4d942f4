#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tamis/base/random.h"
#include "tamis/engine/nn/activation.h"
#include "tamis/engine/nn/conv.h"
#include "tamis/engine/nn/dropout.h"
#include "tamis/engine/nn/embedding.h"
#include "tamis/engine/nn/linear.h"
#include "tamis/engine/nn/norm.h"
#include "tamis/engine/nn/pool.h"
#include "tamis/engine/nn/residual.h"
#include "tamis/engine/nn/transformer.h"

namespace tamis::nn {

using engine::DType;
using engine::Shape;

/// Normal random numbers, rounded to f32 so that both dtypes hold the same.
inline Tensor drawn(const Shape& shape, DType dtype, std::uint64_t seed, double scale = 1) {
  Stream stream(seed, "test");
  std::vector<double> values(static_cast<std::size_t>(shape.elements()));
  for (double& value : values) value = static_cast<float>(scale * stream.normal());
  return Tensor::from(values, shape).to(dtype);
}

/// A layer and an input for it, of a size.
struct LayerCase {
  std::string name;
  std::function<std::unique_ptr<Layer>(std::int64_t channels)> make;
  std::function<Shape(std::int64_t rows, std::int64_t channels)> shape;
};

inline std::unique_ptr<Layer> sequence_of(std::vector<std::unique_ptr<Layer>> layers) {
  auto sequence = std::make_unique<Sequential>();
  for (auto& layer : layers) sequence->add(std::move(layer));
  return sequence;
}

inline Shape rows_shape(std::int64_t rows, std::int64_t channels) {
  return {rows, channels};
}
inline Shape image_shape(std::int64_t rows, std::int64_t channels) {
  return {rows, 7, 6, channels};
}

inline ConvOptions conv_options() {
  ConvOptions options;
  options.kernel_w = 2;
  options.geometry.stride_h = 2;
  options.geometry.padding = engine::Padding::same;
  return options;
}

inline engine::PoolOptions pool_options() {
  engine::PoolOptions options;
  options.window_h = 3;
  options.padding = engine::Padding::same;
  return options;
}

inline TransformerOptions transformer_options(std::int64_t channels, bool pre_norm) {
  TransformerOptions options;
  options.width = 2 * channels;
  options.heads = 2;
  options.feed_forward = 3 * channels;
  options.layers = 2;
  options.pre_norm = pre_norm;
  options.epsilon = 1e-5;
  options.weight = Init::normal(0.5);
  return options;
}

template <typename Made, typename... Arguments>
std::function<std::unique_ptr<Layer>(std::int64_t)> always(Arguments... arguments) {
  return [=](std::int64_t) { return std::make_unique<Made>(arguments...); };
}

inline std::vector<LayerCase> plain_layers() {
  return {
      {"linear", [](auto c) { return std::make_unique<Linear>(c, c + 3); }, rows_shape},
      {"flatten", always<Flatten>(), image_shape},
      {"relu", always<Relu>(), rows_shape},
      {"leaky_relu", always<LeakyRelu>(0.2), rows_shape},
      {"gelu", always<Gelu>(), rows_shape},
      {"gelu_tanh_form", always<Gelu>(engine::Gelu::tanh_form), rows_shape},
      {"tanh", always<Tanh>(), rows_shape},
      {"sigmoid", always<Sigmoid>(), rows_shape},
      {"conv2d", [](auto c) { return std::make_unique<Conv2d>(c, c + 1, conv_options()); }, image_shape},
      {"conv_transpose2d", [](auto c) { return std::make_unique<ConvTranspose2d>(c, 2, conv_options()); }, image_shape},
      {"max_pool2d", always<MaxPool2d>(pool_options()), image_shape},
      {"avg_pool2d", always<AvgPool2d>(pool_options()), image_shape},
      {"global_avg_pool", always<GlobalAvgPool>(), image_shape},
      {"batch_norm", [](auto c) { return std::make_unique<BatchNorm>(c); }, image_shape},
      {"layer_norm", [](auto c) { return std::make_unique<LayerNorm>(c + 1); },
       [](auto rows, auto c) {
         return Shape{rows, c + 1};
       }},
      {"dropout", always<Dropout>(0.3), rows_shape}};
}

/// Layers made of layers.
inline std::vector<LayerCase> compound_layers() {
  const auto tokens = [](std::int64_t rows, std::int64_t c) { return Shape{rows, 2 * c}; };
  const auto transformer = [](auto c) { return std::make_unique<TransformerEncoder>(transformer_options(c, false)); };
  const auto pre_norm = [](auto c) { return std::make_unique<TransformerEncoder>(transformer_options(c, true)); };
  const auto attention = [](std::int64_t c) {
    return std::make_unique<MultiHeadAttention>(2 * c, AttentionOptions{.heads = 2, .dropout = 0.1});
  };
  const auto residual = [](std::int64_t c) {
    std::vector<std::unique_ptr<Layer>> inner;
    inner.push_back(std::make_unique<Linear>(c, c + 2));
    inner.push_back(std::make_unique<Tanh>());
    return std::make_unique<Residual>(sequence_of(std::move(inner)), projection_between({1, c}, {1, c + 2}));
  };
  const auto identity_residual = [](std::int64_t c) {
    std::vector<std::unique_ptr<Layer>> inner;
    inner.push_back(std::make_unique<LayerNorm>(c));
    inner.push_back(std::make_unique<Linear>(c, c));
    inner.push_back(std::make_unique<Gelu>());
    return std::make_unique<Residual>(sequence_of(std::move(inner)));
  };
  const auto network = [](std::int64_t c) {
    std::vector<std::unique_ptr<Layer>> layers;
    layers.push_back(std::make_unique<Conv2d>(c, 3, conv_options()));
    layers.push_back(std::make_unique<BatchNorm>(3));
    layers.push_back(std::make_unique<Relu>());
    layers.push_back(std::make_unique<MaxPool2d>());
    layers.push_back(std::make_unique<Flatten>());
    layers.push_back(std::make_unique<Dropout>(0.2));
    layers.push_back(std::make_unique<Linear>(18, 4));
    return sequence_of(std::move(layers));
  };
  return {{"attention", attention, tokens},
          {"transformer", transformer, tokens},
          {"pre_norm", pre_norm, tokens},
          {"residual", residual, rows_shape},
          {"identity", identity_residual, rows_shape},
          {"network", network, image_shape}};
}

inline std::vector<LayerCase> every_layer() {
  std::vector<LayerCase> all = plain_layers();
  for (LayerCase& compound : compound_layers()) all.push_back(std::move(compound));
  return all;
}

/// Three sequences, where there are three rows or more; else one.
inline Tensor offsets_for(std::int64_t rows) {
  const auto n = static_cast<std::int32_t>(rows);
  if (rows < 3) return Tensor::from(std::vector<std::int32_t>{0, n}, {2});
  return Tensor::from(std::vector<std::int32_t>{0, 1, (n + 1) / 2, n}, {4});
}

inline Pass training_pass(std::int64_t rows) {
  Pass pass;
  pass.training = true;
  pass.seed = 5;
  pass.step = 3;
  pass.offsets = offsets_for(rows);
  return pass;
}

}  // namespace tamis::nn
