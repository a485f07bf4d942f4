#include "tamis/engine/train/verified_rules.h"

#include <cmath>
#include <memory>

#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/activation.h"
#include "tamis/engine/nn/conv.h"
#include "tamis/engine/nn/linear.h"
#include "tamis/engine/nn/loss.h"
#include "tamis/engine/nn/pool.h"
#include "tamis/engine/optim/optimizer.h"
#include "tests/engine/train/worked_example.h"
#include "tests/golden/rows.h"

namespace tamis::train {
namespace {

using engine::DType;
using engine::Tensor;
using engine::Variable;
using hand::Array;

Tensor tensor_of(const Array& array, const engine::Shape& shape) {
  return Tensor::from(array.values(), shape);
}

/// scale sin(frequency i + phase) for i = 0, 1, …
Tensor wave(const engine::Shape& shape, double scale, double frequency, double phase) {
  std::vector<double> values(static_cast<std::size_t>(shape.elements()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = scale * std::sin(frequency * static_cast<double>(i) + phase);
  }
  return Tensor::from(values, shape);
}

/// Convolution 3x3 with stride 2, relu, max-pool 2x2, flatten, linear to 3: the worked example's network, for images
/// [B, 9, 9, 1].
struct SmallCnn {
  SmallCnn() {
    nn::ConvOptions options;
    options.geometry.stride_h = options.geometry.stride_w = 2;
    network.add(std::make_unique<nn::Conv2d>(1, 1, options), "conv");
    network.add(std::make_unique<nn::Relu>(), "relu");
    network.add(std::make_unique<nn::MaxPool2d>(), "pool");
    network.add(std::make_unique<nn::Flatten>(), "flatten");
    network.add(std::make_unique<nn::Linear>(4, 3), "linear");
    network.to(DType::f64);
  }
  nn::Sequential network;
};

/// As tests/golden/make_cnn_steps.py has them.
Tensor start_of(std::size_t parameter) {
  if (parameter == 0) return wave({1, 3, 3, 1}, 0.6, 2.3, 0.5);
  if (parameter == 1) return Tensor::full({1}, 0.05, DType::f64);
  return parameter == 2 ? wave({3, 4}, 0.7, 1.1, 0.9) : wave({3}, 0.1, 1.3, 0.2);
}
Tensor images() {
  return wave({4, 9, 9, 1}, 1.5, 1.7, 0.3);
}
Tensor soft_labels() {
  return Tensor::from(std::vector<double>{0.3, 0.5, 0.2, 1, 0, 0, 0.1, 0.1, 0.8, 0.25, 0.75, 0}, {4, 3});
}
void start(nn::Module& network) {
  auto parameters = network.parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].variable.leaf_value().assign(start_of(i));
}

nn::Pass training_pass() {
  nn::Pass pass;
  pass.training = true;
  return pass;
}

const RuleRow& row(const VerifiedRules& rules, const std::string& layer, const std::string& gradient) {
  for (const RuleRow& row : rules.rows) {
    if (row.layer == layer && row.gradient == gradient) return row;
  }
  throw std::out_of_range(layer + " " + gradient);
}

TEST(VerifiedRules, ThreeWaysAgreeLayerByLayer) {
  SmallCnn cnn;
  start(cnn.network);
  const VerifiedRules rules =
      verify_rules(cnn.network, images(), soft_cross_entropy_loss(soft_labels()), training_pass(), {.elements = 1000});
  EXPECT_NEAR(rules.loss, 1.1009804901152913, 1e-12);  // the golden run's first
  std::vector<std::string> names;
  for (const RuleRow& row : rules.rows) {
    names.push_back(row.layer + " " + row.gradient);
    EXPECT_TRUE(row.tape_rule && row.tape_differences && row.rule_differences) << names.back();
    EXPECT_EQ(row.looked_at, row.shape.elements()) << names.back();
    EXPECT_EQ(row.kinks, 0) << names.back();
    EXPECT_GT(row.magnitude, 0) << names.back();
  }
  EXPECT_EQ(names, (std::vector<std::string>{"conv dL/dz", "conv dL/dW", "conv dL/db", "conv dL/dx", "relu dL/da",
                                             "pool dL/da", "flatten dL/da", "linear dL/dz", "linear dL/dW",
                                             "linear dL/db", "linear dL/dx"}));
  EXPECT_LT(rules.largest, 1e-8);
}

TEST(VerifiedRules, GroupsPaddingAndOverlappingPools) {
  nn::Sequential network;
  nn::ConvOptions options{.kernel_h = 3, .kernel_w = 2};
  options.geometry = {.stride_h = 2, .dilation_w = 2, .groups = 2, .padding = engine::Padding::same};
  network.add(std::make_unique<nn::Conv2d>(4, 6, options));
  network.add(std::make_unique<nn::Relu>());
  network.add(std::make_unique<nn::MaxPool2d>(
      engine::PoolOptions{.window_h = 3, .stride_h = 1, .padding = engine::Padding::same}));
  network.add(std::make_unique<nn::Flatten>());
  network.add(std::make_unique<nn::Linear>(network.output_shape({1, 5, 7, 4})[1], 3));
  network.initialize(3);
  const Tensor labels = wave({2, 3}, 0.5, 1, 0.1);
  const VerifiedRules rules = verify_rules(network, wave({2, 5, 7, 4}, 1.3, 1.9, 0.4), soft_cross_entropy_loss(labels),
                                           training_pass(), {.elements = 60});
  for (const RuleRow& row : rules.rows) {
    EXPECT_TRUE(row.tape_rule) << row.gradient;
    EXPECT_LT(row.largest, 1e-7) << row.layer << row.gradient;
  }
}

TEST(VerifiedRules, AWrongGradientIsSeen) {
  SmallCnn cnn;
  start(cnn.network);
  RuledLoss loss = soft_cross_entropy_loss(soft_labels());
  const auto right = loss.rule;
  loss.rule = [right](const Array& output) {  // the mean over the batch forgotten
    Array g = right(output);
    for (std::int64_t b = 0; b < g.size(0); ++b)
      for (std::int64_t k = 0; k < g.size(1); ++k) g(b, k) *= 4;
    return g;
  };
  const VerifiedRules rules = verify_rules(cnn.network, images(), loss, training_pass());
  EXPECT_GT(*row(rules, "linear", "dL/dz").tape_rule, 1);
  EXPECT_GT(*row(rules, "conv", "dL/dW").rule_differences, 1);
  EXPECT_LT(*row(rules, "conv", "dL/dW").tape_differences, 1e-8);
}

// An input of zeros: every pool window is a tie and, the bias being 0, every relu is at its kink, so that no central
// difference says anything about the bias.
TEST(VerifiedRules, KinksAreLeftOutAndCounted) {
  SmallCnn cnn;
  start(cnn.network);
  cnn.network.parameters()[1].variable.leaf_value().fill(0);
  const Tensor zeros = Tensor::zeros({4, 9, 9, 1}, DType::f64);
  const VerifiedRules rules = verify_rules(cnn.network, zeros, soft_cross_entropy_loss(soft_labels()), training_pass());
  EXPECT_EQ(row(rules, "conv", "dL/db").kinks, 1);
  EXPECT_FALSE(row(rules, "conv", "dL/db").tape_differences);
  EXPECT_TRUE(row(rules, "conv", "dL/db").tape_rule);
  EXPECT_LT(rules.largest, 1e-8);
}

TEST(VerifiedRules, LayersWithoutARuleAreComparedWithDifferencesAlone) {
  nn::Sequential network;
  network.add(std::make_unique<nn::Linear>(5, 4), "first");
  network.add(std::make_unique<nn::Tanh>(), "tanh");
  network.add(std::make_unique<nn::Linear>(4, 3), "second");
  network.initialize(1);
  const Tensor labels = wave({2, 3}, 1, 1, 1);
  const VerifiedRules rules =
      verify_rules(network, wave({2, 5}, 1, 1, 0), soft_cross_entropy_loss(labels), training_pass());
  EXPECT_FALSE(row(rules, "first", "dL/dz").tape_rule);  // behind the tanh, which has no rule
  EXPECT_TRUE(row(rules, "first", "dL/dW").tape_rule);
  EXPECT_TRUE(row(rules, "tanh", "dL/da").tape_rule);
  EXPECT_LT(rules.largest, 1e-8);
}

TEST(VerifiedRules, AnEmptyNetworkIsRefused) {
  nn::Sequential empty;
  EXPECT_THROW(verify_rules(empty, images(), soft_cross_entropy_loss(soft_labels()), {}), std::invalid_argument);
}

/// Twenty steps against the stored run; `gradients` makes those of one step.
template <typename Gradients>
void expect_golden_run(nn::Sequential& network, const Gradients& gradients) {
  start(network);
  optim::Optimizer optimizer({{network.parameters(), {}}}, {.rule = optim::Settings::Rule::sgd});
  const auto steps = golden::rows("cnn_steps.tsv");
  ASSERT_EQ(steps.size(), 20U);
  for (const auto& cells : steps) {
    double loss = 0;
    optimizer.step(gradients(loss), 0.1);
    EXPECT_NEAR(loss, std::stod(cells[1]), 1e-9) << "step " << cells[0];
    for (std::size_t i = 0; i < 4; ++i) {
      const auto expected = golden::numbers(cells[2 + i]);
      const auto found = network.parameters()[i].variable.value().numbers();
      ASSERT_EQ(found.size(), expected.size());
      for (std::size_t k = 0; k < found.size(); ++k) {
        EXPECT_NEAR(found[k], expected[k], 1e-9) << "step " << cells[0] << " parameter " << i << " element " << k;
      }
    }
  }
}

TEST(CnnSteps, TheTapeTrainsAsPyTorchDoes) {
  SmallCnn cnn;
  expect_golden_run(cnn.network, [&](double& loss) {
    nn::Pass pass = training_pass();
    const Variable total = nn::soft_cross_entropy(cnn.network.forward(Variable(images()), pass), soft_labels());
    loss = total.value().item();
    engine::GradientStore store;
    engine::backward(total, store);
    std::vector<Tensor> gradients;
    for (const nn::Parameter& parameter : cnn.network.parameters()) gradients.push_back(store.of(parameter.variable));
    return gradients;
  });
}

TEST(CnnSteps, TheRulesByHandTrainAsPyTorchDoes) {
  SmallCnn cnn;
  expect_golden_run(cnn.network, [&](double& loss) {
    const auto array = [](const Tensor& tensor, const Array::Sizes& sizes) { return Array(sizes, tensor.numbers()); };
    nn::Pass pass;
    std::vector<Tensor> values{images()};
    for (std::size_t i = 0; i < 5; ++i) values.push_back(cnn.network[i].forward(Variable(values[i]), pass).value());
    loss = nn::soft_cross_entropy(Variable(values[5]), soft_labels()).value().item();
    const auto parameters = cnn.network.parameters();
    const Array weight = array(parameters[2].variable.value(), {3, 4, 1, 1});
    const Array g =
        hand::softmax_cross_entropy_input(array(values[5], {4, 3, 1, 1}), array(soft_labels(), {4, 3, 1, 1}), 0.25);
    const Array pooled = hand::linear_input(g, weight).reshaped({4, 2, 2, 1});
    const hand::Placement two{.stride_h = 2, .stride_w = 2};
    const Array a = hand::max_pool_input(pooled, array(values[2], {4, 4, 4, 1}), 2, 2, two);
    const Array z = hand::relu_input(a, array(values[1], {4, 4, 4, 1}));
    return std::vector<Tensor>{
        tensor_of(hand::conv_weight(z, array(values[0], {4, 9, 9, 1}), {1, 3, 3, 1}, two), {1, 3, 3, 1}),
        tensor_of(hand::conv_bias(z), {1}), tensor_of(hand::linear_weight(g, array(values[4], {4, 4, 1, 1})), {3, 4}),
        tensor_of(hand::linear_bias(g), {3})};
  });
}

class WorkedExample : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kWorkedExample)) GTEST_SKIP() << kWorkedExample << " is not there";
    example_ = worked_example();
  }
  static Tensor tensor(const nlohmann::json& rows) {
    const Array array = image(rows);
    return tensor_of(array, {1, array.size(1), array.size(2), 1});
  }
  static void expect_near(const Tensor& found, const Tensor& expected) {
    ASSERT_EQ(found.shape(), expected.shape());
    for (std::int64_t i = 0; i < found.elements(); ++i) EXPECT_NEAR(found.at(i), expected.at(i), 1e-6) << i;
  }
  nlohmann::json example_;
};

TEST_F(WorkedExample, Forward) {
  const auto& block = example_["forward"];
  const std::int64_t stride = block["stride"];
  const Tensor kernel = tensor(block["kernel"]), bias = Tensor::full({1}, block["bias"].get<double>(), DType::f64);
  const Tensor z = engine::conv2d(tensor(block["x"]), kernel, bias, {.stride_h = stride, .stride_w = stride});
  expect_near(z, tensor(block["conv"]));
  const Tensor a = engine::relu(z);
  expect_near(a, tensor(block["relu"]));
  expect_near(engine::max_pool2d(a, {}).y, tensor(block["maxpool_2x2"]));
}

TEST_F(WorkedExample, PoolBackward) {
  const auto& block = example_["pool_backward"];
  const Variable z(tensor(block["conv"]), true);
  const Variable pooled = engine::max_pool2d(engine::relu(z), {});
  expect_near(engine::gradient(pooled, {z}, {.seed = tensor(block["grad_pool"])})[0], tensor(block["grad_conv"]));
}

TEST_F(WorkedExample, InputGradient) {
  const auto& block = example_["input_gradient"];
  const std::int64_t stride = block["stride"];
  const Variable x(Tensor::zeros({1, 9, 9, 1}, DType::f64), true);
  const Variable z =
      engine::conv2d(x, Variable(tensor(block["kernel_recovered"])), {}, {.stride_h = stride, .stride_w = stride});
  expect_near(engine::gradient(z, {x}, {.seed = tensor(block["grad_conv"])})[0], tensor(block["grad_x"]));
}

TEST_F(WorkedExample, SoftmaxCrossEntropy) {
  const auto& block = example_["softmax_cross_entropy"];
  const auto as_row = [&](const char* key) { return tensor_of(one_row(block[key]), {1, 3}); };
  const Variable logits(engine::log(as_row("implied_softmax")), true);
  const Variable loss = nn::soft_cross_entropy(logits, as_row("y_true"));
  expect_near(engine::gradient(loss, {logits})[0], as_row("grad_logits"));
}

}  // namespace
}  // namespace tamis::train
