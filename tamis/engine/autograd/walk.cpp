#include "tamis/engine/autograd/walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tamis/base/error.h"
#include "tamis/engine/tensor/elementwise.h"
#include "tamis/engine/tensor/index.h"

namespace tamis::engine {

namespace {

/// True if nobody would see it change.
bool free_to_write(const Tensor& x) {
  return x.contiguous() && x.sole_owner();
}

void accumulate(Tensor& sum, Tensor g) {
  if (!sum.defined()) {
    sum = std::move(g);
  } else if (free_to_write(sum)) {
    add_into(sum, g);
  } else if (free_to_write(g)) {
    add_into(g, sum);
    sum = std::move(g);
  } else {
    sum = add(sum, g);
  }
}

void make_writable(Tensor& sum, const Node& node) {
  if (!sum.defined()) {
    sum = Tensor::zeros(node.shape(), node.dtype());
  } else if (!free_to_write(sum)) {
    sum = sum.clone();
  }
}

Tensor seed_of(const char* where, const Variable& output, const Tensor& given) {
  const Tensor& value = output.value();
  if (!given.defined()) {
    if (value.elements() == 1) return Tensor::full(value.shape(), 1, value.dtype());
    fail_caller(where,
                fmt::format("the output is {}, no scalar: it needs a seed gradient of that shape", value.text()));
  }
  if (given.shape() == value.shape() && given.dtype() == value.dtype()) return given;
  fail_caller(where, fmt::format("the seed is {}, the output {}: they must agree", given.text(), value.text()));
}

}  // namespace

Walk::Walk(const std::vector<Variable>& targets, Walk* outer, std::uint64_t oldest) : outer_(outer), oldest_(oldest) {
  for (const Variable& target : targets) {
    if (target.needs_gradient()) targets_.emplace(target.node().get(), Tensor());
  }
}

void Walk::run(const char* where, const std::shared_ptr<Node>& output, const Tensor& seed, bool persistent) {
  collect(where, output);
  mark_useful();
  if (wants(output.get())) add(output, seed);
  for (std::size_t i = visits_.size(); i-- > 0;) {
    visit(visits_[i], persistent);
    visits_[i] = {};
  }
}

void Walk::collect(const char* where, const std::shared_ptr<Node>& output) {
  std::vector<std::shared_ptr<Node>> waiting{output};
  index_.emplace(output.get(), 0);
  while (!waiting.empty()) {
    std::shared_ptr<Node> node = std::move(waiting.back());
    waiting.pop_back();
    if (node->freed) {
      fail_caller(where, fmt::format("the graph behind {} {}{} was freed by an earlier walk; make that one persistent",
                                     node->op, name(node->dtype()), node->shape().text()));
    }
    if (!node->leaf && node->sequence < oldest_) {
      fail_caller(where, fmt::format("the segment uses a variable made by {} outside; pass it as an input", node->op));
    }
    for (const std::shared_ptr<Node>& input : node->inputs) {
      if (input && index_.emplace(input.get(), 0).second) waiting.push_back(input);
    }
    visits_.push_back({std::move(node), {}, false});
  }
  std::sort(visits_.begin(), visits_.end(),
            [](const Visit& a, const Visit& b) { return a.node->sequence < b.node->sequence; });
  for (std::size_t i = 0; i < visits_.size(); ++i) index_[visits_[i].node.get()] = i;
}

void Walk::mark_useful() {
  for (Visit& visit : visits_) {
    const Node& node = *visit.node;
    if (node.leaf) {
      visit.useful = wants_leaf(&node);
    } else {
      visit.useful = node.opaque || targets_.contains(&node) ||
                     std::any_of(node.inputs.begin(), node.inputs.end(),
                                 [this](const std::shared_ptr<Node>& input) { return wants(input.get()); });
    }
  }
}

void Walk::visit(Visit& visit, bool persistent) {
  Node& node = *visit.node;
  if (node.leaf || !visit.useful) return;
  const auto target = targets_.find(&node);
  const Tensor g = target == targets_.end() ? std::move(visit.gradient) : target->second;
  const bool ends_here = !node.opaque && std::none_of(node.inputs.begin(), node.inputs.end(),
                                                      [this](const auto& input) { return wants(input.get()); });
  if (ends_here) return;
  Sink sink(*this, node);
  if (persistent) {
    if (g.defined()) node.backward(g, sink);
    return;
  }
  const Backward backward = std::move(node.backward);
  node.backward = nullptr;
  node.freed = true;
  if (g.defined()) backward(g, sink);
  node.inputs.clear();
}

Tensor Walk::take(const Variable& target) {
  const auto found = targets_.find(target.node().get());
  return found == targets_.end() ? Tensor() : found->second;
}

bool Walk::wants_leaf(const Node* leaf) const {
  return store_ != nullptr || targets_.contains(leaf) || (outer_ != nullptr && outer_->wants_leaf(leaf));
}

bool Walk::wants(const Node* node) const {
  if (node == nullptr) return false;
  if (node->leaf) return wants_leaf(node);
  const auto found = index_.find(node);
  return found != index_.end() && visits_[found->second].useful;
}

Tensor* Walk::place(const Node* node) {
  const auto target = targets_.find(node);
  if (target != targets_.end()) return &target->second;
  if (node->leaf) return outer_ != nullptr ? outer_->place(node) : nullptr;
  return &visits_[index_.at(node)].gradient;
}

void Walk::add(const std::shared_ptr<Node>& node, Tensor g) {
  if (Tensor* sum = place(node.get())) return accumulate(*sum, std::move(g));
  outermost_store().add(node, std::move(g));
}

GradientStore& Walk::outermost_store() {
  return outer_ != nullptr ? outer_->outermost_store() : *store_;
}

void Walk::add_rows(const std::shared_ptr<Node>& node, Tensor ids, Tensor rows) {
  if (Tensor* sum = place(node.get())) {
    make_writable(*sum, *node);
    return scatter_add_rows(*sum, ids, rows);
  }
  outermost_store().add_rows(node, std::move(ids), std::move(rows));
}

const Tensor& Walk::write(const std::shared_ptr<Node>& node, const std::function<void(Tensor&, bool)>& write) {
  Tensor* sum = place(node.get());
  if (sum == nullptr) return outermost_store().write(node, write);
  const bool accumulating = sum->defined();
  if (accumulating) {
    make_writable(*sum, *node);
  } else {
    *sum = Tensor(node->shape(), node->dtype());
  }
  write(*sum, accumulating);
  return *sum;
}

bool Sink::wants(std::size_t i) const {
  return walk_.wants(node_.inputs[i].get());
}

void Sink::add(std::size_t i, Tensor g) {
  if (!wants(i)) return;
  const Node& input = *node_.inputs[i];
  if (g.shape() != input.shape() || g.dtype() != input.dtype()) {
    fail_caller(node_.op, fmt::format("backward sent {} to input {}, which is {}{}", g.text(), i, name(input.dtype()),
                                      input.shape().text()));
  }
  if (anomaly_mode()) check_sent(node_.op, g, i);
  walk_.add(node_.inputs[i], std::move(g));
}

void Sink::add_rows(std::size_t i, Tensor ids, Tensor rows) {
  if (!wants(i)) return;
  if (anomaly_mode()) check_sent(node_.op, rows, i);
  walk_.add_rows(node_.inputs[i], std::move(ids), std::move(rows));
}

void Sink::write(std::size_t i, const std::function<void(Tensor&, bool)>& write) {
  if (!wants(i)) return;
  const Tensor& sum = walk_.write(node_.inputs[i], write);
  if (anomaly_mode()) check_sent(node_.op, sum, i);
}

std::vector<Tensor> gradient(const Variable& output, const std::vector<Variable>& targets,
                             const BackwardOptions& options) {
  const Tensor seed = seed_of("gradient", output, options.seed);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (targets[i].needs_gradient()) continue;
    fail_caller("gradient",
                fmt::format("target {} needs no gradient: no leaf it comes from was made with needs_gradient, "
                            "or recording was off",
                            i));
  }
  std::vector<Tensor> gradients(targets.size());
  if (output.needs_gradient()) {
    Walk walk(targets);
    walk.run("gradient", output.node(), seed, options.persistent);
    for (std::size_t i = 0; i < targets.size(); ++i) gradients[i] = walk.take(targets[i]);
  }
  for (std::size_t i = 0; i < targets.size(); ++i) make_writable(gradients[i], *targets[i].node());
  return gradients;
}

void backward(const Variable& output, GradientStore& into, const BackwardOptions& options) {
  const Tensor seed = seed_of("backward", output, options.seed);
  if (!output.needs_gradient()) {
    fail_caller("backward", "the output depends on no leaf that needs gradients, or recording was off");
  }
  Walk walk(into);
  walk.run("backward", output.node(), seed, options.persistent);
}

}  // namespace tamis::engine
