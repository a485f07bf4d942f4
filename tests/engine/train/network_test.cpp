#include "tamis/engine/train/network.h"

#include "tamis/engine/train/config.h"
#include "tamis/engine/train/sequence_mean.h"
#include "tests/base/scratch.h"

namespace tamis::train {
namespace {

using engine::Shape;
using engine::Tensor;

Network build(const std::string& text, const std::vector<Input>& inputs) {
  ConfigFile file = ConfigFile::parse(text, "n.toml");
  return Network(read_network(file), inputs);
}

std::string refusal(const std::string& text, const Input& input) {
  return test::message_of<std::invalid_argument>([&] { build(text, {input}); });
}

const Input kImage{.row = {8, 8, 1}, .vocabulary = 0};

TEST(Network, EveryKindOfLayerFitsWhatComesBefore) {
  const Network network = build(R"(
[[layer]]
kind = "conv2d"
out = 4
name = "first"
[[layer]]
kind = "batch_norm"
[[layer]]
kind = "leaky_relu"
[[layer]]
kind = "residual"
out = 8
stride = 2
[[layer]]
kind = "conv_transpose2d"
out = 2
stride = 2
padding = "same"
[[layer]]
kind = "avg_pool"
[[layer]]
kind = "global_avg_pool"
[[layer]]
kind = "linear"
out = 6
[[layer]]
kind = "layer_norm"
[[layer]]
kind = "gelu"
form = "tanh"
[[layer]]
kind = "residual"
out = 6
norm = false
[[layer]]
kind = "sigmoid"
[[layer]]
kind = "dropout"
[[layer]]
kind = "linear"
out = 2
bias = false
)",
                                {kImage});
  EXPECT_EQ(network.output_shape(0, 5), Shape({5, 2}));
  EXPECT_EQ(network.parameters().front().name, "network.first.weight");
  EXPECT_EQ(network.parameters().back().name, "network.linear_2.weight");
  EXPECT_TRUE(network.meets());
}

TEST(Network, CountsTheParametersOfAnEncoder) {
  const Network network = build(R"(
[[layer]]
kind = "embedding"
out = 12
[[layer]]
kind = "transformer"
layers = 2
heads = 3
feed_forward = 20
[[layer]]
kind = "sequence_mean"
)",
                                {{.row = {}, .vocabulary = 50}});
  // Each layer: q, k, v and output 4 (12 * 12 + 12), up and down 12 * 20 * 2 + 20 + 12, two norms of 24.
  EXPECT_EQ(network.parameter_count(), 50 * 12 + 2 * (4 * 156 + 480 + 32 + 48));
}

TEST(Network, InitialisersByLayerOrForAll) {
  const std::string two =
      "[[layer]]\nkind = \"linear\"\nout = 3\n[[layer]]\nkind = \"linear\"\nout = 2\ninit = \"constant\"\n";
  ConfigFile file = ConfigFile::parse("[network]\ninit = \"normal\"\n" + two, "n.toml");
  Network network(read_network(file), {{.row = {4}, .vocabulary = 0}});
  EXPECT_EQ(network.parameters()[0].init.kind, nn::Init::Kind::normal);
  EXPECT_EQ(network.parameters()[2].init.kind, nn::Init::Kind::constant);
}

TEST(Network, RefusesByNameAndLine) {
  EXPECT_EQ(refusal("", kImage), "[n.toml] has no [[layer]]; a network needs one or more");
  const std::string unknown = refusal("[[layer]]\nkind = \"conv\"\n", kImage);
  EXPECT_NE(unknown.find("n.toml line 2] unknown layer \"conv\"; did you mean \"conv2d\"?"), std::string::npos)
      << unknown;
  const std::string key = refusal("[[layer]]\nkind = \"linear\"\nout = 3\nbais = true\n", kImage);
  EXPECT_NE(key.find("did you mean \"bias\"?"), std::string::npos) << key;
  const std::string large = refusal("[[layer]]\nkind = \"conv2d\"\nout = 3\nkernel = 9\n", kImage);
  EXPECT_NE(large.find("n.toml line 1"), std::string::npos) << large;
  EXPECT_NE(large.find("[1, 8, 8, 1]"), std::string::npos) << large;
  const std::string rate = refusal("[[layer]]\nkind = \"dropout\"\nrate = 1.0\n", kImage);
  EXPECT_NE(rate.find("[dropout]"), std::string::npos) << rate;
  const std::string ids = refusal("[[layer]]\nkind = \"linear\"\nout = 3\n", {.row = {}, .vocabulary = 9});
  EXPECT_NE(ids.find("an embedding must be first"), std::string::npos) << ids;
  const std::string init = refusal("[[layer]]\nkind = \"linear\"\nout = 3\ninit = \"glorot\"\n", kImage);
  EXPECT_NE(init.find("n.toml line 4"), std::string::npos) << init;
  const std::string again =
      refusal("[network]\nsegments = 2\n[[layer]]\nkind = \"batch_norm\"\n[[layer]]\nkind = \"relu\"\n", kImage);
  EXPECT_NE(again.find("running moments"), std::string::npos) << again;
  EXPECT_NE(test::message_of<std::invalid_argument>([] {
              build("[[layer]]\nkind = \"relu\"\n", {kImage, kImage});
            }).find("has 1 towers of layers; the task has 2 inputs"),
            std::string::npos);
}

TEST(Config, RefusesWhatCannotTrain) {
  const auto refusal = [](const std::string& text) {
    return test::message_of<std::invalid_argument>([&] {
      ConfigFile file = ConfigFile::parse("[[layer]]\nkind = \"relu\"\n" + text, "c.toml");
      read_config(file);
    });
  };
  EXPECT_EQ(refusal("[schedule]\nrate = 0\n"), "[c.toml line 4] the learning rate is 0; it must be above 0");
  EXPECT_EQ(refusal("[schedule]\nrate = -1\n"), "[c.toml line 4] the learning rate is -1; it must be above 0");
  EXPECT_NE(refusal("[optimizer]\nrule = \"adaam\"\n").find("c.toml line 4"), std::string::npos);
  EXPECT_NE(refusal("[train]\nbatsh = 4\n").find("did you mean \"batch\"?"), std::string::npos);
  EXPECT_NE(refusal("[train]\nprecision = \"f16\"\n").find("precision is f32 or bf16"), std::string::npos);
  EXPECT_NE(refusal("[schedule]\nkind = \"one_cycle\"\nwarmup = 20\n").find("total is"), std::string::npos);
}

TEST(Config, DurationsAreEpochs) {
  ConfigFile file = ConfigFile::parse(
      "[[layer]]\nkind = \"relu\"\n[schedule]\nkind = \"warmup_cosine\"\nwarmup = 1.5\n[train]\nepochs = 4\n",
      "c.toml");
  const optim::Schedule schedule = read_config(file).recipe.scheduled(10);
  EXPECT_EQ(schedule.warmup, 15);
  EXPECT_EQ(schedule.total, 40);
}

TEST(SequenceMean, IsTheMeanAndSpreadsItsGradient) {
  SequenceMean layer;
  const nn::Variable x(Tensor::from(std::vector<double>{1, 2, 3, 4, 5, 6}, {3, 2}), true);
  nn::Pass pass;
  pass.offsets = Tensor::from(std::vector<std::int32_t>{0, 2, 3}, {3});
  const nn::Variable y = layer.forward(x, pass);
  EXPECT_EQ(y.value().numbers(), (std::vector<double>{2, 3, 5, 6}));
  engine::BackwardOptions options;
  options.seed = Tensor::from(std::vector<double>{1, 2, 3, 4}, {2, 2});
  EXPECT_EQ(engine::gradient(y, {x}, options)[0].numbers(), (std::vector<double>{0.5, 1, 0.5, 1, 3, 4}));
  pass.offsets = Tensor::from(std::vector<std::int32_t>{0, 2}, {2});
  EXPECT_THROW(layer.forward(x, pass), std::invalid_argument);
}

}  // namespace
}  // namespace tamis::train
