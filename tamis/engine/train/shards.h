#pragma once

#include <span>
#include <vector>

#include "tamis/engine/autograd/variable.h"
#include "tamis/engine/nn/module.h"

namespace tamis::train {

using engine::Tensor;

/// Examples begin .. end - 1 of `count` that piece `piece` of `pieces` gets: sizes differ by 1 at most.
struct Range {
  std::int64_t begin, end;
};
Range piece_of(std::int64_t count, std::int64_t pieces, std::int64_t piece);

/// Adds up the gradients of the shards, in shard order, and takes the squares for the norms in the same pass over
/// memory. Parallel over fixed pieces of the parameters, so the bits do not depend on the number of threads.
class GradientSum {
 public:
  explicit GradientSum(std::vector<nn::Parameter> parameters);

  /// Sums what the stores hold. A dense sum lies in the memory of the first store that has one; rows of tables are
  /// added into buffers kept here.
  void add_up(std::span<engine::GradientStore> stores);
  /// Lets the stores have their memory back: before they are cleared.
  void forget();
  /// In the order of the parameters; undefined where no gradient came.
  std::vector<Tensor>& gradients() { return gradients_; }
  /// Sum of squares of each, in f64.
  const std::vector<double>& squares() const { return squares_; }
  /// The squares anew, after the gradients were changed (clipped by value).
  void square_again();

 private:
  struct Table {
    Tensor sum;                   ///< dense, zero where no row came
    std::vector<Tensor> touched;  ///< ids of the rows that are not zero
  };
  struct Piece {
    std::size_t parameter;
    std::int64_t begin, end;
  };
  void collect(std::size_t parameter, std::span<engine::GradientStore> stores);
  Tensor table_sum(std::size_t parameter, std::span<engine::GradientStore> stores);
  void add_pieces();

  std::vector<nn::Parameter> parameters_;
  std::vector<Piece> pieces_;
  std::vector<double> piece_squares_;
  std::vector<Table> tables_;
  std::vector<std::vector<Tensor>> others_;  ///< by parameter: what is added to gradients_
  std::vector<Tensor> gradients_;
  std::vector<double> squares_;
};

}  // namespace tamis::train
