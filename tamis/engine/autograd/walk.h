#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tamis/engine/autograd/variable.h"

// The graph and the walk over it: for the sources of this folder only.
namespace tamis::engine {

/// A variable's place in the graph. It holds no value unless it is a leaf's.
struct Node {
  Node() = default;
  /// Without recursion, however long the history.
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  const Shape& shape() const { return leaf ? leaf->shape() : made_shape; }
  DType dtype() const { return leaf ? leaf->dtype() : made_dtype; }

  std::string_view op = "leaf";
  std::shared_ptr<Tensor> leaf;  ///< a leaf's tensor, which its owner may replace
  Shape made_shape;
  DType made_dtype = DType::f32;
  std::vector<std::shared_ptr<Node>> inputs;  ///< nullptr where an input needs no gradient
  Backward backward;
  std::uint64_t sequence = 0;  ///< the order of making: inputs are older
  bool opaque = false;         ///< gradients go to more leaves than those its inputs lead to
  bool freed = false;
};

/// A node's number is above those of all nodes made before on this thread.
std::uint64_t next_sequence();
Variable with_history(Tensor value, std::shared_ptr<Node> node);

/// Sets recording on this thread, and restores it.
class Recording {
 public:
  explicit Recording(bool on);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

 private:
  bool before_;
};
/// True after an op on this thread was not recorded only because recording was off.
bool& passed_by();

bool anomaly_mode();
/// Throws if `value`, just made by `op` from `inputs`, is not finite.
void check_made(std::string_view op, const Tensor& value, const std::vector<Variable>& inputs);
void check_sent(std::string_view op, const Tensor& gradient, std::size_t input);

/// One pass back through a graph.
class Walk {
 public:
  /// All leaves' gradients go to `store`.
  explicit Walk(GradientStore& store) : store_(&store) {}
  /// The gradients of `targets` are kept here; those of other leaves go to `outer`, if it wants them. Nodes older than
  /// `oldest` are not of this graph.
  explicit Walk(const std::vector<Variable>& targets, Walk* outer = nullptr, std::uint64_t oldest = 0);

  /// `where` stands in errors.
  void run(const char* where, const std::shared_ptr<Node>& output, const Tensor& seed, bool persistent);
  /// Undefined if nothing came.
  Tensor take(const Variable& target);
  static Walk& of(Sink& sink) { return sink.walk_; }

  bool wants(const Node* node) const;
  void add(const std::shared_ptr<Node>& node, Tensor g);
  void add_rows(const std::shared_ptr<Node>& node, Tensor ids, Tensor rows);
  /// Returns the sum after the writing.
  const Tensor& write(const std::shared_ptr<Node>& node, const std::function<void(Tensor&, bool)>& write);

 private:
  struct Visit {
    std::shared_ptr<Node> node;
    Tensor gradient;
    bool useful = false;  ///< leads to somebody who wants a gradient
  };
  void collect(const char* where, const std::shared_ptr<Node>& output);
  void mark_useful();
  void visit(Visit& visit, bool persistent);
  bool wants_leaf(const Node* leaf) const;
  /// Where a node's gradient adds up; nullptr for leaves whose gradients go elsewhere.
  Tensor* place(const Node* node);
  GradientStore& outermost_store();

  GradientStore* store_ = nullptr;
  Walk* outer_ = nullptr;
  std::uint64_t oldest_ = 0;
  std::vector<Visit> visits_;  ///< oldest first
  std::unordered_map<const Node*, std::size_t> index_;
  std::unordered_map<const Node*, Tensor> targets_;
};

}  // namespace tamis::engine
