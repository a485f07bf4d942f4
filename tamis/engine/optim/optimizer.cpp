#include "tamis/engine/optim/optimizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/engine/optim/pieces.h"
#include "tamis/engine/optim/rules.h"
#include "tamis/engine/optim/settings.h"

namespace tamis::optim {

using engine::DType;

namespace {

/// A parameter with its group and its moments.
struct Slot {
  std::size_t group;
  std::array<Tensor, 2> moments;
};

void require_fit(const nn::Parameter& parameter, const Slot& slot, const Tensor& gradient) {
  const Tensor& value = parameter.variable.value();
  for (const Tensor* other : {&slot.moments[0], &slot.moments[1], &gradient}) {
    if (!other->defined() || (other->dtype() == value.dtype() && other->shape() == value.shape())) continue;
    fail_caller("optimizer", fmt::format("parameter {} {}, {} {}: shape or dtype differ", parameter.name, value.text(),
                                         other == &gradient ? "gradient" : "moment", other->text()));
  }
}

template <typename T>
T* from(Tensor& tensor, std::int64_t begin) {
  return tensor.defined() ? tensor.data<T>() + begin : nullptr;
}

template <typename T>
Stretch<T> stretch_of(const Piece& piece, Tensor& parameter, const Tensor& gradient, Slot& slot) {
  return {from<T>(parameter, piece.begin), gradient.data<T>() + piece.begin, from<T>(slot.moments[0], piece.begin),
          from<T>(slot.moments[1], piece.begin), static_cast<std::size_t>(piece.end - piece.begin)};
}

template <typename T>
void move_ahead(const Piece& piece, Tensor& parameter, Slot& slot, double distance) {
  const T factor = static_cast<T>(distance);
  T* theta = parameter.data<T>();
  T* velocity = slot.moments[0].data<T>();
  T* position = slot.moments[1].data<T>();
  for (std::int64_t i = piece.begin; i < piece.end; ++i) {
    position[i] = theta[i];
    theta[i] = theta[i] - factor * velocity[i];
  }
}

}  // namespace

struct Optimizer::Inside {
  Settings settings;
  std::vector<GroupOptions> groups;
  std::vector<nn::Parameter> parameters;
  std::vector<Slot> slots;
  std::vector<std::vector<Piece>> items;
  std::uint64_t steps = 0;
  bool is_ahead = false;

  Tensor& value(std::size_t i) { return parameters[i].variable.leaf_value(); }
  void add_group(Group group);
  void step_piece(const Piece& piece, const Tensor& gradient, const StepConstants& constants);
  template <typename Body>
  void for_pieces(const Body& body) const {
    parallel_for(items.size(), [&](std::size_t item) {
      for (const Piece& piece : items[item]) body(piece);
    });
  }
};

void Optimizer::Inside::add_group(Group group) {
  check(group.options);
  const std::size_t kept = moment_names(settings).size();
  for (nn::Parameter& parameter : group.parameters) {
    const Tensor& value = parameter.variable.value();
    if (!parameter.variable.is_leaf() || !parameter.variable.needs_gradient() || !value.contiguous()) {
      fail_caller("optimizer", fmt::format("parameter {} is no contiguous leaf that needs gradients", parameter.name));
    }
    Slot slot{groups.size(), {}};
    for (std::size_t m = 0; m < kept; ++m) {
      const double first = settings.rule == Settings::Rule::adagrad ? settings.initial_sum : 0;
      slot.moments[m] = Tensor::full(value.shape(), first, value.dtype());
    }
    slots.push_back(std::move(slot));
    parameters.push_back(std::move(parameter));
  }
  groups.push_back(group.options);
}

void Optimizer::Inside::step_piece(const Piece& piece, const Tensor& gradient, const StepConstants& constants) {
  Tensor& parameter = value(piece.array);
  Slot& slot = slots[piece.array];
  if (parameter.dtype() == DType::f32) {
    apply_fast(settings, constants, stretch_of<float>(piece, parameter, gradient, slot));
  } else {
    apply_plain(settings, constants, stretch_of<double>(piece, parameter, gradient, slot));
  }
}

Optimizer::Optimizer(std::vector<Group> groups, Settings settings) : inside_(std::make_unique<Inside>()) {
  check(settings);
  inside_->settings = settings;
  for (Group& group : groups) inside_->add_group(std::move(group));
  std::unordered_set<const engine::Node*> seen;
  std::vector<std::int64_t> sizes;
  for (const nn::Parameter& parameter : inside_->parameters) {
    if (!seen.insert(parameter.variable.node().get()).second) {
      fail_caller("optimizer", fmt::format("parameter {} is given twice", parameter.name));
    }
    sizes.push_back(parameter.variable.value().elements());
  }
  if (sizes.empty()) fail_caller("optimizer", "there is no parameter to change");
  inside_->items = cut_into_items(sizes);
}

Optimizer::~Optimizer() = default;

void Optimizer::step(const std::vector<Tensor>& gradients, double rate, double gradient_scale) {
  Inside& in = *inside_;
  check_step(rate, gradient_scale);
  if (gradients.size() != in.parameters.size()) {
    fail_caller("optimizer", fmt::format("{} gradients for {} parameters", gradients.size(), in.parameters.size()));
  }
  const bool looks_ahead = in.settings.rule == Settings::Rule::nag_lookahead;
  if (looks_ahead && !in.is_ahead) {
    fail_caller("optimizer", "nag_lookahead: look_ahead() must come before the gradient is taken");
  }
  std::vector<Tensor> packed(gradients.size());
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    require_fit(in.parameters[i], in.slots[i], gradients[i]);
    if (gradients[i].defined()) packed[i] = gradients[i].packed();
  }
  ++in.steps;
  std::vector<StepConstants> constants;
  for (const GroupOptions& group : in.groups) {
    constants.push_back(step_constants(in.settings, group, in.steps, rate, gradient_scale));
  }
  in.for_pieces([&](const Piece& piece) {
    const Tensor& gradient = packed[piece.array];
    if (gradient.defined()) in.step_piece(piece, gradient, constants[in.slots[piece.array].group]);
  });
  in.is_ahead = false;
  if (!looks_ahead) return;
  for (std::size_t i = 0; i < packed.size(); ++i) {
    if (!packed[i].defined()) in.value(i).assign(in.slots[i].moments[1]);
  }
}

void Optimizer::look_ahead(double rate) {
  Inside& in = *inside_;
  if (in.settings.rule != Settings::Rule::nag_lookahead) return;
  check_step(rate, 1);
  if (in.is_ahead) fail_caller("optimizer", "nag_lookahead: look_ahead() came twice without a step() between");
  for (std::size_t i = 0; i < in.parameters.size(); ++i) require_fit(in.parameters[i], in.slots[i], Tensor());
  in.is_ahead = true;
  in.for_pieces([&](const Piece& piece) {
    Slot& slot = in.slots[piece.array];
    Tensor& parameter = in.value(piece.array);
    const double distance = rate * in.groups[slot.group].rate_factor * in.settings.momentum;
    if (parameter.dtype() == DType::f32) {
      move_ahead<float>(piece, parameter, slot, distance);
    } else {
      move_ahead<double>(piece, parameter, slot, distance);
    }
  });
}

const std::vector<nn::Parameter>& Optimizer::parameters() const {
  return inside_->parameters;
}

const Settings& Optimizer::settings() const {
  return inside_->settings;
}

std::uint64_t Optimizer::steps() const {
  return inside_->steps;
}

void Optimizer::set_steps(std::uint64_t steps) {
  inside_->steps = steps;
}

std::vector<nn::Buffer> Optimizer::state() const {
  std::vector<nn::Buffer> state;
  const auto names = moment_names(inside_->settings);
  for (std::size_t m = 0; m < names.size(); ++m) {
    // Where a parameter stood before it looked ahead is forgotten at the end of the step.
    if (names[m] == "position") continue;
    for (std::size_t i = 0; i < inside_->slots.size(); ++i) {
      state.push_back({fmt::format("{}.{}", names[m], inside_->parameters[i].name), inside_->slots[i].moments[m]});
    }
  }
  return state;
}

int Optimizer::moments(const Settings& settings) {
  return static_cast<int>(moment_names(settings).size());
}

std::vector<Group> split_by_decay(std::vector<nn::Parameter> parameters, const GroupOptions& options) {
  GroupOptions without = options;
  without.l2 = without.weight_decay = 0;
  std::vector<Group> groups{{{}, options}, {{}, without}};
  for (nn::Parameter& parameter : parameters)
    groups[parameter.decay ? 0 : 1].parameters.push_back(std::move(parameter));
  std::erase_if(groups, [](const Group& group) { return group.parameters.empty(); });
  return groups;
}

}  // namespace tamis::optim
