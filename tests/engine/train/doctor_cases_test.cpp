#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/train/classify.h"
#include "tamis/engine/train/contrast.h"
#include "tamis/engine/train/doctor.h"
#include "tamis/engine/train/doctor_data.h"
#include "tamis/engine/train/doctor_examination.h"

// Real runs with a fault planted, one for each cause, and healthy ones, on data made up from the seed.
namespace tamis::doctor {
namespace {

using Break = std::function<void(train::Dataset&)>;

constexpr const char* kData = R"(
[data]
kind = "random"
classes = 5
shape = "16"
examples = 1500
train = "0:1200"
validation = "1200:1500"
)";

std::string layer(const std::string& kind, const std::string& keys = "") {
  return "[[layer]]\nkind = \"" + kind + "\"\n" + keys + "\n";
}

/// Hidden layers of a width with an activation, and five outputs.
std::string perceptron(int depth, int width, const std::string& activation, const std::string& keys) {
  std::string text;
  for (int i = 0; i < depth; ++i) {
    text += layer("linear", "out = " + std::to_string(width) + "\n" + keys);
    text += layer(activation);
  }
  return text + layer("linear", "out = 5\n" + keys);
}

std::string trained(const std::string& rule, double rate, int batch = 50, const std::string& more = "") {
  return "[optimizer]\nrule = \"" + rule + "\"\n[schedule]\nrate = " + std::to_string(rate) +
         "\n[train]\nshards = 1\nbatch = " + std::to_string(batch) + "\n" + more + "\n";
}

constexpr const char* kHe = "init = \"he_normal\"\n";

Evidence look(const std::string& text, const Break& damage = nullptr, std::uint64_t seed = 0) {
  ConfigFile file = ConfigFile::parse(text, "a configuration");
  const train::Config config = train::read_config(file);
  Evidence evidence;
  evidence.subject = "a configuration";
  Progress silent;
  if (config.task == "contrast") {
    train::Contrast task(file, config, seed);
    examine({task, config.recipe}, {.steps = 200, .seed = seed}, silent, evidence);
    return evidence;
  }
  train::Dataset dataset = train::read_dataset(train::read_data(file, ""), seed);
  if (damage) damage(dataset);
  train::Classify task(std::move(dataset), config.network, {}, 0, seed);
  look_at_data(task.dataset(), evidence);
  if (fit_to_run(evidence)) examine({task, config.recipe}, {.steps = 200, .seed = seed}, silent, evidence);
  return evidence;
}

/// The causes named, in order, for the message of a test that fails.
std::string named(const Evidence& evidence) {
  std::string causes;
  for (const Finding& finding : diagnose(evidence))
    causes += (causes.empty() ? "" : " ") + std::string(key(finding.cause));
  return causes;
}

void expect_first(const std::string& cause, const Evidence& evidence) {
  const std::string causes = named(evidence);
  EXPECT_EQ(causes.substr(0, causes.find(' ')), cause) << causes << '\n' << report_text(evidence, diagnose(evidence));
}

void expect_healthy(const std::string& text) {
  for (const std::uint64_t seed : {0, 1}) {
    const Evidence evidence = look(text, nullptr, seed);
    EXPECT_EQ(named(evidence), "") << text << report_text(evidence, diagnose(evidence));
  }
}

TEST(DoctorFaults, LabelsOutsideTheClasses) {
  const std::string run = kData + trained("adam", 1e-3) + perceptron(2, 32, "relu", kHe);
  expect_first("labels_outside_classes", look(run, [](train::Dataset& data) { data.train.labels[7] = 5; }));
  expect_first("labels_outside_classes", look(run, [](train::Dataset& data) { data.validation.labels[0] = -1; }));
}

TEST(DoctorFaults, NotFiniteData) {
  const std::string run = kData + trained("adam", 1e-3) + perceptron(2, 32, "relu", kHe);
  const auto set = [](float value) {
    return [value](train::Dataset& data) { data.train.x.span<float>()[100] = value; };
  };
  expect_first("data_not_finite", look(run, set(std::numeric_limits<float>::quiet_NaN())));
  expect_first("data_not_finite", look(run, set(std::numeric_limits<float>::infinity())));
}

TEST(DoctorFaults, InputsNotNormalized) {
  const std::string run =
      std::string(kData) + "normalize = \"none\"\n" + trained("momentum", 0.01) + perceptron(2, 32, "relu", kHe);
  const auto stretch = [](float scale, float shift) {
    return [=](train::Dataset& data) {
      for (auto* part : {&data.train, &data.validation}) {
        for (float& value : part->x.span<float>()) value = value * scale + shift;
      }
    };
  };
  expect_first("inputs_not_normalized", look(run, stretch(100, 0)));
  expect_first("inputs_not_normalized", look(run, stretch(1, 30)));
  expect_first("inputs_not_normalized", look(run, stretch(1e-3F, 0)));
}

TEST(DoctorFaults, NormalizedOtherwise) {
  const std::string run = trained("adam", 1e-3) + perceptron(2, 32, "relu", kHe);
  expect_first("normalized_otherwise", look(std::string(kData) + "mean = 5.0\ndeviation = 0.2\n" + run));
  expect_first("normalized_otherwise", look(kData + run, [](train::Dataset& data) {
                 for (float& value : data.validation.x.span<float>()) value = value * 2 + 1;
               }));
}

/// A loss that takes the logarithm of what may be 0.
class LogOfRelu : public train::Task {
 public:
  explicit LogOfRelu(train::Classify& inner) : inner_(inner) {}
  std::string_view name() const override { return "log of relu"; }
  nn::Module& network() override { return inner_.network(); }
  std::int64_t examples(train::Part part) const override { return inner_.examples(part); }
  train::Variable loss(const train::Share& share, nn::Pass& pass) override {
    const train::Variable x(inner_.rows_of(train::Part::train, share.examples, share.epoch));
    return engine::neg(engine::sum(engine::log(engine::relu(inner_.towers().forward(0, x, pass)))));
  }
  std::vector<train::Metric> metrics() const override { return inner_.metrics(); }
  std::vector<double> measure(train::Part part, std::span<const std::int64_t> examples) override {
    return inner_.measure(part, examples);
  }
  std::vector<InputFile> inputs() const override { return {}; }

 private:
  train::Classify& inner_;
};

TEST(DoctorFaults, AnOpThatIsNotFiniteIsNamed) {
  ConfigFile file = ConfigFile::parse(kData + trained("adam", 1e-3) + perceptron(2, 32, "relu", kHe), "text");
  const train::Config config = train::read_config(file);
  train::Classify inner(file, config, "", 0);
  LogOfRelu task(inner);
  Evidence evidence;
  Progress silent;
  examine({task, config.recipe}, {.steps = 50}, silent, evidence);
  expect_first("not_finite_op", evidence);
  EXPECT_NE(diagnose(evidence).front().evidence.find("[log] made -inf"), std::string::npos);
}

TEST(DoctorFaults, WeightsTooLarge) {
  expect_first("weights_too_large",
               look(kData + trained("adam", 1e-3) + perceptron(2, 64, "relu", "init = \"normal\"\ndeviation = 1.0\n")));
  expect_first("weights_too_large", look(kData + trained("sgd", 0.05) + perceptron(2, 64, "tanh", "gain = 8.0\n")));
}

TEST(DoctorFaults, WeightsTooSmall) {
  expect_first("weights_too_small", look(kData + trained("sgd", 0.05) +
                                         perceptron(3, 64, "relu", "init = \"normal\"\ndeviation = 0.001\n")));
  expect_first("weights_too_small",
               look(kData + trained("adam", 1e-3) + perceptron(2, 32, "relu", "init = \"constant\"\n")));
}

TEST(DoctorFaults, RateTooHigh) {
  expect_first("rate_too_high", look(kData + trained("sgd", 20) + perceptron(2, 32, "relu", kHe)));
  expect_first("rate_too_high", look(kData + trained("adam", 1) + perceptron(2, 32, "relu", kHe)));
}

TEST(DoctorFaults, RateTooLow) {
  expect_first("rate_too_low", look(kData + trained("sgd", 1e-5) + perceptron(2, 32, "relu", kHe)));
  expect_first("rate_too_low", look(kData + trained("adam", 1e-6) + perceptron(2, 32, "tanh", "")));
}

TEST(DoctorFaults, ExplodingGradients) {
  expect_first("exploding_gradients",
               look(kData + trained("sgd", 0.01) + perceptron(20, 48, "relu", "init = \"he_normal\"\ngain = 2.6\n")));
}

TEST(DoctorFaults, VanishingGradients) {
  expect_first("vanishing_gradients", look(kData + trained("sgd", 0.1) + perceptron(10, 32, "sigmoid", "")));
}

TEST(DoctorFaults, BatchTooSmall) {
  const std::string noisy =
      "[data]\nkind = \"random\"\nclasses = 5\nshape = \"4\"\nexamples = 1500\ntrain = \"0:1200\"\n";
  expect_first("batch_too_small", look(noisy + trained("sgd", 0.3, 1) + perceptron(2, 32, "relu", kHe)));
}

/// The label says whether an even number of the first six features is negative: no feature, nor any five of them, tells
/// anything about it, so that descent has no direction to start in (Shalev-Shwartz et al., arXiv:1703.07950, section
/// 2).
void label_by_parity(train::LabelledRows& rows) {
  const engine::Tensor x = rows.x.reshape({rows.rows(), -1});
  for (std::int64_t i = 0; i < rows.rows(); ++i) {
    int negative = 0;
    for (std::int64_t j = 0; j < 6; ++j) negative += x.at(i * x.size(1) + j) < 0 ? 1 : 0;
    rows.labels[static_cast<std::size_t>(i)] = negative % 2;
  }
}

TEST(DoctorFaults, Plateau) {
  const auto parity = [](train::Dataset& data) {
    label_by_parity(data.train);
    label_by_parity(data.validation);
  };
  expect_first("plateau",
               look(kData + trained("momentum", 0.05, 50, "epochs = 8") + perceptron(1, 6, "tanh", ""), parity));
}

TEST(DoctorFaults, Overfitting) {
  const std::string few =
      "[data]\nkind = \"random\"\nclasses = 5\nshape = \"3\"\nexamples = 400\ntrain = \"0:60\"\nvalidation = "
      "\"100:400\"\n";
  expect_first("overfitting", look(few + trained("adam", 1e-2, 20, "epochs = 200") + perceptron(2, 128, "relu", kHe)));
}

TEST(DoctorHealthy, Perceptrons) {
  expect_healthy(kData + trained("momentum", 0.02) + perceptron(2, 32, "relu", kHe));
  expect_healthy(kData + trained("sgd", 0.1) + perceptron(3, 48, "tanh", ""));
  expect_healthy(kData + trained("adamw", 1e-2) + perceptron(1, 64, "gelu", kHe));
  expect_healthy(kData + trained("rmsprop", 1e-3, 32) + perceptron(2, 48, "leaky_relu", kHe));
}

TEST(DoctorHealthy, UnusualSettings) {
  // A logistic regression; the textbook's normal(0, 0.01); ten layers of relu; a batch of 8; a careful rate.
  expect_healthy(kData + trained("sgd", 0.5) + perceptron(0, 0, "relu", ""));
  expect_healthy(kData + trained("sgd", 0.1) + perceptron(1, 128, "relu", "init = \"normal\"\ndeviation = 0.01\n"));
  expect_healthy(kData + trained("adam", 1e-3) + perceptron(10, 48, "relu", kHe));
  expect_healthy(kData + trained("sgd", 0.02, 8) + perceptron(2, 32, "relu", kHe));
  expect_healthy(kData + trained("adam", 1e-4, 24, "epochs = 60") + perceptron(2, 64, "relu", kHe));
}

TEST(DoctorHealthy, NormsResidualsAndTransformers) {
  std::string deep = layer("linear", "out = 32");
  for (int i = 0; i < 6; ++i) deep += layer("residual", "out = 32\nnorm = false");
  expect_healthy(kData + trained("adam", 1e-3) + deep + layer("linear", "out = 5"));
  expect_healthy(kData + trained("nag", 0.02) + layer("linear", "out = 48") + layer("batch_norm") + layer("relu") +
                 layer("dropout", "rate = 0.3") + layer("linear", "out = 5"));
}

}  // namespace
}  // namespace tamis::doctor
