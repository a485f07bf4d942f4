#include "tamis/engine/train/layers.h"

#include <fmt/format.h>

#include <array>

#include "tamis/base/error.h"
#include "tamis/base/nearest.h"
#include "tamis/engine/nn/activation.h"
#include "tamis/engine/nn/conv.h"
#include "tamis/engine/nn/dropout.h"
#include "tamis/engine/nn/embedding.h"
#include "tamis/engine/nn/linear.h"
#include "tamis/engine/nn/norm.h"
#include "tamis/engine/nn/pool.h"
#include "tamis/engine/nn/residual.h"
#include "tamis/engine/nn/transformer.h"
#include "tamis/engine/train/sequence_mean.h"

namespace tamis::train {

using engine::Shape;
using nn::Init;

namespace {

using enum Key::Type;

constexpr Key kKind{"kind", text, "", "what the layer does"};
constexpr Key kName{"name", text, "-", "its name within the tower; kind and number when absent"};
constexpr Key kTower{"tower", text, "\"network\"", "the tower it belongs to"};
constexpr Key kInit{"init", text, "-",
                    "constant, normal, truncated_normal, xavier_uniform, xavier_normal, he_uniform, he_normal or "
                    "orthogonal; the file's or the layer's own when absent"};
constexpr Key kGain{"gain", real, "-", "scales the initial weights; the initialiser's own when absent"};
constexpr Key kDeviation{"deviation", real, "0.02", "normal, truncated_normal: standard deviation"};
constexpr Key kBias{"bias", boolean, "true", "adds a bias"};
constexpr Key kRate{"rate", real, "0.5", "share of elements dropped, 0 to below 1"};
constexpr Key kEpsilon{"epsilon", real, "1e-5", "added to the variance"};
constexpr Key kStride{"stride", integer, "1", "pixels from one window to the next"};
constexpr Key kOut{"out", integer, "", "channels that come out"};
constexpr Key kPadding{"padding", text, "\"valid\"",
                       "valid (none) or same (the image keeps its size, over the stride)"};

constexpr Key kPlain[] = {kKind, kName, kTower};
constexpr Key kLeaky[] = {kKind, kName, kTower, {"slope", real, "0.01", "below zero"}};
constexpr Key kGelu[] = {kKind, kName, kTower, {"form", text, "\"exact\"", "exact or tanh"}};
constexpr Key kLinear[] = {kKind, kName, kTower, kOut, kBias, kInit, kGain, kDeviation};
constexpr Key kConv[] = {kKind,
                         kName,
                         kTower,
                         kOut,
                         {"kernel", integer, "3", "pixels of a side"},
                         kStride,
                         kPadding,
                         {"dilation", integer, "1", "pixels from one weight to the next"},
                         {"groups", integer, "1", "groups of channels that do not see each other"},
                         kBias,
                         kInit,
                         kGain,
                         kDeviation};
constexpr Key kPool[] = {kKind,
                         kName,
                         kTower,
                         {"window", integer, "2", "pixels of a side"},
                         {"stride", integer, "-", "pixels from one window to the next; the window when absent"},
                         kPadding};
constexpr Key kBatchNorm[] = {
    kKind, kName, kTower, kEpsilon, {"momentum", real, "0.1", "weight of a new batch in the running moments"}};
constexpr Key kLayerNorm[] = {kKind, kName, kTower, kEpsilon};
constexpr Key kDropout[] = {kKind, kName, kTower, kRate};
constexpr Key kResidual[] = {kKind, kName,   kTower,
                             kOut,  kStride, {"norm", boolean, "true", "batch norm behind each of the two"},
                             kInit, kGain,   kDeviation};
constexpr Key kEmbedding[] = {kKind, kName, kTower, kOut, kInit, kGain, kDeviation};
constexpr Key kTransformer[] = {kKind,
                                kName,
                                kTower,
                                {"layers", integer, "", "how many"},
                                {"heads", integer, "", "they divide the width"},
                                {"feed_forward", integer, "-", "inner width; four times the width when absent"},
                                {"dropout", real, "0.1", "on what each half adds, 0 to below 1"},
                                {"attention_dropout", real, "0.1", "on the attention's probabilities"},
                                {"pre_norm", boolean, "false", "norm before each half instead of behind"},
                                {"epsilon", real, "1e-12", "added to the variance"},
                                kInit,
                                kGain,
                                kDeviation};

struct Kind {
  std::string_view name;
  std::span<const Key> keys;
  std::string_view doc;
};
constexpr Kind kKinds[] = {
    {"linear", kLinear, "y = x W^T + b over the last axis"},
    {"conv2d", kConv, "convolution of images"},
    {"conv_transpose2d", kConv, "transposed convolution of images"},
    {"max_pool", kPool, "the largest of each window"},
    {"avg_pool", kPool, "the mean of each window"},
    {"global_avg_pool", kPlain, "the mean over an image's pixels"},
    {"flatten", kPlain, "an image as a vector"},
    {"relu", kPlain, "max(0, x)"},
    {"leaky_relu", kLeaky, "x, or slope x below zero"},
    {"gelu", kGelu, "x Phi(x)"},
    {"tanh", kPlain, ""},
    {"sigmoid", kPlain, ""},
    {"batch_norm", kBatchNorm, "each channel to mean 0 and variance 1 over the batch, then scaled and moved"},
    {"layer_norm", kLayerNorm, "each row to mean 0 and variance 1, then scaled and moved"},
    {"dropout", kDropout, "drops elements at random while training"},
    {"residual", kResidual,
     "relu(x + two layers of x): 3 x 3 convolutions for images, linear layers for vectors, with a projection of x "
     "where "
     "sizes differ"},
    {"embedding", kEmbedding, "rows of a table for ids"},
    {"transformer", kTransformer, "encoder layers over packed sequences"},
    {"sequence_mean", kPlain, "the mean of each sequence's rows"},
};

Init init_of(const Section& section, const NetworkConfig& config, Init own) {
  const std::string written = section.text("init").empty() ? config.init : section.text("init");
  if (!written.empty()) {
    try {
      const Init::Kind kind = nn::init_named(written);
      const bool he = kind == Init::Kind::he_normal || kind == Init::Kind::he_uniform;
      own = {.kind = kind, .gain = he ? nn::activation_gain("relu") : 1};
    } catch (const std::invalid_argument& error) {
      section.fail("init", error.what());
    }
  }
  if (section.has("deviation")) own.deviation = section.real("deviation");
  if (section.has("gain")) {
    own.gain = section.real("gain");
  } else if (config.gain > 0) {
    own.gain = config.gain;
  }
  return own;
}

std::int64_t channels(const Place& before) {
  return before.shape[-1];
}

engine::Padding padding_of(const Section& section) {
  const std::string padding = section.text("padding");
  if (padding == "same") return engine::Padding::same;
  if (padding != "valid") section.fail("padding", "padding is valid or same");
  return engine::Padding::valid;
}

constexpr std::int64_t kLargest = std::int64_t{1} << 31;

nn::ConvOptions conv_options(const Section& section, const NetworkConfig& config) {
  nn::ConvOptions options;
  options.kernel_h = options.kernel_w = section.integer_in("kernel", 1, kLargest);
  options.geometry.stride_h = options.geometry.stride_w = section.integer_in("stride", 1, kLargest);
  options.geometry.dilation_h = options.geometry.dilation_w = section.integer_in("dilation", 1, kLargest);
  options.geometry.groups = section.integer_in("groups", 1, kLargest);
  options.geometry.padding = padding_of(section);
  options.bias = section.boolean("bias");
  options.weight = init_of(section, config, options.weight);
  return options;
}

engine::PoolOptions pool_options(const Section& section) {
  engine::PoolOptions options;
  options.window_h = options.window_w = section.integer_in("window", 1, kLargest);
  options.stride_h = options.stride_w =
      section.has("stride") ? section.integer_in("stride", 1, kLargest) : options.window_h;
  options.padding = padding_of(section);
  return options;
}

/// One half of a residual block: a convolution or linear layer, and its norm.
void add_half(nn::Sequential& block, const Section& section, const Place& before, const NetworkConfig& config,
              std::int64_t in, std::int64_t stride) {
  const std::int64_t out = section.integer("out");
  const bool norm = section.boolean("norm");
  const Init weight = init_of(section, config, Init::he_normal());
  if (before.shape.rank() == 4) {
    nn::ConvOptions options;
    options.geometry.stride_h = options.geometry.stride_w = stride;
    options.geometry.padding = engine::Padding::same;
    options.bias = !norm;
    options.weight = weight;
    block.add(std::make_unique<nn::Conv2d>(in, out, options));
  } else {
    block.add(std::make_unique<nn::Linear>(in, out, nn::LinearOptions{.bias = !norm, .weight = weight}));
  }
  if (norm) block.add(std::make_unique<nn::BatchNorm>(out));
}

std::unique_ptr<nn::Layer> make_residual(const Section& section, const Place& before, const NetworkConfig& config) {
  const std::int64_t stride = section.integer_in("stride", 1, kLargest);
  section.integer_in("out", 1, kLargest);
  auto inner = std::make_unique<nn::Sequential>();
  add_half(*inner, section, before, config, channels(before), stride);
  inner->add(std::make_unique<nn::Relu>());
  add_half(*inner, section, before, config, section.integer("out"), 1);
  auto projection = nn::projection_between(before.shape, inner->output_shape(before.shape));
  auto block = std::make_unique<nn::Sequential>();
  block->add(std::make_unique<nn::Residual>(std::move(inner), std::move(projection)), "sum");
  block->add(std::make_unique<nn::Relu>(), "relu");
  return block;
}

std::unique_ptr<nn::Layer> make_transformer(const Section& section, const Place& before, const NetworkConfig& config) {
  nn::TransformerOptions options;
  options.width = channels(before);
  options.layers = section.integer_in("layers", 1, 1024);
  options.heads = section.integer_in("heads", 1, kLargest);
  options.feed_forward =
      section.has("feed_forward") ? section.integer_in("feed_forward", 1, kLargest) : 4 * options.width;
  options.dropout = section.real("dropout");
  options.attention_dropout = section.real("attention_dropout");
  options.pre_norm = section.boolean("pre_norm");
  options.epsilon = section.real_in("epsilon", 0, 1);
  options.weight = init_of(section, config, options.weight);
  return std::make_unique<nn::TransformerEncoder>(options);
}

std::unique_ptr<nn::Layer> make_weighted(const Section& section, const Place& before, const NetworkConfig& config) {
  const std::string kind = section.text("kind");
  if (kind == "residual") return make_residual(section, before, config);
  if (kind == "transformer") return make_transformer(section, before, config);
  const std::int64_t out = section.integer_in("out", 1, kLargest);
  if (kind == "linear") {
    const Init weight = init_of(section, config, nn::LinearOptions{}.weight);
    return std::make_unique<nn::Linear>(channels(before), out,
                                        nn::LinearOptions{.bias = section.boolean("bias"), .weight = weight});
  }
  if (kind == "embedding") {
    if (before.vocabulary < 1) section.fail("kind", "an embedding reads ids; here come numbers");
    return std::make_unique<nn::Embedding>(before.vocabulary, out, init_of(section, config, Init::normal(0.02)));
  }
  const nn::ConvOptions options = conv_options(section, config);
  if (kind == "conv2d") return std::make_unique<nn::Conv2d>(channels(before), out, options);
  return std::make_unique<nn::ConvTranspose2d>(channels(before), out, options);
}

std::unique_ptr<nn::Layer> make_plain(const Section& section, const Place& before) {
  const std::string kind = section.text("kind");
  if (kind == "max_pool") return std::make_unique<nn::MaxPool2d>(pool_options(section));
  if (kind == "avg_pool") return std::make_unique<nn::AvgPool2d>(pool_options(section));
  if (kind == "global_avg_pool") return std::make_unique<nn::GlobalAvgPool>();
  if (kind == "flatten") return std::make_unique<nn::Flatten>();
  if (kind == "relu") return std::make_unique<nn::Relu>();
  if (kind == "leaky_relu") return std::make_unique<nn::LeakyRelu>(section.real("slope"));
  if (kind == "tanh") return std::make_unique<nn::Tanh>();
  if (kind == "sigmoid") return std::make_unique<nn::Sigmoid>();
  if (kind == "dropout") return std::make_unique<nn::Dropout>(section.real("rate"));
  if (kind == "layer_norm") return std::make_unique<nn::LayerNorm>(channels(before), section.real("epsilon"));
  if (kind == "batch_norm") {
    const nn::BatchNormOptions options{.epsilon = section.real("epsilon"),
                                       .momentum = section.real_in("momentum", 0, 1)};
    return std::make_unique<nn::BatchNorm>(channels(before), options);
  }
  if (kind == "gelu") {
    const std::string form = section.text("form");
    if (form != "exact" && form != "tanh") section.fail("form", "form is exact or tanh");
    return std::make_unique<nn::Gelu>(form == "tanh" ? engine::Gelu::tanh_form : engine::Gelu::exact);
  }
  return std::make_unique<SequenceMean>();
}

bool has_weights(std::string_view kind) {
  static constexpr std::array kWeighted = {"linear",   "conv2d",    "conv_transpose2d",
                                           "residual", "embedding", "transformer"};
  return std::find(kWeighted.begin(), kWeighted.end(), kind) != kWeighted.end();
}

}  // namespace

std::span<const Key> layer_keys(const ConfigFile::Entry& entry) {
  std::vector<std::string_view> known;
  for (const Kind& kind : kKinds) {
    if (kind.name == entry.kind) return kind.keys;
    known.push_back(kind.name);
  }
  fail_caller(entry.where, fmt::format("unknown layer \"{}\"{}", entry.kind, nearest(entry.kind, known)));
}

std::string describe_layers() {
  std::string result;
  for (const Kind& kind : kKinds) {
    result += fmt::format("## `[[layer]]` with `kind = \"{}\"`\n\n", kind.name);
    if (!kind.doc.empty()) result += fmt::format("{}.\n\n", kind.doc);
    result += describe(kind.keys) + "\n";
  }
  return result;
}

std::unique_ptr<nn::Layer> make_layer(const Section& section, const Place& before, const NetworkConfig& config) {
  const std::string kind = section.text("kind");
  if (before.vocabulary > 0 && kind != "embedding")
    section.fail("kind", "ids come in here; an embedding must be first");
  if (before.vocabulary == 0 && before.shape.rank() < 2)
    section.fail("kind", "the rows that come in have no axis to work on");
  try {
    return has_weights(kind) ? make_weighted(section, before, config) : make_plain(section, before);
  } catch (const std::invalid_argument& error) {
    const std::string_view what = error.what();
    if (what.starts_with("[" + section.where().substr(0, section.where().find(' ')))) throw;
    section.fail("", what);
  }
}

}  // namespace tamis::train
