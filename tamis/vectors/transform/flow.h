#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tamis/base/progress.h"
#include "tamis/engine/nn/linear.h"

namespace tamis::transform {

using engine::Tensor;
using engine::Variable;

/// How a coupling changes one half of the columns by the other: by a sum, whose determinant is 1, or by a sum and
/// factors. Sources: Dinh et al., NICE, arXiv:1410.8516, section 3.2; Kingma and Dhariwal, Glow, arXiv:1807.03039,
/// table 1.
enum class Coupling : std::uint8_t { additive, affine };

struct FlowOptions {
  int levels = 2;           ///< after each but the last, half of the columns left goes straight to the Gaussian
  int steps = 3;            ///< of one level: actnorm, permutation, coupling
  std::int64_t hidden = 0;  ///< width of a coupling's network; 0: that of the rows
  Coupling coupling = Coupling::additive;
};

/// Mean and deviation of each column of rows [n, C].
struct ColumnSpread {
  std::vector<double> mean, deviation;
  double largest = 0;  ///< deviation
  /// True where a column is the same in all rows, to rounding.
  bool flat(std::size_t column) const { return deviation[column] <= 1e-4 * largest; }
};
ColumnSpread column_spread(std::span<const float> rows, std::int64_t dimensions);

/// One step of a level: y = coupling(permutation(actnorm(x))), [n, C] -> [n, C], invertible, the coupling starting as
/// the identity.
class FlowStep : public nn::Module {
 public:
  FlowStep(std::int64_t C, const FlowOptions& options);
  /// Adds log |det dy/dx| of each row to `log_determinants` [n, 1].
  Variable forward(const Variable& x, Variable& log_determinants, nn::Pass& pass);
  Variable inverse(const Variable& y, nn::Pass& pass);
  /// Actnorm's start from data: its output on these rows has mean 0 and, but in flat columns, variance 1.
  void start(const Tensor& rows);
  /// Which column of the normalised rows stands at each place, fixed by (seed, its path).
  void shuffle(std::uint64_t seed);

 private:
  Variable shift_and_scale(const Variable& half, Variable& log_scale, nn::Pass& pass);

  std::int64_t C_, half_;
  Coupling coupling_;
  Variable bias_, log_scale_;                   ///< [C]: y = (x + bias) exp(log_scale)
  Tensor& order_;                               ///< [C] i32
  std::unique_ptr<nn::Linear> in_, mid_, out_;  ///< the coupling's network
};

/// An invertible map of vectors to a standard Gaussian, fitted by maximum likelihood: Li et al., "On the Sentence
/// Embeddings from Pre-trained Language Models", arXiv:2011.05864, section 3.2, with Glow's multi-scale split
/// (arXiv:1807.03039, section 3).
class Flow : public nn::Module {
 public:
  /// Throws invalid_argument for fewer dimensions than 2 at the last level, levels or steps below 1.
  Flow(std::int64_t dimensions, const FlowOptions& options);

  /// x [n, C] -> z [n, C]; `log_determinants` [n, 1] is log |det dz/dx| of each row.
  Variable forward(const Variable& x, Variable& log_determinants, nn::Pass& pass);
  /// The x of some z: forward's, to rounding.
  Variable inverse(const Variable& z, nn::Pass& pass);
  /// Draws weights and permutations from the seed, then starts every actnorm from these rows [n, C], n >= 2, which are
  /// not all the same.
  void start(const Tensor& rows, std::uint64_t seed);
  /// Permutations alone: what a file holds is filled in over it.
  void shuffle(std::uint64_t seed);

  /// rows [n, C] -> out [n, C], without gradients, on threads(). The same bits whatever else is in the call.
  void apply(std::span<const float> rows, std::span<float> out);
  std::int64_t dimensions() const { return dimensions_; }
  const FlowOptions& options() const { return options_; }

 private:
  std::int64_t dimensions_;
  FlowOptions options_;
  std::deque<FlowStep> steps_;
  std::vector<std::int64_t> widths_;  ///< columns of each level
};

struct FlowFitting {
  FlowOptions flow;
  std::int64_t epochs = 5, batch = 256;
  double rate = 1e-3;      ///< of Adam, falling to 0 in a straight line
  double held_out = 0.05;  ///< share of the rows that the bits are measured on and that are not trained on
  std::uint64_t seed = 0;
};

struct FittedFlow {
  std::unique_ptr<Flow> flow;
  std::uint64_t rows = 0;
  std::int64_t flat = 0;     ///< columns that are the same in all rows: the likelihood says nothing of their scale
  std::string model;         ///< fingerprint of what made the rows; "" if that is not known
  std::vector<double> bits;  ///< per dimension, mean over the rows trained on, of each epoch
  std::vector<double> held_out_bits;  ///< the same of the rows held out, after each epoch
};

/// Minimises -(log N(z; 0, I) + log |det dz/dx|) / (C ln 2), bits per dimension. The same bits at any number of
/// threads. Throws invalid_argument for settings out of range or too few rows for one batch, runtime_error for rows
/// that are not finite, constant columns, or a fit that stops being finite.
FittedFlow fit_flow(std::span<const float> rows, std::int64_t dimensions, const FlowFitting& how, Progress& progress);

/// docs/formats/transform.md. Atomic; throws runtime_error where the disk refuses, or for a file that is none.
void write_flow(const std::filesystem::path& path, const FittedFlow& fitted);
FittedFlow read_flow(const std::filesystem::path& path);

}  // namespace tamis::transform
