#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/loss.h"
#include "tests/engine/nn/layers.h"

// Against PyTorch in f64: tests/golden/make_nn.py.
namespace tamis::nn {

namespace {

using nlohmann::json;

const json& goldens() {
  static const json stored = json::parse(std::ifstream(TAMIS_SOURCE_DIR "/tests/golden/nn.json"));
  return stored;
}

Shape shape_of(const json& stored) {
  return Shape(std::span<const std::int64_t>(stored["shape"].get<std::vector<std::int64_t>>()));
}

Tensor tensor_of(const json& stored) {
  return Tensor::from(stored["values"].get<std::vector<double>>(), shape_of(stored));
}

void expect_equal(const Tensor& x, const json& stored, const std::string& what) {
  ASSERT_EQ(x.shape(), shape_of(stored)) << what;
  const auto expected = stored["values"].get<std::vector<double>>();
  const std::vector<double> found = x.numbers();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(found[i], expected[i], 1e-10 * std::max(1.0, std::abs(expected[i]))) << what << " at " << i;
  }
}

ConvOptions conv_of(const json& o) {
  ConvOptions options;
  options.kernel_h = o["kernel"][0];
  options.kernel_w = o["kernel"][1];
  options.bias = o["bias"];
  options.geometry.stride_h = o["stride"][0];
  options.geometry.stride_w = o["stride"][1];
  options.geometry.dilation_h = options.geometry.dilation_w = o["dilation"];
  options.geometry.groups = o["groups"];
  options.geometry.padding = engine::Padding::given;
  options.geometry.top = options.geometry.bottom = o["padding"][0];
  options.geometry.left = options.geometry.right = o["padding"][1];
  return options;
}

engine::PoolOptions pool_of(const json& o) {
  engine::PoolOptions options;
  options.window_h = options.window_w = o["window"];
  options.stride_h = options.stride_w = o["stride"];
  options.padding = engine::Padding::given;
  options.top = options.bottom = options.left = options.right = o["padding"];
  return options;
}

engine::Gelu gelu_of(const json& o) {
  return o["form"] == "exact" ? engine::Gelu::exact : engine::Gelu::tanh_form;
}

std::unique_ptr<Layer> activation_of(const std::string& kind, const json& o) {
  if (kind == "relu") return std::make_unique<Relu>();
  if (kind == "leaky_relu") return std::make_unique<LeakyRelu>(o["slope"].get<double>());
  if (kind == "tanh") return std::make_unique<Tanh>();
  if (kind == "sigmoid") return std::make_unique<Sigmoid>();
  if (kind == "gelu") return std::make_unique<Gelu>(gelu_of(o));
  ADD_FAILURE() << "unknown kind " << kind;
  return nullptr;
}

std::unique_ptr<Layer> layer_of(const std::string& kind, const json& o) {
  if (kind == "linear") return std::make_unique<Linear>(o["in"], o["out"]);
  if (kind == "conv2d") return std::make_unique<Conv2d>(o["in"], o["out"], conv_of(o));
  if (kind == "conv_transpose2d") {
    return std::make_unique<ConvTranspose2d>(o["in"], o["out"], conv_of(o), o["out_pad"], o["out_pad"]);
  }
  if (kind == "max_pool2d") return std::make_unique<MaxPool2d>(pool_of(o));
  if (kind == "avg_pool2d") return std::make_unique<AvgPool2d>(pool_of(o));
  if (kind == "global_avg_pool") return std::make_unique<GlobalAvgPool>();
  if (kind == "batch_norm") return std::make_unique<BatchNorm>(o["channels"].get<std::int64_t>());
  if (kind == "layer_norm") return std::make_unique<LayerNorm>(o["channels"], o["epsilon"]);
  if (kind == "attention") {
    return std::make_unique<MultiHeadAttention>(o["width"], AttentionOptions{.heads = o["heads"]});
  }
  if (kind != "transformer_layer") return activation_of(kind, o);
  TransformerOptions options;
  options.width = o["width"];
  options.heads = o["heads"];
  options.feed_forward = o["feed_forward"];
  options.gelu = gelu_of(o);
  options.dropout = options.attention_dropout = 0;
  options.pre_norm = o["pre_norm"];
  options.epsilon = o["epsilon"];
  return std::make_unique<TransformerEncoderLayer>(options);
}

void check_layer(const json& stored, const std::string& what) {
  const auto layer = layer_of(stored["kind"], stored["options"]);
  layer->to(DType::f64);
  std::vector<Variable> targets{Variable(tensor_of(stored["x"]), true)};
  std::vector<std::string> names;
  for (Parameter& parameter : layer->parameters()) {
    ASSERT_TRUE(stored["parameters"].contains(parameter.name)) << what << parameter.name;
    parameter.variable.leaf_value().assign(tensor_of(stored["parameters"][parameter.name]));
    targets.push_back(parameter.variable);
    names.push_back(parameter.name);
  }
  EXPECT_EQ(names.size(), stored["parameters"].size()) << what;
  for (Buffer& buffer : layer->buffers()) buffer.tensor.assign(tensor_of(stored["buffers"][buffer.name]));
  Pass pass;
  pass.training = stored["training"];
  if (stored.contains("offsets")) {
    const auto offsets = stored["offsets"].get<std::vector<std::int32_t>>();
    pass.offsets = Tensor::from(offsets, {static_cast<std::int64_t>(offsets.size())});
  }
  const Variable y = layer->forward(targets[0], pass);
  expect_equal(y.value(), stored["y"], what + "y");
  const auto gradients = engine::gradient(y, targets, {.seed = tensor_of(stored["g"])});
  expect_equal(gradients[0], stored["dx"], what + "dx");
  for (std::size_t i = 0; i < names.size(); ++i) {
    expect_equal(gradients[i + 1], stored["gradients"][names[i]], what + names[i]);
  }
  for (const Buffer& buffer : layer->buffers()) {
    expect_equal(buffer.tensor, stored["buffers_after"][buffer.name], what + buffer.name);
  }
}

Reduction reduction_of(const json& options) {
  const std::string name = options.value("reduction", "mean");
  return name == "mean" ? Reduction::mean : name == "sum" ? Reduction::sum : Reduction::none;
}

Variable loss_of(const std::string& kind, const json& o, std::map<std::string, Variable>& in) {
  const Reduction reduction = reduction_of(o);
  if (kind == "cross_entropy") {
    return cross_entropy(in["logits"], in["labels"].value().to(DType::i32), o["smoothing"], reduction);
  }
  if (kind == "soft_cross_entropy") return soft_cross_entropy(in["logits"], in["labels"].value(), reduction);
  if (kind == "binary_logistic") return binary_logistic(in["logits"], in["targets"].value(), reduction);
  if (kind == "mse") return mse(in["x"], in["target"], reduction);
  if (kind == "mae") return mae(in["x"], in["target"], reduction);
  if (kind == "cosine") return cosine(in["a"], in["b"], reduction);
  if (kind == "triplet") return triplet(in["a"], in["b"], in["c"], o["margin"], reduction);
  InfoNceOptions options{.temperature = o["temperature"], .normalize = o.value("normalize", true)};
  options.first_positive = o.value("first", 0);
  if (kind == "info_nce") return info_nce(in["a"], in["b"], options);
  return symmetric_info_nce(in["a"], in["b"], in["a"], in["b"], options);
}

void check_loss(const json& stored, const std::string& what) {
  std::map<std::string, Variable> inputs;
  for (const auto& [name, tensor] : stored["inputs"].items()) {
    inputs[name] = Variable(tensor_of(tensor), stored["gradients"].contains(name));
  }
  const Variable y = loss_of(stored["kind"], stored["options"], inputs);
  expect_equal(y.value(), stored["y"], what + "y");
  engine::BackwardOptions kept;
  kept.persistent = true;
  const Variable sum = engine::sum(y);
  for (const auto& [name, expected] : stored["gradients"].items()) {
    expect_equal(engine::gradient(sum, {inputs[name]}, kept)[0], expected, what + name);
  }
}

std::string words_of(const json& stored) {
  return stored["kind"].get<std::string>() + stored["options"].dump() + " ";
}

}  // namespace

TEST(NnGolden, LayersAndTheirGradientsAreThoseOfPyTorch) {
  for (const json& stored : goldens()["layers"]) check_layer(stored, words_of(stored));
  EXPECT_GE(goldens()["layers"].size(), 22U);
}

TEST(NnGolden, LossesAndTheirGradientsAreThoseOfPyTorch) {
  for (const json& stored : goldens()["losses"]) check_loss(stored, words_of(stored));
  EXPECT_GE(goldens()["losses"].size(), 25U);
}

}  // namespace tamis::nn
