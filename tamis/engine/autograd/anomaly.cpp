#include <fmt/format.h>

#include <string>
#include <utility>

#include "tamis/base/error.h"
#include "tamis/engine/autograd/walk.h"
#include "tamis/engine/tensor/elementwise.h"

namespace tamis::engine {

namespace {

thread_local bool anomaly_now = false;

bool stretches_to(const Shape& x, const Shape& shape) {
  if (x.rank() > shape.rank()) return false;
  for (int axis = -1; axis >= -x.rank(); --axis) {
    if (x[axis] != shape[axis] && x[axis] != 1) return false;
  }
  return true;
}

/// What an op made element `place` of `made` from, as far as that can be said of any op.
std::string source(const Variable& input, const Tensor& made, std::int64_t place) {
  if (!input.defined()) return "none";
  const Tensor& x = input.value();
  const std::int64_t bad = first_not_finite(x);
  if (bad >= 0) return fmt::format("{}, whose element {} was {} before", x.text(), bad, x.at(bad));
  if (!stretches_to(x.shape(), made.shape())) return x.text();
  return fmt::format("{:.6g}", x.broadcast_to(made.shape()).at(place));
}

}  // namespace

bool anomaly_mode() {
  return anomaly_now;
}

void check_made(std::string_view op, const Tensor& value, const std::vector<Variable>& inputs) {
  const std::int64_t place = first_not_finite(value);
  if (place < 0) return;
  std::string sources;
  for (const Variable& input : inputs) {
    sources += (sources.empty() ? "" : " and ") + source(input, value, place);
  }
  fail_caller(op, fmt::format("made {} at element {} of {} from {}", value.at(place), place, value.text(), sources));
}

void check_sent(std::string_view op, const Tensor& gradient, std::size_t input) {
  const std::int64_t place = first_not_finite(gradient);
  if (place < 0) return;
  fail_caller(op, fmt::format("backward made {} at element {} of {}, the gradient of input {}", gradient.at(place),
                              place, gradient.text(), input));
}

AnomalyMode::AnomalyMode() : before_(std::exchange(anomaly_now, true)) {}

AnomalyMode::~AnomalyMode() {
  anomaly_now = before_;
}

}  // namespace tamis::engine
