#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tamis/engine/tensor/tensor.h"

// Reverse-mode differentiation. An op on variables computes its value at once and, where an input needs gradients,
// records a node: its inputs and a function that sends dL/d(output) to them. The graph is walked by the order of
// making, newest first, without recursion; so is its destruction.
namespace tamis::engine {

struct Node;

/// A tensor that a gradient may be asked for. Copies are the same variable. A graph belongs to one thread at a time;
/// leaves may be shared by many.
class Variable {
 public:
  Variable() = default;
  /// A leaf. Throws invalid_argument if `needs_gradient` and the tensor is not f32 or f64.
  explicit Variable(Tensor value, bool needs_gradient = false);

  bool defined() const { return value_ != nullptr; }
  /// Throws invalid_argument if undefined.
  const Tensor& value() const;
  /// The tensor of a leaf, to be changed in place by an optimizer. Assert: a leaf.
  Tensor& leaf_value();
  const Shape& shape() const { return value().shape(); }
  DType dtype() const { return value().dtype(); }
  bool needs_gradient() const;
  bool is_leaf() const;
  /// The op that made it; "leaf" for a leaf, which is also what an op returns where nothing is recorded.
  std::string_view op() const;
  /// The same value, without its history.
  Variable detached() const;
  /// Its place in the graph; nullptr where it needs no gradient.
  const std::shared_ptr<Node>& node() const { return node_; }

 private:
  friend Variable with_history(Tensor, std::shared_ptr<Node>);
  // Apart, so that a graph keeps only the values that its gradients are computed from.
  std::shared_ptr<Tensor> value_;
  std::shared_ptr<Node> node_;
};

/// Where gradients of leaves add up over many backward passes (micro-batches, shards). Buffers are kept by clear(), so
/// a training loop allocates once. One store belongs to one thread at a time.
class GradientStore {
 public:
  /// The sum so far, or an undefined tensor if nothing has come. Sparse rows are added in first.
  Tensor of(const Variable& leaf);
  /// Rows of a table that got a gradient (embedding): kept apart as long as no dense gradient came.
  struct Rows {
    Tensor ids;   ///< [n]
    Tensor rows;  ///< [n, ..]
  };
  /// What came for a leaf: `dense` (undefined if none), and rows in the order they came.
  struct Parts {
    Tensor dense;
    std::vector<Rows> rows;
  };
  /// nullptr if nothing came.
  const Parts* parts(const Variable& leaf) const;
  /// Forgets the sums, keeps the memory, except of sums that somebody still holds.
  void clear();

 private:
  friend class Walk;
  struct Slot {
    std::shared_ptr<Node> leaf;  ///< held, so that no other variable comes to lie at its address
    Parts parts;
    Tensor kept;  ///< memory of an earlier round
  };
  Slot& slot(const std::shared_ptr<Node>& leaf);
  void add(const std::shared_ptr<Node>& leaf, Tensor g);
  void add_rows(const std::shared_ptr<Node>& leaf, Tensor ids, Tensor rows);
  const Tensor& write(const std::shared_ptr<Node>& leaf, const std::function<void(Tensor&, bool)>& write);
  std::unordered_map<const Node*, Slot> slots_;
};

/// Takes the gradients an op sends to its inputs. Input i is the i-th of record().
class Sink {
 public:
  /// False where nobody will read the gradient: skip the work.
  bool wants(std::size_t i) const;
  /// Adds g to input i's gradient. Throws invalid_argument unless it has the input's shape and dtype.
  void add(std::size_t i, Tensor g);
  /// Adds rows to a table's gradient: ids [n], rows [n, ..].
  void add_rows(std::size_t i, Tensor ids, Tensor rows);
  /// Lets `write(out, accumulate)` compute straight into input i's gradient: it must store into `out` if `accumulate`
  /// is false (out is uninitialised then), and add to it else. Saves a pass over large weight gradients.
  void write(std::size_t i, const std::function<void(Tensor& out, bool accumulate)>& write);

 private:
  friend class Walk;
  Sink(class Walk& walk, Node& node) : walk_(walk), node_(node) {}
  class Walk& walk_;
  Node& node_;
};

using Backward = std::function<void(const Tensor& g, Sink& sink)>;

/// Makes the variable an op returns. `backward` is kept only if an input needs gradients and recording is on. In
/// anomaly mode throws if `value` is not finite. `op` must be a literal: its characters are not copied.
Variable record(std::string_view op, Tensor value, std::vector<Variable> inputs, Backward backward);

struct BackwardOptions {
  Tensor seed;              ///< dL/d(output); undefined: 1, which needs a scalar
  bool persistent = false;  ///< keep the graph for another walk; else it is freed as the walk goes
};

/// d(output)/d(target) for any variables, leaves or intermediates; zeros for a target the output does not depend on.
/// Throws invalid_argument if the output has several elements and no seed ("[gradient] …"), for a seed of another shape
/// or dtype, a target that needs no gradient, or a graph that an earlier walk has freed.
std::vector<Tensor> gradient(const Variable& output, const std::vector<Variable>& targets,
                             const BackwardOptions& options = {});
/// Adds the gradients of all leaves that need them to `into`. Throws as gradient() does, and if there is no such leaf.
void backward(const Variable& output, GradientStore& into, const BackwardOptions& options = {});

/// Within its lifetime, on this thread, nothing is recorded.
class NoGradient {
 public:
  NoGradient();
  ~NoGradient();
  NoGradient(const NoGradient&) = delete;
  NoGradient& operator=(const NoGradient&) = delete;

 private:
  bool before_;
};
bool recording();

/// Within its lifetime, on this thread, the first op whose value or gradient is NaN or infinite throws
/// invalid_argument("[log] made -inf at element 3 of f32[2, 3] from 0 …"), naming op, place and inputs.
class AnomalyMode {
 public:
  AnomalyMode();
  ~AnomalyMode();
  AnomalyMode(const AnomalyMode&) = delete;
  AnomalyMode& operator=(const AnomalyMode&) = delete;

 private:
  bool before_;
};

/// Runs `segment(inputs)` without keeping its intermediates; the walk runs it again, recorded, when its gradient is
/// needed. Random numbers are named by step and position, so the second run draws the same. Gradients reach the leaves
/// inside the segment too; what it takes from outside with a history must be among `inputs` (throws invalid_argument in
/// the walk). Source: Chen et al., arXiv:1604.06174.
Variable checkpoint(const std::function<Variable(const std::vector<Variable>&)>& segment, std::vector<Variable> inputs);

}  // namespace tamis::engine
