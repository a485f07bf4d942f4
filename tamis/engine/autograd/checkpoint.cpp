#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tamis/base/error.h"
#include "tamis/engine/autograd/walk.h"

namespace tamis::engine {

namespace {

using Segment = std::function<Variable(const std::vector<Variable>&)>;

/// Runs the segment unrecorded; also says whether it met anything that needs gradients, as a weight within it does.
std::pair<Tensor, bool> first_run(const Segment& segment, const std::vector<Variable>& inputs) {
  const Recording off(false);
  const bool before = std::exchange(passed_by(), false);
  const Variable y = segment(inputs);
  const bool needed = std::exchange(passed_by(), before) || y.needs_gradient();
  return {y.value(), needed};
}

/// What the walk does: runs the segment again, recorded from fresh leaves, and walks that graph at once.
void second_run(const Segment& segment, const std::vector<Tensor>& values, const Tensor& g, Sink& sink) {
  const Recording on(true);
  const std::uint64_t oldest = next_sequence();
  std::vector<Variable> inputs;
  for (std::size_t i = 0; i < values.size(); ++i) inputs.emplace_back(values[i], sink.wants(i));
  const Variable y = segment(inputs);
  if (y.shape() != g.shape() || y.dtype() != g.dtype()) {
    fail_caller("checkpoint",
                fmt::format("the segment gave {} at first and {} when run again", g.text(), y.value().text()));
  }
  if (!y.needs_gradient()) return;
  Walk walk(inputs, &Walk::of(sink), oldest);
  walk.run("checkpoint", y.node(), g, false);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Tensor sent = walk.take(inputs[i]);
    if (sent.defined()) sink.add(i, std::move(sent));
  }
}

}  // namespace

Variable checkpoint(const Segment& segment, std::vector<Variable> inputs) {
  if (!recording()) return segment(inputs);
  auto [value, needed] = first_run(segment, inputs);
  if (!needed) return Variable(std::move(value));
  auto node = std::make_shared<Node>();
  node->op = "checkpoint";
  node->opaque = true;
  node->made_shape = value.shape();
  node->made_dtype = value.dtype();
  std::vector<Tensor> values;
  for (const Variable& input : inputs) {
    node->inputs.push_back(input.node());
    values.push_back(input.defined() ? input.value() : Tensor());
  }
  node->backward = [segment, values = std::move(values)](const Tensor& g, Sink& sink) {
    second_run(segment, values, g, sink);
  };
  node->sequence = next_sequence();
  return with_history(std::move(value), std::move(node));
}

}  // namespace tamis::engine
