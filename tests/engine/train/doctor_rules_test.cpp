#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "tamis/engine/train/doctor.h"

namespace tamis::doctor {
namespace {

Layer weighted(const std::string& name, double gain, double signal) {
  Layer layer;
  layer.name = name;
  layer.kind = "linear";
  layer.gain = gain;
  layer.twins = 0;
  layer.input_rms = 1;
  layer.output_rms = 1;
  layer.signal = signal;
  layer.units = 64;
  return layer;
}

/// A run of 400 steps on ten classes whose loss falls from 2.4 to 0.2.
Evidence healthy() {
  Evidence evidence;
  evidence.subject = "a run";
  evidence.train_inputs = Inputs{.rows = 1000, .features = {{0, 1}, {0.1, 0.9}}, .row_length = 1.4};
  evidence.validation_inputs = Inputs{.rows = 200, .features = {{0.05, 1}, {0, 0.95}}, .row_length = 1.4};
  evidence.train_labels = Labels{.rows = 1000, .classes = 10};
  evidence.rule = "momentum";
  evidence.peak_rate = 0.05;
  evidence.batch = 64;
  evidence.planned_steps = 400;
  evidence.chance_loss = std::log(10);
  evidence.initial_loss = 2.5;
  evidence.start = {weighted("first", 1.41, 1), weighted("second", 1.41, 1), weighted("third", 1.41, 1)};
  evidence.start.back().last = true;
  for (int i = 0; i < 400; ++i) {
    const double loss = 0.2 + 2.2 * std::exp(-i / 80.0);
    evidence.steps.push_back({.step = i, .loss = loss, .rate = 0.05, .gradient_norm = 1, .update = 2e-3});
  }
  for (int i = 1; i <= 10; ++i)
    evidence.evaluations.push_back({.step = 40 * i, .validation_loss = 0.25 + 2.2 * std::exp(-i / 2.0)});
  evidence.noise_scale = 60;
  return evidence;
}

/// The same with a loss that stays where it began.
Evidence standing() {
  Evidence evidence = healthy();
  for (Step& step : evidence.steps) step.loss = 2.31;
  for (Evaluation& evaluation : evidence.evaluations) evaluation.validation_loss = 2.31;
  return evidence;
}

Trial tried(double rate, double batch, double last) {
  return {.rate_factor = rate, .batch_factor = batch, .steps = 50, .first_loss = 2.5, .last_loss = last};
}

/// The first cause that is named; "" for none.
std::string first_of(const Evidence& evidence) {
  const std::vector<Finding> findings = diagnose(evidence);
  if (findings.empty()) return "";
  EXPECT_FALSE(findings.front().evidence.empty());
  EXPECT_FALSE(findings.front().remedies.empty());
  EXPECT_FALSE(findings.front().source.empty());
  return std::string(key(findings.front().cause));
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(DoctorRules, SayNothingOfAHealthyRunOrOfNoEvidence) {
  EXPECT_EQ(first_of(healthy()), "");
  EXPECT_EQ(first_of({}), "");
}

TEST(DoctorRules, LabelsOutsideTheClasses) {
  Evidence evidence = healthy();
  evidence.train_labels->outside = 3;
  evidence.train_labels->first_outside = "row 12 has label 10";
  EXPECT_EQ(first_of(evidence), "labels_outside_classes");
  EXPECT_NE(diagnose(evidence).front().evidence.find("3 of 1000 training labels are not in 0 .. 9: row 12"),
            std::string::npos);
}

TEST(DoctorRules, DataNotFinite) {
  Evidence evidence = healthy();
  evidence.validation_inputs->not_finite = 1;
  evidence.validation_inputs->first_not_finite = "row 3, feature 7 is nan";
  EXPECT_EQ(first_of(evidence), "data_not_finite");
}

TEST(DoctorRules, NormalizedWithOtherStatistics) {
  Evidence evidence = healthy();
  evidence.normalization = Normalization{"configuration", {{0.13, 0.31}}, {{0.47, 0.25}}};
  EXPECT_EQ(first_of(evidence), "normalized_otherwise");
  // What is commonly done to pixels between 0 and 1: onto [-1, 1].
  evidence.normalization = Normalization{"configuration", {{0.5, 0.5}}, {{0.13, 0.31}}};
  EXPECT_EQ(first_of(evidence), "");
  // And a scale without a shift.
  evidence.normalization = Normalization{"configuration", {{0, 255}}, {{33, 79}}};
  EXPECT_EQ(first_of(evidence), "");
  // The statistics of digits of 0 to 255 on digits of 0 to 16.
  evidence.normalization = Normalization{"configuration", {{33, 79}}, {{4.9, 6}}};
  EXPECT_EQ(first_of(evidence), "normalized_otherwise");
}

TEST(DoctorRules, HeldOutRowsElsewhere) {
  Evidence evidence = healthy();
  evidence.validation_inputs->features = {{0.8, 1}, {0.8, 1}};
  EXPECT_EQ(first_of(evidence), "normalized_otherwise");
  evidence.validation_inputs->features = {{0, 2}, {0, 2}};
  EXPECT_EQ(first_of(evidence), "normalized_otherwise");
  // Too few to tell.
  evidence.validation_inputs->rows = 10;
  EXPECT_EQ(first_of(evidence), "");
}

TEST(DoctorRules, InputsNotNormalized) {
  Evidence evidence = healthy();
  evidence.validation_inputs.reset();
  const auto with = [&](std::vector<Feature> features, double length) {
    evidence.train_inputs = Inputs{.rows = 1000, .features = std::move(features), .row_length = length};
    return first_of(evidence);
  };
  EXPECT_EQ(with({{33, 79}, {40, 80}}, 100), "inputs_not_normalized");
  EXPECT_EQ(with({{0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 9}}, 10), "inputs_not_normalized");
  EXPECT_EQ(with({{3, 0.1}, {3, 0.1}}, 4), "inputs_not_normalized");
  EXPECT_EQ(with({{0.0005, 0.001}, {0.0004, 0.001}}, 0.002), "inputs_not_normalized");
  // Pixels between 0 and 1, nearly all of them white; unit vectors of 1000 components.
  EXPECT_EQ(with({{0.97, 0.05}, {0.99, 0.02}}, 1.4), "");
  EXPECT_EQ(with(std::vector<Feature>(10000, {0, 0.01}), 1), "");
  // A network that begins with a norm.
  evidence.normalizes_itself = true;
  EXPECT_EQ(with({{33, 79}, {40, 80}}, 100), "");
}

TEST(DoctorRules, AnOpThatIsNotFinite) {
  Evidence evidence = healthy();
  evidence.steps.clear();
  evidence.not_finite = NotFinite{0, "[log] made -inf at element 3 of f32[2, 3] from 0"};
  EXPECT_EQ(first_of(evidence), "not_finite_op");
  EXPECT_NE(diagnose(evidence).front().evidence.find("[log] made -inf"), std::string::npos);
}

TEST(DoctorRules, ARunThatRanAwayIsNotTheOpsFault) {
  Evidence evidence = healthy();
  for (std::size_t i = 0; i < evidence.steps.size(); ++i) {
    evidence.steps[i].loss = i < 30 ? 2.4 * std::pow(10, static_cast<double>(i)) : std::nan("");
    evidence.steps[i].gradient_norm = evidence.steps[i].loss;
  }
  evidence.not_finite = NotFinite{30, "[matmul] made inf at element 0 of f32[2, 3] from f32[2, 2] and f32[2, 3]"};
  EXPECT_EQ(first_of(evidence), "rate_too_high");
}

TEST(DoctorRules, WeightsTooLarge) {
  Evidence evidence = healthy();
  evidence.start[1].gain = 8;
  evidence.initial_loss = 40;
  EXPECT_EQ(first_of(evidence), "weights_too_large");
  // Large weights before a norm, or without an effect, do no harm.
  evidence.initial_loss = 2.6;
  EXPECT_EQ(first_of(evidence), "");
  evidence.initial_loss = 40;
  evidence.start[1].renormed = true;
  EXPECT_EQ(first_of(evidence), "");
  // Sigmoids saturate while the loss looks well.
  evidence.start[1].renormed = false;
  evidence.initial_loss = 2.6;
  evidence.start[2].saturated = 0.7;
  EXPECT_EQ(first_of(evidence), "weights_too_large");
}

TEST(DoctorRules, WeightsTooSmall) {
  Evidence evidence = standing();
  evidence.start[0].gain = evidence.start[1].gain = 0.1;
  EXPECT_EQ(first_of(evidence), "weights_too_small");
  // The same weights in a run that learns: the textbook's normal(0, 0.01) on a small network.
  evidence = healthy();
  evidence.start[0].gain = evidence.start[1].gain = 0.1;
  EXPECT_EQ(first_of(evidence), "");
  evidence.start[0].gain = evidence.start[1].gain = 0;
  EXPECT_EQ(first_of(evidence), "weights_too_small");
  // A last layer of zeros is a custom.
  evidence = healthy();
  evidence.start[2].gain = 0;
  EXPECT_EQ(first_of(evidence), "");
}

TEST(DoctorRules, ExplodingGradients) {
  Evidence evidence = standing();
  evidence.start[0].signal = 5000;
  EXPECT_EQ(first_of(evidence), "exploding_gradients");
  evidence = standing();
  evidence.start[2].output_rms = 5000;
  EXPECT_EQ(first_of(evidence), "exploding_gradients");
}

TEST(DoctorRules, GradientsThatExplodeOnTheWay) {
  Evidence evidence = healthy();
  evidence.steps[200].gradient_norm = 500;
  evidence.steps[201].loss = 30;
  EXPECT_EQ(first_of(evidence), "exploding_gradients");
  // A hard example near the end: large against its neighbours, not against the start.
  evidence = healthy();
  for (std::size_t i = 100; i < 400; ++i) evidence.steps[i].gradient_norm = 0.001;
  evidence.steps[300].gradient_norm = 3;
  evidence.steps[300].loss = 2;
  EXPECT_EQ(first_of(evidence), "");
}

TEST(DoctorRules, VanishingGradients) {
  Evidence evidence = standing();
  evidence.start[0].signal = 1e-6;
  EXPECT_EQ(first_of(evidence), "vanishing_gradients");
  evidence = standing();
  evidence.start[1].saturated = 0.8;
  EXPECT_EQ(first_of(evidence), "vanishing_gradients");
  evidence = healthy();
  evidence.start[1].dead = 1;
  EXPECT_EQ(first_of(evidence), "vanishing_gradients");
  evidence = standing();
  evidence.end = evidence.start;
  evidence.end[1].dead = 0.95;
  EXPECT_EQ(first_of(evidence), "vanishing_gradients");
  // It learns all the same; half the units are dead in a deep network of relu; a dead branch has a way around.
  evidence = healthy();
  evidence.start[0].signal = 1e-6;
  evidence.start[1].dead = 0.55;
  evidence.start[2].dead = 1;
  evidence.start[2].bypassed = true;
  EXPECT_EQ(first_of(evidence), "");
}

TEST(DoctorRules, RateTooHigh) {
  Evidence evidence = standing();
  evidence.trials = {tried(1, 1, kInfinity), tried(0.1, 1, 2.2), tried(0.01, 1, 1.1)};
  EXPECT_EQ(first_of(evidence), "rate_too_high");
  // From the log alone: long steps, or a loss that rose.
  evidence = standing();
  for (Step& step : evidence.steps) step.update = 0.3;
  EXPECT_EQ(first_of(evidence), "rate_too_high");
  evidence = standing();
  evidence.steps[3].loss = 80;
  EXPECT_EQ(first_of(evidence), "rate_too_high");
}

TEST(DoctorRules, RateTooLow) {
  Evidence evidence = standing();
  evidence.trials = {tried(1, 1, 2.4999), tried(0.1, 1, 2.5), tried(10, 1, 2.45), tried(100, 1, 0.9)};
  EXPECT_EQ(first_of(evidence), "rate_too_low");
  // A careful rate that gets there within the run.
  evidence = healthy();
  evidence.trials = {tried(1, 1, 2.1), tried(10, 1, 0.9)};
  EXPECT_EQ(first_of(evidence), "");
  evidence = standing();
  for (Step& step : evidence.steps) step.update = 1e-7;
  EXPECT_EQ(first_of(evidence), "rate_too_low");
}

TEST(DoctorRules, BatchTooSmall) {
  Evidence evidence = healthy();
  evidence.batch = 2;
  evidence.trials = {tried(1, 1, 2.2), tried(1, 16, 0.4)};
  EXPECT_EQ(first_of(evidence), "batch_too_small");
  // The same batch at a rate that suits it.
  evidence.trials = {tried(1, 1, 0.6), tried(1, 16, 0.4)};
  EXPECT_EQ(first_of(evidence), "");
  // Little noise: then it is not the batch.
  evidence.noise_scale = 5;
  evidence.trials = {tried(1, 1, 2.2), tried(1, 16, 0.4)};
  EXPECT_EQ(first_of(evidence), "");
}

TEST(DoctorRules, Plateau) {
  EXPECT_EQ(first_of(standing()), "plateau");
  // A slow start is none.
  Evidence evidence = standing();
  evidence.planned_steps = 4000;
  EXPECT_EQ(first_of(evidence), "");
  // Nor is a loss that has reached its floor.
  evidence = standing();
  for (std::size_t i = 100; i < 400; ++i) evidence.steps[i].loss = 0.9;
  EXPECT_EQ(first_of(evidence), "");
  // Units that start equal stay equal.
  evidence = healthy();
  evidence.start[1].twins = 1;
  EXPECT_EQ(first_of(evidence), "plateau");
}

TEST(DoctorRules, Overfitting) {
  Evidence evidence = healthy();
  const std::vector<double> losses = {1.2, 0.7, 0.5, 0.45, 0.5, 0.55, 0.65, 0.7, 0.8, 0.9};
  for (std::size_t i = 0; i < losses.size(); ++i) evidence.evaluations[i].validation_loss = losses[i];
  EXPECT_EQ(first_of(evidence), "overfitting");
  EXPECT_NE(diagnose(evidence).front().evidence.find("from step 160 to step 400"), std::string::npos);
  // A network that has grown sure of itself, on a loss close to 0.
  for (Evaluation& evaluation : evidence.evaluations) evaluation.validation_loss /= 12;
  EXPECT_EQ(first_of(evidence), "");
  // The training loss stands too.
  evidence = healthy();
  for (std::size_t i = 0; i < losses.size(); ++i) evidence.evaluations[i].validation_loss = losses[i];
  for (Step& step : evidence.steps) step.loss = 0.4;
  EXPECT_EQ(first_of(evidence), "");
}

TEST(DoctorRules, CausesComeBeforeTheirEffects) {
  Evidence evidence = standing();
  evidence.train_inputs->features = {{100, 50}, {100, 50}};
  evidence.validation_inputs.reset();
  evidence.start[0].saturated = 1;
  evidence.start[1].gain = 9;
  const std::vector<Finding> findings = diagnose(evidence);
  ASSERT_EQ(findings.size(), 3U);
  EXPECT_EQ(findings[0].cause, Cause::inputs_not_normalized);
  EXPECT_EQ(findings[1].cause, Cause::weights_too_large);
  EXPECT_EQ(findings[2].cause, Cause::vanishing_gradients);
}

TEST(DoctorRules, TheReportNamesCauseEvidenceAndRemedies) {
  Evidence evidence = healthy();
  EXPECT_NE(report_text(evidence, {}).find("Nothing is wrong"), std::string::npos);
  evidence.batch = 2;
  evidence.trials = {tried(1, 1, 2.2), tried(1, 16, 0.4)};
  const std::string text = report_text(evidence, diagnose(evidence));
  EXPECT_NE(text.find("1. batch too small (serious)"), std::string::npos);
  EXPECT_NE(text.find("30 times the batch of 2"), std::string::npos);
  EXPECT_NE(text.find("Raise the batch towards 60 rows"), std::string::npos);
  EXPECT_NE(text.find("Source: McCandlish"), std::string::npos);
}

}  // namespace
}  // namespace tamis::doctor
