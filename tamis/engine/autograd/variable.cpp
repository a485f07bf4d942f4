#include "tamis/engine/autograd/variable.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <iterator>
#include <utility>

#include "tamis/base/error.h"
#include "tamis/engine/autograd/walk.h"

namespace tamis::engine {

namespace {

thread_local bool recording_now = true;
thread_local bool passed_by_now = false;

}  // namespace

std::uint64_t next_sequence() {
  static std::atomic<std::uint64_t> count{0};
  return count.fetch_add(1, std::memory_order_relaxed) + 1;
}

Node::~Node() {
  std::vector<std::shared_ptr<Node>> waiting = std::move(inputs);
  while (!waiting.empty()) {
    const std::shared_ptr<Node> last = std::move(waiting.back());
    waiting.pop_back();
    if (!last || last.use_count() != 1) continue;
    std::move(last->inputs.begin(), last->inputs.end(), std::back_inserter(waiting));
    last->inputs.clear();
  }
}

Variable::Variable(Tensor value, bool needs_gradient) {
  if (!value.defined() && !needs_gradient) return;
  if (needs_gradient) require_real(value, "variable");
  value_ = std::make_shared<Tensor>(std::move(value));
  if (!needs_gradient) return;
  node_ = std::make_shared<Node>();
  node_->leaf = value_;
  node_->sequence = next_sequence();
}

const Tensor& Variable::value() const {
  if (!value_) fail_caller("variable", "an undefined variable has no value");
  return *value_;
}

Tensor& Variable::leaf_value() {
  assert(defined() && is_leaf());
  return *value_;
}

bool Variable::needs_gradient() const {
  return node_ != nullptr;
}

bool Variable::is_leaf() const {
  return !node_ || node_->leaf;
}

std::string_view Variable::op() const {
  return node_ ? node_->op : "leaf";
}

Variable Variable::detached() const {
  return Variable(value());
}

Variable with_history(Tensor value, std::shared_ptr<Node> node) {
  Variable made(std::move(value));
  made.node_ = std::move(node);
  return made;
}

Variable record(std::string_view op, Tensor value, std::vector<Variable> inputs, Backward backward) {
  if (anomaly_mode()) check_made(op, value, inputs);
  const bool needed = std::any_of(inputs.begin(), inputs.end(), [](const Variable& x) { return x.needs_gradient(); });
  if (!needed) return Variable(std::move(value));
  if (!recording_now) {
    passed_by_now = true;
    return Variable(std::move(value));
  }
  auto node = std::make_shared<Node>();
  node->op = op;
  node->made_shape = value.shape();
  node->made_dtype = value.dtype();
  node->inputs.reserve(inputs.size());
  for (const Variable& input : inputs) node->inputs.push_back(input.node());
  node->backward = std::move(backward);
  node->sequence = next_sequence();
  return with_history(std::move(value), std::move(node));
}

bool recording() {
  return recording_now;
}

bool& passed_by() {
  return passed_by_now;
}

Recording::Recording(bool on) : before_(std::exchange(recording_now, on)) {}

Recording::~Recording() {
  recording_now = before_;
}

NoGradient::NoGradient() : before_(std::exchange(recording_now, false)) {}

NoGradient::~NoGradient() {
  recording_now = before_;
}

}  // namespace tamis::engine
