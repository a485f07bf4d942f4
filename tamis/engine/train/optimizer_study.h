#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tamis/base/progress.h"
#include "tamis/engine/optim/optimizer.h"
#include "tamis/engine/train/dataset.h"

// The study behind `tamis reproduce optimizers`: what the optimizers do, on 8 x 8 images of handwritten digits.
namespace tamis::train {

/// How long the parts of the study are. The defaults are the study; smaller ones are for tests.
struct StudySize {
  std::int64_t epochs = 10;        ///< mini-batch runs
  std::int64_t full_steps = 100;   ///< full-batch runs
  std::int64_t decay_steps = 300;  ///< weight decay against L2
  std::int64_t path_steps = 100;   ///< on the surface
  std::int64_t valley_steps = 600;
  std::int64_t valley_starts = 20;
};

/// One training of the network 64 - 32 tanh - 10, at the rate of the grid that left the lowest training loss.
struct StudyRun {
  std::string name;
  double rate = 0;
  std::int64_t batch = 0, steps = 0;
  std::vector<double> epochs, losses;  ///< loss of the whole training set after so many epochs
  double accuracy = 0;                 ///< on the test set, at the end
  bool at_edge = false;                ///< the rate is the lowest or highest of the grid
};

/// A descent on the logistic loss of telling an 8 from a 3 by two weights: ink left, ink right.
struct StudyPath {
  std::string name;
  double rate = 0;
  std::vector<std::array<double, 2>> points;
  double loss = 0;
};
struct StudySurface {
  std::array<double, 2> low{}, high{}, minimum{};  ///< ends of the picture; where the loss is lowest
  double minimum_loss = 0;
  int columns = 0, rows = 0;
  std::vector<double> losses;  ///< [rows, columns], from low to high
  std::vector<StudyPath> paths;
};

/// The same λ as L2 in the gradient and as decoupled decay, from the same start over the same batches, in f64.
struct StudyDecay {
  std::string name;
  double rate = 0, lambda = 0;
  double largest_difference = 0, largest_weight = 0;  ///< over all weights
  double norm_l2 = 0, norm_decay = 0;                 ///< of all weights
  double accuracy_l2 = 0, accuracy_decay = 0;
  std::vector<std::array<double, 2>> weights;  ///< some: under L2, under decay
};

/// The place of one pixel's values by a Cauchy likelihood, f(θ) = mean log(1 + ((x - θ) / h)²): two minima.
struct StudyValley {
  std::vector<double> theta, losses;  ///< the curve
  double local = 0, global = 0, local_loss = 0, global_loss = 0;
  struct Descent {
    std::string name;
    double low = 0, high = 0;
    std::int64_t escaped = 0;    ///< starts that ended nearer to the global minimum
    double mean_loss = 0;        ///< over the starts, at the end
    std::vector<double> thetas;  ///< of the first start, step by step
  };
  std::int64_t starts = 0, period = 0;
  std::vector<Descent> descents;
};

struct OptimizerStudy {
  std::int64_t train_rows = 0, test_rows = 0;
  StudySize size;
  std::vector<StudyRun> batches, momentum, optimizers;
  StudySurface surface;
  std::vector<StudyDecay> decay;
  StudyValley valley;
};

/// Digits as UCI's optdigits has them: 64 whole numbers 0 .. 16 and a class. `folder` holds optdigits.tra and
/// optdigits.tes. Throws as read_dataset does, and invalid_argument for a pixel beyond 0 .. 16.
Dataset read_study_digits(const std::string& folder);

/// Results depend on the seed alone, not on the number of threads.
OptimizerStudy study_optimizers(const Dataset& digits, std::uint64_t seed, const StudySize& size, Progress& progress);

// The parts of the study, for study_optimizers().
void study_networks(OptimizerStudy& study, const Dataset& digits, std::uint64_t seed, Progress& progress);
StudySurface study_surface(const Dataset& digits, std::int64_t steps);
StudyValley study_valley(const Dataset& digits, std::uint64_t seed, const StudySize& size);

/// The rules that are compared, with the settings they have in the study, and their names for a reader.
struct StudyRule {
  std::string name;
  optim::Settings settings;
};
std::vector<StudyRule> study_rules();

/// What was found, one sentence a part, with the numbers.
std::vector<std::string> study_findings(const OptimizerStudy& study);
/// The keys of the result that are this study's own.
nlohmann::ordered_json study_json(const OptimizerStudy& study);
/// One HTML page.
std::string study_page(const OptimizerStudy& study);

}  // namespace tamis::train
