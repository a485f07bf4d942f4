#include "tamis/language/embedding/objectives.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "tamis/base/file.h"
#include "tamis/engine/autograd/gradcheck.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/loss.h"
#include "tamis/engine/optim/optimizer.h"
#include "tamis/language/embedding/sentence_network.h"
#include "tamis/language/encoder/write_model.h"

// Against PyTorch in f64, dropout masks included: tests/golden/make_objectives.py.
namespace tamis::embedding {
namespace {

using engine::DType;
using Json = nlohmann::json;

const std::string kGolden = TAMIS_SOURCE_DIR "/tests/golden/";

const Json& golden() {
  static const Json stored = Json::parse(read_file(kGolden + "objectives.json"));
  return stored;
}

double projection(const Tensor& x) {
  const std::vector<double> values = x.numbers();
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) sum += values[i] * std::cos(static_cast<double>(i + 1));
  return sum;
}

Packed packed_of(const Json& texts) {
  std::vector<std::int32_t> ids, offsets{0};
  for (const Json& text : texts) {
    for (const Json& id : text) ids.push_back(id.get<std::int32_t>());
    offsets.push_back(static_cast<std::int32_t>(ids.size()));
  }
  const auto T = static_cast<std::int64_t>(ids.size());
  return {Tensor::from(ids, {T}), Tensor::zeros({T}, DType::i32),
          Tensor::from(offsets, {static_cast<std::int64_t>(offsets.size())})};
}

struct Classes : nn::Module {
  Classes() { weight = own("weight", {3, 48}, nn::Init::zeros(), true); }
  Variable weight;
};

class Step {
 public:
  explicit Step(const std::string& pooling)
      : folder_(encoder::read_model_folder(kGolden + "bert/bert")),
        network_(folder_.bert, {.pooling = encoder::parse_pooling(pooling), .dropout = golden()["dropout"]}) {
    network_.bert().load(encoder::bert_weights(encoder::WeightFile::open(folder_.folder), folder_.bert));
    network_.to(DType::f64);
    classes_.to(DType::f64);
    Tensor weight = classes_.weight.value();
    for (int i = 0; i < 144; ++i) weight.data<double>()[i] = std::cos(i * 0.7) * 0.3;
  }

  Variable vectors(const char* texts, std::uint32_t variant) {
    nn::Pass pass;
    pass.training = true;
    pass.seed = golden()["seed"];
    pass.step = golden()["step"];
    pass.variant = variant;
    return network_.represent(packed_of(golden()["texts"][texts]), pass);
  }

  Variable loss(const std::string& name) {
    const Variable a = vectors("a", 0), b = vectors("b", 1);
    if (name.starts_with("simcse")) {
      ContrastViews views{a, b, a, b, {}, 0};
      if (name.ends_with("negatives")) views.negatives = vectors("n", 2);
      const bool both = name.find("both") != std::string::npos;
      return contrast_loss(views, both ? ContrastForm::both : ContrastForm::one_side, 0.05);
    }
    if (name == "sbert classification") {
      return classification_loss(a, b, classes_.weight,
                                 Tensor::from(golden()["labels"].get<std::vector<std::int64_t>>(), {4}));
    }
    if (name == "sbert regression") {
      return regression_loss(a, b, Tensor::from(golden()["scores"].get<std::vector<double>>(), {4}));
    }
    return nn::triplet(a, b, vectors("n", 2), 1, nn::Reduction::sum);
  }

  std::vector<nn::Parameter> parameters(bool with_classes) const {
    std::vector<nn::Parameter> all = network_.parameters();
    if (with_classes) all.push_back({"classes", classes_.weight, true});
    return all;
  }

 private:
  encoder::ModelFolder folder_;
  SentenceNetwork network_;
  Classes classes_;
};

/// Under Hugging Face's names without "bert.": projections of values, by parameter.
std::map<std::string, double> projections(std::vector<nn::Parameter> parameters, const std::vector<Tensor>& values) {
  std::map<std::string, double> found;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    parameters[i].variable = Variable(values[i]);
    if (parameters[i].name == "classes") found["classes"] = projection(values[i]);
  }
  for (const nn::Buffer& one : encoder::hugging_face_names(parameters, "bert.")) {
    if (one.name.starts_with("bert.")) found[one.name.substr(5)] = projection(one.tensor);
  }
  return found;
}

void expect_near(const std::map<std::string, double>& found, const Json& stored, const std::string& what) {
  ASSERT_EQ(found.size(), stored.size()) << what;
  for (const auto& [name, value] : stored.items()) {
    ASSERT_TRUE(found.contains(name)) << name;
    EXPECT_NEAR(found.at(name), value.get<double>(), 1e-8 * std::max(1.0, std::fabs(value.get<double>())))
        << what << ' ' << name;
  }
}

TEST(Objectives, LossGradientAndStepAreTheReferences) {
  for (const Json& expected : golden()["cases"]) {
    const std::string name = expected["name"];
    Step step(expected["pooling"]);
    const auto parameters = step.parameters(name == "sbert classification");
    const Variable loss = engine::mul(step.loss(name), 1.0 / 4);
    EXPECT_NEAR(loss.value().item(), expected["loss"].get<double>(), 1e-8) << name;
    std::vector<Variable> leaves;
    for (const nn::Parameter& parameter : parameters) leaves.push_back(parameter.variable);
    const std::vector<Tensor> gradients = engine::gradient(loss, leaves);
    expect_near(projections(parameters, gradients), expected["gradients"], name + " gradient");
    optim::Optimizer optimizer(optim::split_by_decay(parameters, {.weight_decay = 0.01}), {});
    std::map<std::string, Tensor> by_name;
    for (std::size_t i = 0; i < parameters.size(); ++i) by_name[parameters[i].name] = gradients[i];
    std::vector<Tensor> ordered;
    for (const nn::Parameter& parameter : optimizer.parameters()) ordered.push_back(by_name.at(parameter.name));
    optimizer.step(ordered, 1e-3);
    std::vector<Tensor> weights;
    for (const nn::Parameter& parameter : parameters) weights.push_back(parameter.variable.value());
    expect_near(projections(parameters, weights), expected["weights"], name + " weights");
  }
}

TEST(Objectives, SequenceMaxHasItsGradient) {
  const Tensor offsets = Tensor::from(std::vector<std::int32_t>{0, 1, 4, 6}, {4});
  const Variable x(Tensor::from(std::vector<double>{1, -2, 3, 0.5, -1, 4, 2, -3, 0, 7, 7.5, -4}, {6, 2}), true);
  const Variable y = sequence_max(x, offsets);
  EXPECT_EQ(y.value().numbers(), (std::vector<double>{1, -2, 3, 4, 7.5, 7}));
  const Tensor g = engine::gradient(engine::sum(engine::mul(y, y)), {x})[0];
  EXPECT_EQ(g.numbers(), (std::vector<double>{2, -4, 6, 0, 0, 8, 0, 0, 0, 14, 15, 0}));
}

TEST(Objectives, WhatCannotBeContrastedIsRefused) {
  const Variable one(Tensor::full({1, 4}, 1, DType::f64)), two(Tensor::full({2, 4}, 1, DType::f64));
  EXPECT_THROW(contrast_loss({one, one, one, one, {}, 0}, ContrastForm::one_side, 0.05), std::invalid_argument);
  EXPECT_THROW(contrast_loss({one, one, one, one, {}, 0}, ContrastForm::both, 0.05), std::invalid_argument);
  EXPECT_NO_THROW(contrast_loss({one, one, one, one, one, 0}, ContrastForm::one_side, 0.05));
  for (const double temperature : {0.0, -1.0, std::nan(""), HUGE_VAL}) {
    EXPECT_THROW(contrast_loss({two, two, two, two, {}, 0}, ContrastForm::one_side, temperature),
                 std::invalid_argument);
  }
}

}  // namespace
}  // namespace tamis::embedding
