#include "tests/engine/nn/failure.h"
#include "tests/engine/nn/layers.h"

namespace tamis::nn {

namespace {

std::vector<std::string> names_of(const Module& module) {
  std::vector<std::string> names;
  for (const Parameter& parameter : module.parameters()) names.push_back(parameter.name);
  return names;
}

/// What a module owns under a name twice.
class Twice : public Module {
 public:
  Twice() {
    own("weight", {2}, Init::zeros(), true);
    own_buffer("weight", Tensor::zeros({2}));
  }
};

struct Seen : Observer {
  void after(const Module& layer, std::string_view kind, const Variable&, const Variable& y) override {
    lines.push_back(layer.path() + " " + std::string(kind) + " " + y.shape().text());
  }
  std::vector<std::string> lines;
};

}  // namespace

TEST(Module, NamesParametersByPath) {
  TransformerOptions options;
  options.width = 4;
  options.heads = 2;
  options.feed_forward = 6;
  options.layers = 1;
  options.pre_norm = true;
  const TransformerEncoder encoder(options);
  const std::vector<std::string> expected{"layer.0.attention.qkv.weight",
                                          "layer.0.attention.qkv.bias",
                                          "layer.0.attention.output.weight",
                                          "layer.0.attention.output.bias",
                                          "layer.0.attention_norm.weight",
                                          "layer.0.attention_norm.bias",
                                          "layer.0.up.weight",
                                          "layer.0.up.bias",
                                          "layer.0.down.weight",
                                          "layer.0.down.bias",
                                          "layer.0.output_norm.weight",
                                          "layer.0.output_norm.bias",
                                          "final_norm.weight",
                                          "final_norm.bias"};
  EXPECT_EQ(names_of(encoder), expected);
  // qkv 4 x 12 + 12, output 4 x 4 + 4, up 4 x 6 + 6, down 6 x 4 + 4, three norms of 8
  EXPECT_EQ(encoder.parameter_count(), 60 + 20 + 30 + 28 + 24);
}

TEST(Module, DecaysWeightsButNotBiasesAndNorms) {
  Sequential network;
  network.add(std::make_unique<Conv2d>(1, 2));
  network.add(std::make_unique<BatchNorm>(2), "norm");
  for (const Parameter& parameter : network.parameters()) EXPECT_EQ(parameter.decay, parameter.name == "0.weight");
  const std::vector<Buffer> buffers = network.buffers();
  ASSERT_EQ(buffers.size(), 2U);
  EXPECT_EQ(buffers[0].name, "norm.running_mean");
  EXPECT_EQ(buffers[1].name, "norm.running_var");
  EXPECT_TRUE(network.meets());
  EXPECT_FALSE(network[0].meets());
}

TEST(Module, PathsReachPartsThatWereAdoptedBefore) {
  auto inner = std::make_unique<Sequential>();
  Layer& leaf = inner->add(std::make_unique<Dropout>(0.5), "drop");
  EXPECT_EQ(leaf.path(), "drop");
  Sequential outer;
  outer.add(std::make_unique<Relu>());
  outer.add(std::move(inner));
  EXPECT_EQ(leaf.path(), "1.drop");
  EXPECT_EQ(outer.path(), "");
}

TEST(Module, ConvertsInPlaceForAllWhoHoldAHandle) {
  BatchNorm norm(3);
  const std::vector<Parameter> before = norm.parameters();
  norm.to(DType::f64);
  EXPECT_EQ(before[0].variable.dtype(), DType::f64);
  EXPECT_EQ(norm.buffers()[1].tensor.dtype(), DType::f64);
  Pass pass;
  EXPECT_EQ(norm.forward(Variable(Tensor::zeros({2, 3}, DType::f64)), pass).dtype(), DType::f64);
}

TEST(Module, RefusesANameTwice) {
  EXPECT_EQ(failure([] { Twice(); }), "[module] the name \"weight\" is taken");
  Sequential network;
  network.add(std::make_unique<Relu>(), "a");
  EXPECT_EQ(failure([&] { network.add(std::make_unique<Relu>(), "a"); }), "[module] the name \"a\" is taken");
  EXPECT_EQ(failure([&] { network.add(nullptr); }), "[sequential] the layer to add is null");
}

TEST(Module, ShowsEveryLayerToTheObserver) {
  Sequential network;
  network.add(std::make_unique<Linear>(2, 3));
  network.add(std::make_unique<Tanh>(), "act");
  Seen seen;
  Pass pass;
  pass.observer = &seen;
  network.forward(Variable(Tensor::zeros({4, 2})), pass);
  EXPECT_EQ(seen.lines, (std::vector<std::string>{"0 linear [4, 3]", "act tanh [4, 3]", " sequential [4, 3]"}));
}

TEST(Layers, RefuseShapesThatDoNotFitByName) {
  Pass pass;
  const auto run = [&](Layer& layer, const Shape& x) {
    return failure([&] { layer.forward(Variable(Tensor::zeros(x)), pass); });
  };
  const auto shape = [](Layer& layer, const Shape& x) { return failure([&] { layer.output_shape(x); }); };
  Linear linear(3, 2);
  EXPECT_EQ(shape(linear, {4, 5}), "[linear] x [4, 5], weight [2, 3]: the last axis of x must be 3");
  EXPECT_EQ(run(linear, {4, 5}).rfind("[linear]", 0), 0U);
  Conv2d conv(3, 2);
  EXPECT_EQ(shape(conv, {1, 2, 2, 3}).rfind("[conv2d]", 0), 0U);
  EXPECT_EQ(run(conv, {1, 8, 8, 4}).rfind("[conv2d]", 0), 0U);
  BatchNorm norm(3);
  EXPECT_EQ(run(norm, {4, 5}), "[batch_norm] x [4, 5]: the last axis must be 3, the layer's channels");
  pass.training = true;
  EXPECT_EQ(run(norm, {1, 3}), "[batch_norm] x [1, 3]: a batch of one row has no variance");
  LayerNorm layer_norm(3);
  EXPECT_EQ(run(layer_norm, {2, 4}), "[layer_norm] x [2, 4]: the last axis must be 3, the layer's channels");
  MaxPool2d pool;
  EXPECT_EQ(shape(pool, {2, 4}), "[max_pool2d] x [2, 4]: images are [B, H, W, C]");
  GlobalAvgPool average;
  EXPECT_EQ(run(average, {2, 4}), "[global_avg_pool] x [2, 4]: images are [B, H, W, C]");
  MultiHeadAttention attention(4, {.heads = 2});
  EXPECT_EQ(run(attention, {5, 4}), "[attention] x [5, 4]: needs the offsets of its sequences (Pass::offsets)");
  EXPECT_EQ(shape(attention, {2, 5, 4}), "[attention] x [2, 5, 4]: needs packed tokens [T, C]");
  Embedding embedding(4, 2);
  EXPECT_NE(failure([&] {
              embedding.forward(Variable(Tensor::from(std::vector<std::int32_t>{1, 4}, {2})), pass);
            }).find('4'),
            std::string::npos);
  Residual residual(std::make_unique<Linear>(3, 2));
  EXPECT_EQ(run(residual, {4, 3}),
            "[residual] inner gives [4, 2], x itself gives [4, 3]: a projection must make them equal");
}

TEST(Layers, RefuseSettingsOutOfRangeByName) {
  EXPECT_EQ(failure([] { Dropout(1); }), "[dropout] rate 1: must be in [0, 1)");
  EXPECT_EQ(failure([] { Dropout(-0.1); }), "[dropout] rate -0.1: must be in [0, 1)");
  EXPECT_EQ(failure([] { MultiHeadAttention(4, {.heads = 2, .dropout = 1}); }), "[dropout] rate 1: must be in [0, 1)");
  EXPECT_EQ(failure([] { MultiHeadAttention(5, {.heads = 2}); }),
            "[attention] width 5, heads 2: heads must divide the width");
  ConvOptions options;
  options.geometry.groups = 2;
  EXPECT_EQ(failure([&] { Conv2d(3, 4, options); }), "[conv2d] groups 2: must divide the channels 4 and 3");
  EXPECT_EQ(failure([] { BatchNorm(3, {.momentum = 0}); }), "[batch_norm] momentum 0: must be in (0, 1]");
  EXPECT_EQ(failure([] { LayerNorm(3, 0); }), "[layer_norm] epsilon 0: must be above 0");
  EXPECT_NE(failure([] { Linear(0, 3); }), "");
  TransformerOptions none;
  none.layers = 0;
  EXPECT_EQ(failure([&] { TransformerEncoder{none}; }), "[transformer] layers 0: must be at least 1");
}

TEST(Residual, FindsTheProjectionBetweenTwoShapes) {
  EXPECT_EQ(projection_between({2, 3}, {2, 3}), nullptr);
  EXPECT_EQ(projection_between({2, 3}, {2, 5})->output_shape({2, 3}), (Shape{2, 5}));
  const auto strided = projection_between({2, 7, 8, 3}, {2, 4, 4, 6});
  EXPECT_EQ(strided->kind(), "conv2d");
  EXPECT_EQ(strided->output_shape({2, 7, 8, 3}), (Shape{2, 4, 4, 6}));
  EXPECT_EQ(failure([] {
              projection_between({2, 3}, {3, 3});
            }),
            "[residual] no projection leads from [2, 3] to [3, 3]");
}

}  // namespace tamis::nn
