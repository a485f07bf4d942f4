#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

// What the doctor knows about a training run: plain numbers, measured on a live run (doctor_examination.h) or read from
// a finished one (doctor_run.h). Whatever was not measured is empty, and the rules that need it stay silent.
namespace tamis::doctor {

/// Mean and spread of one feature over some rows.
struct Feature {
  double mean = 0;
  double deviation = 0;
};

/// Rows of inputs as the network sees them, after normalisation.
struct Inputs {
  std::int64_t rows = 0;
  std::vector<Feature> features;      ///< empty where inputs are ids (tokens), which have no scale
  double row_length = 0;              ///< root mean square of the rows' Euclidean lengths
  std::int64_t not_finite = 0;        ///< NaN and infinite values
  std::string first_not_finite = {};  ///< "row 3, feature 7 is nan"
};

struct Labels {
  std::int64_t rows = 0;
  std::int64_t classes = 0;
  std::int64_t outside = 0;        ///< labels that are no class
  std::string first_outside = {};  ///< "row 12 has label 10"
};

/// x <- (x - mean) / deviation as it was applied, and what the raw training rows say.
struct Normalization {
  std::string source;                ///< where the applied numbers come from: "training rows", "configuration"
  std::vector<Feature> applied;      ///< one, or one a feature
  std::vector<Feature> of_training;  ///< as many, of the raw training rows
};

/// One layer on one batch.
struct Layer {
  std::string name;
  std::string kind;       ///< nn::Layer::kind()
  bool last = false;      ///< the last layer with weights, whose output is read as it is
  bool renormed = false;  ///< a norm follows before anything else: it undoes the layer's scale
  bool bypassed = false;  ///< inside a residual branch
  double input_rms = 0;   ///< root of the mean square
  double output_rms = 0;
  double signal = 0;                ///< Euclidean length of dL/d(output), the whole batch's; 0: not measured
  std::optional<double> gain;       ///< weights: root mean square times root of fan_in. Xavier 1, He 1.41
  std::optional<double> twins;      ///< weights: share of units whose incoming weights equal another unit's
  std::optional<double> saturated;  ///< sigmoid, tanh: share of outputs with a slope below a tenth of the largest
  std::optional<double> dead;       ///< relu: share of units that are 0 for every example seen
  std::int64_t units = 0;           ///< size of the last axis
  double parameter_norm = 0;
  double gradient_norm = 0;
};

struct Step {
  std::int64_t step = 0;
  double loss = 0;  ///< NaN: it was not finite
  double rate = 0;
  double gradient_norm = 0;
  std::optional<double> update = {};  ///< |change of weights| / |weights|, biases and norms left out
};

struct Evaluation {
  std::int64_t step = 0;
  double validation_loss = 0;
};

/// A trial from the same start over the same order of rows, with other settings.
struct Trial {
  double rate_factor = 1;   ///< of the run's largest rate, held constant
  double batch_factor = 1;  ///< of the run's batch
  std::int64_t steps = 0;
  double first_loss = 0;                                       ///< on fixed training rows, before
  double last_loss = std::numeric_limits<double>::infinity();  ///< and after; infinite: it diverged
};

/// The first op that made a NaN or an infinite value.
struct NotFinite {
  std::int64_t step = 0;
  std::string message;  ///< "[log] made -inf at element 3 …"
};

struct Evidence {
  std::string subject;  ///< the configuration or folder
  std::optional<Inputs> train_inputs, validation_inputs, test_inputs;
  std::optional<Labels> train_labels, validation_labels, test_labels;
  std::optional<Normalization> normalization;
  bool normalizes_itself = false;  ///< the first layer that does anything to its input's scale is a norm

  std::string rule;        ///< optim::name of the optimizer's rule
  double peak_rate = 0;    ///< the largest rate of the schedule
  std::int64_t batch = 0;  ///< rows of one step
  std::int64_t planned_steps = 0;
  double clip = 0;  ///< limit of the gradient's norm; 0: none

  std::optional<double> chance_loss;   ///< of the best constant output
  std::optional<double> initial_loss;  ///< before the first step

  std::vector<Layer> start, end;  ///< in forward order: before the first step, after the last one examined
  std::vector<Step> steps;        ///< in order, from step 0
  std::vector<Evaluation> evaluations;
  std::vector<Trial> trials;
  std::optional<double> noise_scale;  ///< rows: tr(Σ) / |G|² at the start. Source: McCandlish et al., arXiv:1812.06162,
                                      ///< equation 2.9, by the estimators of appendix A.1
  std::optional<NotFinite> not_finite;
  std::vector<std::string> notes;  ///< what could not be looked at, and why
};

}  // namespace tamis::doctor
